"""Waits, as a person sees them: a bar in a terminal, a few lines elsewhere; on stderr only."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

#: Seconds between two lines on a pipe.
LINE_EVERY_S = 5.0


class TerminalProgress:
    """Shows the engine's waits. Nothing is ever written to stdout: that belongs to the answers.

    Args:
        stream: Where to; stderr, as it is when a task begins, if not given.
        now: Clock in seconds, monotonic.
    """

    def __init__(
        self, stream: TextIO | None = None, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream
        self._now = now

    @contextmanager
    def task(self, what: str, total: int | None, unit: str = "") -> Iterator[Callable[[int], None]]:
        """One wait; see ``engine.progress.Progress``."""
        console = Console(file=self._stream or sys.stderr)
        if console.is_terminal:
            with Progress(*_columns(total, unit), console=console) as bar:
                task = bar.add_task(what, total=total)
                yield lambda amount: bar.update(task, advance=amount)
                bar.update(task, total=total or 1, completed=total or 1)
            return
        lines = _Lines(what, total, unit, self._stream or sys.stderr, self._now)
        try:
            yield lines.advance
        except BaseException:
            lines.end("stopped")
            raise
        lines.end("done")


def _columns(total: int | None, unit: str) -> list[ProgressColumn]:
    start: list[ProgressColumn] = [SpinnerColumn(), TextColumn("{task.description}")]
    if total is None:
        return [*start, TimeElapsedColumn()]
    if unit == "B":
        return [
            *start, BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn()
        ]  # fmt: skip
    return [*start, BarColumn(), MofNCompleteColumn(), TextColumn(unit), TimeRemainingColumn()]


class _Lines:
    """A line at the start, one at the end, and now and then one between."""

    def __init__(
        self, what: str, total: int | None, unit: str, stream: TextIO, now: Callable[[], float]
    ) -> None:
        self._what, self._total, self._unit = what, total, unit
        self._stream, self._now = stream, now
        self._done = 0
        self._start = self._last = now()
        self._say("…" if total is None else f"({_amount(total, unit)}) …", sep=" ")

    def advance(self, amount: int) -> None:
        self._done += amount
        now = self._now()
        if now - self._last >= LINE_EVERY_S:
            self._last = now
            self._say(self._state(now - self._start))

    def end(self, how: str) -> None:
        self._say(f"{how} after {self._now() - self._start:.1f} s")

    def _state(self, elapsed: float) -> str:
        if not self._total:
            return f"{elapsed:.0f} s"
        left = elapsed * (self._total - self._done) / self._done if self._done else None
        state = f"{_amount(self._done, self._unit)}, {self._done / self._total:.0%}"
        if self._unit == "B":
            state += f", {_amount(round(self._done / elapsed), 'B')}/s"
        return state if left is None else f"{state}, {left:.0f} s left"

    def _say(self, state: str, sep: str = ": ") -> None:
        print(f"{self._what}{sep}{state}", file=self._stream, flush=True)


def _amount(number: int, unit: str) -> str:
    return f"{number / 1e6:,.1f} MB" if unit == "B" else f"{number} {unit}".rstrip()
