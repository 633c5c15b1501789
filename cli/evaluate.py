"""``eval``: how good the readings are on labelled messages."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console

from cli.lines import WINDOW, moods_of, windows
from cli.progress import TerminalProgress
from cli.scorecard import Scorecard
from engine.engine import Engine
from engine.labelled import Labelled, by_task, read_labelled
from engine.mood import Reading
from settings import Settings


def evaluate(config: Settings, paths: Sequence[Path], *, as_json: bool) -> None:
    """Read the lines of labelled files and print what the readings were worth, file by file.

    Raises:
        LabelsRefused: A file is empty, cannot be read, or has a line that is none.
    """
    files = [read_labelled(path) for path in paths]  # all of them, before minutes of reading
    progress = TerminalProgress()
    engine = Engine.open(config, progress)
    try:
        readings = iter(asyncio.run(_read(engine, files, progress)))
    finally:
        engine.close()
    for lines in files:
        found = list(itertools.islice(readings, len(lines)))
        for card in scorecards(lines, found):
            if as_json:
                print(json.dumps(card.as_json(), ensure_ascii=False), flush=True)
            else:
                card.show(Console())


def scorecards(lines: Sequence[Labelled], readings: Sequence[Reading]) -> Iterable[Scorecard]:
    """One scorecard a task that the lines have."""
    read = dict(zip(map(id, lines), readings, strict=True))
    for of_task in by_task(lines).values():
        yield Scorecard.of(of_task, [read[id(line)] for line in of_task])


async def _read(
    engine: Engine, files: Sequence[Sequence[Labelled]], progress: TerminalProgress
) -> list[Reading]:
    texts = [line.text for lines in files for line in lines]
    found: list[Reading] = []
    with progress.task("Reading moods", len(texts), "lines") as advance:
        for window in windows(texts, WINDOW):
            found += await moods_of(engine, window)
            advance(len(window))
    return found
