"""Times in Chinese: 明早九点, 下周三下午3点半, 两个半小时后.

No library can be trusted with them; see ``times``. Days are read by ``handlers.skills.dayname``.
"""

from __future__ import annotations

import re
from datetime import date as Date
from datetime import datetime, time, timedelta
from itertools import chain

from assistant.times import Doubt, Named, Zone, checked, named
from handlers.skills.dayname import DAY, day_named
from handlers.skills.festivals import FESTIVAL, festival_named
from handlers.skills.numerals import COUNT, NUMBER, number, whole

#: Characters that times are written in, one for one, so that places in a text stay the same.
_SIMPLIFIED = str.maketrans("點後週號兩鐘時個過間禮這", "点后周号两钟时个过间礼这")

#: The hour that is said with a part of the day, and the hour meant; 24 is the end of the day.
_MORNING = {hour: hour for hour in range(4, 12)}
_NOON = {11: 11, 12: 12, 1: 13, 2: 14, 13: 13, 14: 14}
_AFTERNOON = {12: 12} | {h: h + 12 for h in range(1, 8)} | {h: h for h in range(13, 20)}
_DUSK = {h: h + 12 for h in range(4, 9)} | {h: h for h in range(16, 21)}
_EVENING = {12: 24, 24: 24} | {h: h + 12 for h in range(5, 12)} | {h: h for h in range(17, 24)}
_SMALL_HOURS = {12: 0} | {h: h for h in range(7)}
_MIDNIGHT = {12: 24, 24: 24, 0: 24, 11: 23, 23: 23}
_PARTS = {
    **dict.fromkeys(("清晨", "早晨", "早上", "上午", "早", "晨"), _MORNING),
    **dict.fromkeys(("中午", "正午"), _NOON),
    "下午": _AFTERNOON,
    "傍晚": _DUSK,
    **dict.fromkeys(("晚上", "夜里", "晚", "夜"), _EVENING),
    "凌晨": _SMALL_HOURS,
    **dict.fromkeys(("半夜", "午夜"), _MIDNIGHT),
}
_SHORT = {"今": 0, "明": 1, "后": 2}

_PART = "|".join(sorted(_PARTS, key=len, reverse=True))
#: 九点二十 is a time, the 二十 of 九点二十个人开会 is not.
_COUNTED = (
    r"(?![零〇一二三四五六七八九十百\d]"
    r"|[个人位名次块元斤件条本张只支天年月周小点%度楼路倍万千公米])"
)
_TENS = r"(?:[二三四五]?十[一二三四五六七八九]?|[零〇0][一二三四五六七八九\d]|[1-5]\d)"
_CLOCK = (
    rf"(?:(?P<hour>{COUNT})(?:点(?!都|也|儿|点|一线)钟?|时(?!间|候|不))"
    rf"(?:(?P<half>半)|(?P<quarter>[一三13])刻|[过零]?(?P<minute>{COUNT})分(?!钟)"
    rf"|(?P<minutes>{_TENS}){_COUNTED}|整)?"
    r"|(?P<digits>\d{1,2})[:：](?P<sixtieths>\d{2})(?![\d:：]|\s?[ap]\.?m))"
)
_DATE = (
    r"(?:(?P<full>\d{4}[年/.-]\d{1,2}[月/.-]\d{1,2})"
    rf"|(?P<part_date>\d{{1,2}}/\d{{1,2}}|\d{{1,2}}\.\d{{1,2}}(?=\s?(?:{_PART}))))"
    r"(?:[号日]|(?![\d/]))"
)
_TIME = re.compile(
    rf"(?<![\d.:：])(?:在|到|等到|于)?(?:(?P<short>[今明后])(?=[早晚晨夜])|下个?月(?P<next>{COUNT})[号日]"
    rf"|{_DATE}|(?![五六十]){FESTIVAL}|{DAY})?"
    rf"[的,，\s]{{0,2}}(?P<part>{_PART})?[,，\s]?(?:{_CLOCK})?(?:左右|的时候)?"
)
#: What makes a moment another thing: until it, about it, from it to another.
_NOT_A_MOMENT = re.compile(
    rf"\s?(?:之前|以前|前(?![往台面去])|多(?!喝|吃|穿|带)|[到至~～—-]\s?(?:{_PART})?(?:{COUNT}点|\d))"
)
_VAGUE = re.compile(
    r"(?:[待等过]一?会儿?|一会儿?)(?![议面员])|等一?下|晚点儿?|晚些时候|回头|改天|过[几两]天|年底"
    rf"|(?:{COUNT}|这个?|本|下个?)?月[底初中]|下下?个?(?:周|星期|礼拜|月)"
)
_FESTIVALS = tuple(name for name in _TIME.groupindex if re.fullmatch(r"f\d+", name))
_NAMED = (
    *("short", "next", "full", "part_date", "near", "count", "weekday", "only", "month"),
    *_FESTIVALS,
)
_HOURS = rf"(?:(?P<hours>{NUMBER})个?(?P<more>半)?(?:小时|钟头)|(?P<half>半)个?(?:小时|钟头))"
_MINUTES = rf"(?:(?P<minutes>{COUNT})分钟?|(?P<quarters>[一两三123])刻钟)"
_SPAN = re.compile(
    rf"(?<![\d.])(?P<before>再过|过|再|等)?"
    rf"(?:{_HOURS}[零又]?(?:{_MINUTES})?|{_MINUTES.replace('?P<', '?P<x')})"
    r"(?P<after>之后|以后|过后|后(?!天))?"
)


