"""``calibrate``: fits the mood head of the model in use on labelled messages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from cli.evaluate import scorecards
from cli.progress import TerminalProgress
from engine.engine import open_model
from engine.errors import LabelsRefused
from engine.features import Features, default_taps, reading_of
from engine.fit import Fitted, fit, num_solves
from engine.head import Head, fitted_path, shipped
from engine.labelled import LABELS, Labelled, Task, by_task, read_labelled
from engine.thresholds import thresholds
from handlers.audit.reader import corrected
from handlers.sanitize import own_words
from settings import Settings

#: A mood with fewer messages than this cannot be told from noise.
LEAST = 10


def calibrate(
    config: Settings,
    paths: Sequence[Path],
    *,
    with_corrections: bool,
    afresh: bool,
    out: Path | None,
) -> None:
    """Fit a head, print what it was worth on messages it was not fitted on, and keep it.

    Args:
        with_corrections: Fit on the labels that people gave in chats, too.
        afresh: Fit from nothing, where otherwise the head shipped for the model is mended.
        out: Where to write the head; by default where the bot looks for it.

    Raises:
        LabelsRefused: A file is no file of labelled lines, or they are too few to fit on.
        AuditError: The corrections cannot be read.
    """
    lines = [line for path in paths for line in read_labelled(path)]
    if with_corrections:
        lines += corrected(config.audit)
    if not lines:
        raise LabelsRefused("nothing to fit on; name a FILE.jsonl of labelled lines")
    progress = TerminalProgress()
    model = open_model(config.engine, progress)
    known = shipped(model.name, model.fingerprint, model.precision)
    base = None if afresh else known
    if base is None:
        _check(lines)
    features = Features(model, known.taps if known else default_taps(model.num_layers))
    texts = [own_words(line.text) or "。" for line in lines]
    with progress.task("Reading messages", len(texts), "lines") as advance:
        states = features.read_all(texts, advance)
    with progress.task("Fitting", num_solves(lines, base), "fits") as advance:
        fitted = fit(states, lines, advance, base)
    head = Head(
        fingerprint=model.fingerprint,
        prompt=features.prompt,
        taps=features.taps,
        standard=fitted.standard,
        weight=fitted.weight,
        bias=fitted.bias,
        sure=thresholds(fitted.held_out, lines, before=base.sure if base else {}),
    )
    target = out or fitted_path(config.engine.cache_path / "heads", model.fingerprint)
    head.save(target)
    _report(head, fitted, lines, target, unsure_below=config.mood.unsure_below)


def _check(lines: Sequence[Labelled]) -> None:
    moods = [line.label for line in by_task(lines).get(Task.MOOD, [])]
    if few := [label for label in LABELS[Task.MOOD] if moods.count(label) < LEAST]:
        counts = ", ".join(f"{label} {moods.count(label)}" for label in few)
        raise LabelsRefused(
            f"a head needs at least {LEAST} lines of each mood, there are: {counts}; "
            "examples/labelled holds some to add to yours"
        )


def _report(
    head: Head, fitted: Fitted, lines: Sequence[Labelled], target: Path, *, unsure_below: float
) -> None:
    console = Console()
    console.print("Every message read by a head that was not fitted on it:", highlight=False)
    readings = [
        reading_of(head, line.text, row, unsure_below=unsure_below)
        for line, row in zip(lines, fitted.held_out.tolist(), strict=True)
    ]
    for source in dict.fromkeys(line.source for line in lines):
        rows = [n for n, line in enumerate(lines) if line.source == source]
        for card in scorecards([lines[n] for n in rows], [readings[n] for n in rows]):
            card.show(console)
    sure = ", ".join(
        f"{name} from {value:.2f}" if value <= 1 else f"{name} never"
        for name, value in head.sure.items()
    )
    console.print(f"Sure: {sure}", highlight=False)
    # A path is neither markup nor wrapped: somebody will copy it.
    where = f"Head of {target.stat().st_size:,} bytes: {target}"
    console.print(where, highlight=False, markup=False, soft_wrap=True)
