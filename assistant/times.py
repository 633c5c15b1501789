"""Times that people name in a sentence, read so that a doubt is asked back and never guessed.

Libraries were measured on the first 62 phrases of tests/tables/times.jsonl, 51 of them Chinese.
JioNLP 1.5 reads 33 of those as meant, but 明早九点 as this morning, 1小时30分钟后 as 30 minutes and
25点 as five, and cannot be had without jiojio, 85 MB under the GPL. dateparser 1.5 reads 7.
Recognizers-Text (2019) cannot be imported any more; duckling needs a Java machine. So dateparser
reads the English, and ``chinese`` the Chinese, on top of the days the skills know anyway.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum

#: Who asks for later than that has mistyped a year.
FARTHEST = timedelta(days=3 * 366)
WEEKDAYS = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")


class Doubt(StrEnum):
    """Why a time is no moment in the future."""

    NO_HOUR = "no-hour"
    UNCLEAR = "unclear"
    NO_SUCH = "no-such"
    PAST = "past"
    FAR = "far"
    #: None is named.
    NONE = "none"
    #: Every day, each Monday.
    REPEATED = "repeated"


@dataclass(frozen=True, slots=True)
class Named:
    """A time as it stands in a text.

    Attributes:
        begin: Where its words begin in the text; ``end``: behind them.
        at: Unix seconds; None where there is a doubt.
    """

    begin: int
    end: int
    at: float | None = None
    doubt: Doubt | None = None


@dataclass(frozen=True, slots=True)
class Zone:
    """Local time: the machine's, or that of a zone.

    Walls (what a clock on the wall shows) are datetimes without a zone, so that nobody adds hours
    to one: a day may have 23 or 25.
    """

    tz: tzinfo | None = None

    def wall(self, seconds: float) -> datetime:
        """What the clock shows at that moment (unix seconds)."""
        return datetime.fromtimestamp(seconds, UTC).astimezone(self.tz).replace(tzinfo=None)

    def seconds(self, wall: datetime) -> float | None:
        """The moment, the first of two; None where the clock is put forward past it."""
        seconds = wall.replace(tzinfo=self.tz).timestamp() if self.tz else wall.timestamp()
        return seconds if self.wall(seconds) == wall else None


def midnight(seconds: float, zone: Zone, days: int = 0) -> float:
    """When the local day begins that many days from the one of that moment.

    Some zones put their clocks forward at midnight; such a day begins at one.
    """
    day = zone.wall(seconds).replace(hour=0, minute=0, second=0, microsecond=0)
    begin = day + timedelta(days=days)
    hours = (zone.seconds(begin + timedelta(hours=hour)) for hour in range(24))
    return next(moment for moment in hours if moment is not None)


def named(begin: int, end: int, wall: datetime | Doubt, now: float, zone: Zone) -> Named:
    """The moment of a wall, or the doubt about it."""
    if isinstance(wall, Doubt):
        return Named(begin, end, doubt=wall)
    at = zone.seconds(wall)
    return Named(begin, end, doubt=Doubt.NO_SUCH) if at is None else checked(begin, end, at, now)


def checked(begin: int, end: int, at: float, now: float) -> Named:
    if at <= now:
        return Named(begin, end, doubt=Doubt.PAST)
    if at - now > FARTHEST.total_seconds():
        return Named(begin, end, doubt=Doubt.FAR)
    return Named(begin, end, at)


def spoken(at: float, now: float, zone: Zone) -> str:
    """A moment with its date, weekday and time: 明天（11月19号 周四）上午9:00."""
    wall, today = zone.wall(at), zone.wall(now).date()
    near = {-1: "昨天", 0: "今天", 1: "明天", 2: "后天"}.get((wall.date() - today).days, "")
    year = f"{wall.year}年" if wall.year != today.year else ""
    date = f"{year}{wall.month}月{wall.day}号 {WEEKDAYS[wall.weekday()]}"
    return f"{near}（{date}）{clock(wall)}" if near else f"{date} {clock(wall)}"


def clock(wall: datetime) -> str:
    """The time of day: 凌晨0:30, 上午9:00, 中午12:15, 晚上8:05."""
    parts = ((6, "凌晨"), (12, "上午"), (13, "中午"), (18, "下午"), (24, "晚上"))
    part = next(name for hour, name in parts if wall.hour < hour)
    return f"{part}{wall.hour - 12 if wall.hour > 12 else wall.hour}:{wall.minute:02}"
