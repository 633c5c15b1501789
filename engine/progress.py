"""How long work tells that it is alive. The engine reports; who started it decides how to show."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol


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
