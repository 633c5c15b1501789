"""How much may leave the account, and what has left it in the runs before."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

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


def budgets(
    pace: settings.Deliver,
    age_s: Callable[[], float],
    chats: Mapping[str, settings.ChatOverride] = MappingProxyType({}),
) -> tuple[Budget, ...]:
    """The budgets of the settings.

    Args:
        age_s: Seconds since the first run of the account.
        chats: What single chats may take, beside what any may and all together: never more.
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
        *(budget for chat, override in chats.items() for budget in _own(chat, override)),
    )


def _own(chat_id: str, override: settings.ChatOverride) -> Iterator[Budget]:
    spans = (("per_minute", MINUTE_S, override.per_minute), ("per_day", DAY_S, override.per_day))
    for name, span_s, limit in spans:
        if limit is not None:
            own = f"answer.chats.{chat_id}.{name}"
            yield Budget(own, span_s, partial(int, limit), per_chat=True, chat_id=chat_id)


def warmed(per_day: int, warmup_days: int, age_s: float) -> int:
    """The daily budget of an account of that age: it grows in equal steps, day by day."""
    day = int(age_s // DAY_S) + 1
    if day > warmup_days:
        return per_day
    grown = math.ceil(per_day * day / (warmup_days + 1))
    return min(per_day, max(grown, LEAST_A_DAY))
