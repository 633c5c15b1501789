"""Spans of the local week, and when they begin and end.

All is compared by the clock on the wall: nothing is ever added to a moment. So on the day the
clocks change 23:00-07:30 still ends at 07:30, an hour sooner or later than on other nights; and a
span within the hour that is left out does not happen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Self

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_ON = {name: day for names in (_DAYS, "一二三四五六日") for day, name in enumerate(names)}
WEEK = 7


def local_now() -> datetime:
    return datetime.now(UTC).astimezone()


@dataclass(frozen=True, slots=True)
class Span:
    """One span of the settings: "23:00-07:30", "Mon-Fri 09:00-18:00", "周六,周日 00:00-00:00".

    Past midnight where it does not end later than it begins, and then it belongs to the day on
    which it begins. Its first minute is in it, its last is not.

    Attributes:
        text: As it stands in the settings.
        days: Weekdays on which it begins; Monday is 0.
    """

    text: str
    days: frozenset[int]
    begin: time
    end: time

    @classmethod
    def read(cls, text: str) -> Self:
        """A span as ``settings.Span`` lets it through; nothing is checked again here."""
        *named, hours = text.split(" ")
        days = _days(named[0]) if named else frozenset(range(WEEK))
        begin, end = map(time.fromisoformat, hours.split("-"))
        return cls(text, days, begin, end)

    def holds(self, now: datetime) -> bool:
        at, day = now.time(), now.weekday()
        if self.begin < self.end:
            return day in self.days and self.begin <= at < self.end
        began_today = day in self.days and at >= self.begin
        return began_today or ((day - 1) % WEEK in self.days and at < self.end)


class Hours:
    """Knows which of its spans it is, and until when.

    Args:
        spans: As in the settings.
        now: The local time; its zone is not asked for.
    """

    def __init__(self, spans: Sequence[str], *, now: Callable[[], datetime] = local_now) -> None:
        self._spans, self._now = tuple(map(Span.read, spans)), now

    def __bool__(self) -> bool:
        """Whether there are any spans at all."""
        return bool(self._spans)

    def span(self) -> str | None:
        """The span that it is now, as it stands in the settings."""
        return self._at(self._now())

    def changes_at(self) -> datetime | None:
        """When it is next in a span where it is in none now, or the other way round.

        By the clock on the wall, without a zone; None where that never comes.
        """
        now = self._now().replace(tzinfo=None)
        is_in = self._at(now) is not None
        edges = {edge for span in self._spans for edge in (span.begin, span.end)}
        days = [now.date() + timedelta(days=ahead) for ahead in range(WEEK + 1)]
        ahead = sorted(datetime.combine(day, edge) for day in days for edge in edges)
        later = (moment for moment in ahead if moment > now)
        return next((moment for moment in later if (self._at(moment) is not None) != is_in), None)

    def _at(self, moment: datetime) -> str | None:
        return next((span.text for span in self._spans if span.holds(moment)), None)


def _days(named: str) -> frozenset[int]:
    """ "Mon-Wed,Sat" or "周一-周三,周六"; past Sunday where it goes back: "Sat-Mon"."""
    days: set[int] = set()
    for part in named.replace("周", "").split(","):
        first, *last = (_ON[name] for name in part.split("-"))
        num = ((last[0] if last else first) - first) % WEEK + 1
        days |= {(first + ahead) % WEEK for ahead in range(num)}
    return frozenset(days)
