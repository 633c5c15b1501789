"""What /status, the console and the log of a stop tell about the bot at work."""

from __future__ import annotations

import statistics
import time
from collections import deque
from collections.abc import Callable
from datetime import date
from typing import Protocol

from handlers.commands import Status
from handlers.exchange import Exchange

#: Medians are over so many of the last exchanges.
RECENT = 200


class Facts(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def precision(self) -> str: ...


class StatusBoard:
    """Counts exchanges as they end.

    Args:
        facts: The model at work.
        num_waiting: Messages waiting now; the pipeline's.
        clock: Seconds that never jump, for the uptime.
        today: The local date, for the count that starts anew at midnight.
    """

    def __init__(
        self,
        facts: Facts,
        num_waiting: Callable[[], int],
        *,
        clock: Callable[[], float] = time.monotonic,
        today: Callable[[], date] = date.today,
    ) -> None:
        self._facts, self._num_waiting = facts, num_waiting
        self._clock, self._today = clock, today
        self._started, self._day, self._num_today = clock(), today(), 0
        self._ms: dict[str, deque[float]] = {
            "mood": deque(maxlen=RECENT),
            "reply": deque(maxlen=RECENT),
        }

    def note(self, exchange: Exchange) -> None:
        """Count one exchange that has ended."""
        if self._today() != self._day:
            self._day, self._num_today = self._today(), 0
        self._num_today += 1
        for stage, ms in exchange.stage_ms:
            if stage in self._ms:
                self._ms[stage].append(ms)

    def status(self) -> Status:
        return Status(
            model=self._facts.name,
            precision=self._facts.precision,
            uptime_s=self._clock() - self._started,
            num_today=self._num_today if self._today() == self._day else 0,
            mood_ms=self._median("mood"),
            reply_ms=self._median("reply"),
            num_waiting=self._num_waiting(),
        )

    def _median(self, stage: str) -> float | None:
        return statistics.median(self._ms[stage]) if self._ms[stage] else None
