"""How long work tells that it is alive. The engine reports; who started it decides how to show."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol

from engine.errors import EngineClosed


class Progress(Protocol):
    def task(
        self, what: str, total: int | None, unit: str = ""
    ) -> AbstractContextManager[Callable[[int], None]]:
        """A wait that a person would notice.

        Args:
            what: Shown to the person, e.g. ``Fetching bundled-small``.
            total: Amount of work, or None where it is not known.
            unit: ``B`` for bytes, else the noun counted.

        Returns:
            A context whose value takes the amount done since the last call.
        """
        ...


class _Silent:
    def task(
        self, what: str, total: int | None, unit: str = ""
    ) -> AbstractContextManager[Callable[[int], None]]:
        return nullcontext(lambda amount: None)


#: For callers that have nobody to tell.
SILENT: Progress = _Silent()


class Stoppable:
    """Progress of work on another thread, which ends at its next step once it is stopped."""

    def __init__(self, progress: Progress) -> None:
        self._progress, self._is_stopped = progress, threading.Event()

    def stop(self) -> None:
        self._is_stopped.set()

    @contextmanager
    def task(self, what: str, total: int | None, unit: str = "") -> Iterator[Callable[[int], None]]:
        """As the progress itself; raises EngineClosed at the first step after ``stop``."""
        with self._progress.task(what, total, unit) as advance:

            def step(amount: int) -> None:
                if self._is_stopped.is_set():
                    raise EngineClosed(f"{what}: stopped")
                advance(amount)

            yield step
