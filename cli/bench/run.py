"""The whole of a run: who takes part, what they are asked, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from cli.bench import texts
from cli.bench.contender import LLAMACPP, Contender, field_of, is_there, llamacpp, own, precisions
from cli.bench.fidelity import agreements
from cli.bench.growth import grow
from cli.bench.machine import machine
from cli.bench.race import Ask, Outcome, race, settle
from cli.bench.results import Results
from cli.bench.whole import whole_path
from cli.child.process import ChildFailed
from engine.progress import Progress
from settings import Settings

#: The sizes are eight replies, ten turns, all lines, four replies.
PLAN = (
    Ask("mood"),
    Ask("decode"),
    Ask("together", 8),
    Ask("history", 10),
    Ask("moods", len(texts.LINES)),
    Ask("busy", 4),
    Ask("memory"),
)


class RunFailed(Exception):
    """There is nothing to measure: the engine does not open with the settings as they are."""


def run(
    config: Settings,
    settings_file: Path,
    *,
    gguf: Path | None,
    rounds: int,
    is_quick: bool,
    progress: Progress,
) -> Results:
    """Measure everything; minutes.

    Raises:
        RunFailed: The precision that the settings name cannot be opened.
    """
    headline = settle(own(config.engine.precision, settings_file))
    if headline.missing:
        raise RunFailed(headline.missing)
    precision = headline.facts["precision"]
    peer = llamacpp(config.engine.model, gguf, settings_file, is_installed=is_there("llama_cpp"))
    contenders = [
        contender if contender.name == precision else settle(contender)
        for contender in field_of(settings_file, peer, headline=precision, is_quick=is_quick)
    ]
    starts = 1 if is_quick else rounds
    outcomes = race(
        contenders, PLAN, rounds=rounds, starts=starts, what="Measuring", progress=progress
    )
    results = Results(
        model=headline.facts["model"],
        precision=precision,
        machine=machine(),
        measured={name: outcome.by_figure for name, outcome in outcomes.items()},
        errors=_errors(contenders, outcomes),
    )
    ours = [c for c in contenders if c.name in precisions() and c.name in outcomes]
    results = replace(results, agreement=agreements(ours, progress))
    if not is_quick:
        shown = [c for c in contenders if c.name in (precision, LLAMACPP)]
        results = replace(results, growth=grow(shown, progress=progress))
    try:
        return replace(results, whole_path=whole_path(settings_file, progress))
    except ChildFailed as error:
        return replace(results, errors={**results.errors, "whole path": [str(error)]})


def _errors(
    contenders: Sequence[Contender], outcomes: Mapping[str, Outcome]
) -> dict[str, list[str]]:
    found = {c.name: [c.missing] for c in contenders if c.missing}
    for name, outcome in outcomes.items():
        if outcome.errors:
            found[name] = [f"{measure}: {error}" for measure, error in outcome.errors.items()]
    return found
