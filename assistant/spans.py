"""The days a question is about, as moments."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.questions import Period
from assistant.times import Zone, clock, midnight, spoken

WEEK_S = 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class Span:
    """Unix seconds; what is at ``until`` no more belongs to it."""

    since: float
    until: float
    name: str


def span(period: Period | None, now: float, zone: Zone) -> Span:
    """The local days of a period; today where none was named."""
    period = period or Period.TODAY
    if period is Period.YESTERDAY:
        return Span(midnight(now, zone, -1), midnight(now, zone), period)
    days = zone.wall(now).weekday() if period is Period.WEEK else 0
    return Span(midnight(now, zone, -days), now + 1, period)


def when(at: float, now: float, zone: Zone) -> str:
    """The time of day; with its date where that is not today."""
    wall = zone.wall(at)
    return clock(wall) if wall.date() == zone.wall(now).date() else spoken(at, now, zone)
