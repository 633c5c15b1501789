"""How much may leave the account, and what has left it in the runs before."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import settings
from handlers.windows import Budget

MINUTE_S = 60.0
DAY_S = 86_400.0
#: A new account may send so many on any day, whatever the warm-up makes of ``per_day``.
LEAST_A_DAY = 10


@dataclass(frozen=True, slots=True)
class Departure:
    """Messages that left for one chat, or may have, by that time (unix seconds)."""

    chat_id: str
    at: float
    num: int


@dataclass(frozen=True, slots=True)
class Past:
    """What a governor must know of the runs before, so that a restart is no new beginning.

    Attributes:
        first_run_at: When the first run of the account began, unix seconds.
        departures: Of the last day, in any order.
        restricted_at: When the platform last said that it was too much; None: not of late.
    """

    first_run_at: float
    departures: Sequence[Departure] = ()
    restricted_at: float | None = None


def budgets(pace: settings.Deliver, age_s: Callable[[], float]) -> tuple[Budget, ...]:
    """The budgets of the settings.

    Args:
        age_s: Seconds since the first run of the account.
    """

    def per_day() -> int:
        return warmed(pace.per_day, pace.warmup_days, age_s())

    def per_day_chat() -> int:
        """While the day's is small, half of it: nobody alone silences all the others."""
        return min(pace.per_day_chat, math.ceil(per_day() / 2))

    return (
        Budget("per_minute_chat", MINUTE_S, lambda: pace.per_minute_chat, per_chat=True),
        Budget("per_day_chat", DAY_S, per_day_chat, per_chat=True),
        Budget("per_minute", MINUTE_S, lambda: pace.per_minute),
        Budget("per_day", DAY_S, per_day),
    )


def warmed(per_day: int, warmup_days: int, age_s: float) -> int:
    """The daily budget of an account of that age: it grows in equal steps, day by day."""
    day = int(age_s // DAY_S) + 1
    if day > warmup_days:
        return per_day
    grown = math.ceil(per_day * day / (warmup_days + 1))
    return min(per_day, max(grown, LEAST_A_DAY))
