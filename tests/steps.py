"""Progress that nobody sees."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


class StepProgress:
    """Remembers the waits and how far they got; tells ``at_step`` both, first at the beginning."""

    def __init__(self, at_step: Callable[[str, int], None] = lambda what, done: None) -> None:
        self.totals: dict[str, int | None] = {}
        self.done: dict[str, int] = {}
        self._at_step = at_step

    @contextmanager
    def task(self, what: str, total: int | None, unit: str = "") -> Iterator[Callable[[int], None]]:
        self.totals[what], self.done[what] = total, 0
        self._at_step(what, 0)

        def advance(amount: int) -> None:
            self.done[what] += amount
            self._at_step(what, self.done[what])

        yield advance