def read(text: str, begin: int, now: float, zone: Zone) -> Named | None:
    """The time whose words begin there; None where there is none."""
    text = text.translate(_SIMPLIFIED)
    if (span := _SPAN.match(text, begin)) and (span["before"] or span["after"]):
        return _later(span, now)
    match = _TIME.match(text, begin)
    if match is None or not any(match.groupdict().values()):
        vague = _VAGUE.match(text, begin)
        return Named(begin, vague.end(), doubt=Doubt.UNCLEAR) if vague else None
    if _NOT_A_MOMENT.match(text, match.end()):
        return Named(begin, match.end(), doubt=Doubt.UNCLEAR)
    return named(begin, match.end(), _wall(match, zone.wall(now)), now, zone)


def _later(span: re.Match[str], now: float) -> Named:
    found = {key.removeprefix("x"): said for key, said in span.groupdict().items() if said}
    hours = number(found["hours"]) if "hours" in found else 0
    minutes = whole(found.get("minutes", "0"))
    if hours is None or minutes is None:
        return Named(span.start(), span.end(), doubt=Doubt.NO_SUCH)
    minutes += 30 * (("half" in found) + ("more" in found))
    minutes += 15 * (whole(found["quarters"]) or 0) if "quarters" in found else 0
    return checked(span.start(), span.end(), now + float(hours) * 3600 + minutes * 60, now)


def _wall(match: re.Match[str], now: datetime) -> datetime | Doubt:
    has_day = any(match[name] for name in _NAMED)
    day = _day(match, now.date()) if has_day else now.date()
    if isinstance(day, Doubt):
        return day
    clock = _clock(match)
    if clock is None or isinstance(clock, Doubt):
        return clock or Doubt.NO_HOUR
    hour, minute = clock
    if part := match["part"]:
        meant = _PARTS[part].get(hour)
        hours: tuple[int, ...] = () if meant is None else (meant,)
    else:
        exact = not 1 <= hour <= 12 or (match["digits"] or match["hour"] or "").startswith("0")
        hours = (hour,) if exact or hour == 12 else (hour, hour + 12)
    if not hours:
        return Doubt.UNCLEAR
    return _chosen(day, hours, minute, now, has_day=has_day)


def _day(match: re.Match[str], today: Date) -> Date | Doubt:
    if short := match["short"]:
        return today + timedelta(days=_SHORT[short])
    if match["weekday"] == "末":
        return Doubt.UNCLEAR
    if written := match["full"] or match["part_date"]:
        return _date(written, today)
    if next_ := match["next"]:
        return _of_next_month(whole(next_) or 0, today)
    is_festival = any(match[name] for name in _FESTIVALS)
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
