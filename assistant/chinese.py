"""Times in Chinese: 明早九点, 下周三下午3点半, 两个半小时后.

No library can be trusted with them; see ``times``. Days are read by ``handlers.skills.dayname``.
"""

from __future__ import annotations

import re
from datetime import date as Date
from datetime import datetime, time, timedelta
from itertools import chain

from assistant.clock_words import (
    FESTIVALS,
    NAMED,
    NOT_A_MOMENT,
    PARTS,
    SHORT,
    SIMPLIFIED,
    SPAN,
    TIME,
    VAGUE,
)
from assistant.times import Doubt, Named, Zone, checked, named
from handlers.skills.dayname import day_named
from handlers.skills.festivals import festival_named
from handlers.skills.numerals import number, whole


def read(text: str, begin: int, now: float, zone: Zone) -> Named | None:
    """The time whose words begin there; None where there is none."""
    text = text.translate(SIMPLIFIED)
    if (span := SPAN.match(text, begin)) and (span["before"] or span["after"]):
        return _later(span, now)
    match = TIME.match(text, begin)
    if match is None or not any(match.groupdict().values()):
        vague = VAGUE.match(text, begin)
        return Named(begin, vague.end(), doubt=Doubt.UNCLEAR) if vague else None
    if NOT_A_MOMENT.match(text, match.end()):
        return Named(begin, match.end(), doubt=Doubt.UNCLEAR)
    return named(begin, match.end(), _wall(match, zone.wall(now)), now, zone)


def _later(span: re.Match[str], now: float) -> Named:
    found = {key.removeprefix("x"): said for key, said in span.groupdict().items() if said}
    hours = number(found["hours"]) if "hours" in found else 0
    minutes = whole(found.get("minutes", "0"))
    seconds = whole(found.get("seconds", "0"))
    if hours is None or minutes is None or seconds is None:
        return Named(span.start(), span.end(), doubt=Doubt.NO_SUCH)
    minutes += 30 * (("half" in found) + ("more" in found))
    minutes += 15 * (whole(found["quarters"]) or 0) if "quarters" in found else 0
    at = now + float(hours) * 3600 + minutes * 60 + seconds
    return checked(span.start(), span.end(), at, now)


def _wall(match: re.Match[str], now: datetime) -> datetime | Doubt:
    has_day = any(match[name] for name in NAMED)
    day = _day(match, now.date()) if has_day else now.date()
    if isinstance(day, Doubt):
        return day
    clock = _clock(match)
    if clock is None or isinstance(clock, Doubt):
        return clock or Doubt.NO_HOUR
    hour, minute = clock
    if part := match["part"]:
        meant = PARTS[part].get(hour)
        hours: tuple[int, ...] = () if meant is None else (meant,)
    else:
        exact = not 1 <= hour <= 12 or (match["digits"] or match["hour"] or "").startswith("0")
        hours = (hour,) if exact or hour == 12 else (hour, hour + 12)
    if not hours:
        return Doubt.UNCLEAR
    return _chosen(day, hours, minute, now, has_day=has_day)


def _day(match: re.Match[str], today: Date) -> Date | Doubt:
    if short := match["short"]:
        return today + timedelta(days=SHORT[short])
    if match["weekday"] == "末":
        return Doubt.UNCLEAR
    if written := match["full"] or match["part_date"]:
        return _date(written, today)
    if next_ := match["next"]:
        return _of_next_month(whole(next_) or 0, today)
    is_festival = any(match[name] for name in FESTIVALS)
    found = festival_named(match, today) if is_festival else day_named(match, today)
    return found.date if found else Doubt.NO_SUCH


def _of_next_month(day: int, today: Date) -> Date | Doubt:
    first = (today.replace(day=28) + timedelta(days=4)).replace(day=1)
    try:
        return first.replace(day=day)
    except ValueError:
        return Doubt.NO_SUCH


def _date(written: str, today: Date) -> Date | Doubt:
    """2027年1月3 or 2027-1-3 as it stands, 1/3 as the coming one."""
    *year, month, day = map(int, re.split(r"\D", written))
    try:
        if year:
            return Date(year[0], month, day)
        coming = Date(today.year, month, day)
        return coming if coming >= today else coming.replace(year=today.year + 1)
    except ValueError:
        return Doubt.NO_SUCH


def _clock(match: re.Match[str]) -> tuple[int, int] | Doubt | None:
    """Hour and minute as they are said; None where no hour is."""
    said = match["hour"] or match["digits"]
    if said is None:
        return (12, 0) if match["part"] in ("中午", "正午") else None
    hour, minute = whole(said), whole(_minute(match))
    if hour is None or minute is None or hour > 24 or minute > 59 or (hour == 24 and minute):
        return Doubt.NO_SUCH
    return hour, minute


def _minute(match: re.Match[str]) -> str:
    if match["half"]:
        return "30"
    if quarter := match["quarter"]:
        return "15" if quarter in "一1" else "45"
    return match["minute"] or match["minutes"] or match["sixtieths"] or "0"


def _chosen(
    day: Date, hours: tuple[int, ...], minute: int, now: datetime, *, has_day: bool
) -> datetime | Doubt:
    """Which of the hours is meant: one that is to come; asked where two of them may be.

    Nobody is to be reminded at three at night who did not say so.
    """

    def walls(on: Date) -> list[datetime]:
        start = datetime.combine(on, time(minute=minute))
        return [start + timedelta(hours=hour) for hour in hours]

    if not has_day:
        coming = [wall for wall in walls(day) if wall > now]
        if awake := [wall for wall in coming if len(hours) == 1 or wall.hour >= 6]:
            return awake[0]
        day += timedelta(days=1)
    coming = [wall for wall in walls(day) if wall > now]
    if len(coming) < 2:
        return next(chain(coming, walls(day)))
    early, late = coming
    if 6 <= early.hour <= 8:
        return Doubt.UNCLEAR
    return early if early.hour >= 9 else late
