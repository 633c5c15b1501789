"""Days by the words people use for them: 大后天, 三天后, 上周五, 12月25号, tomorrow."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date as Date
from datetime import timedelta

from handlers.skills.numerals import COUNT, whole

WEEKDAYS = ("星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日")
_NEAR = {
    "大前天": -3,
    "前天": -2,
    "昨天": -1,
    "昨日": -1,
    "昨儿": -1,
    "今天": 0,
    "今儿": 0,
    "今日": 0,
    "明天": 1,
    "明日": 1,
    "明儿": 1,
    "后天": 2,
    "大后天": 3,
    "the day before yesterday": -2,
    "yesterday": -1,
    "today": 0,
    "tomorrow": 1,
    "the day after tomorrow": 2,
}
_ANY_NEAR = "|".join(sorted(_NEAR, key=len, reverse=True))
_WEEKS = {"上上": -2, "上": -1, "这": 0, "本": 0, "下": 1, "下下": 2}
_YEARS = {"前年": -2, "去年": -1, "今年": 0, "明年": 1, "后年": 2}

#: A day in Chinese, to be read by ``day_named``.
DAY = (
    rf"(?:(?P<near>{_ANY_NEAR})"
    rf"|(?:再|再过|过)?(?P<count>{COUNT})(?P<unit>天|周|个?星期|个?礼拜|个月|年)"
    r"(?P<way>之?后|以后|之?前|以前)?"
    r"|(?P<week>上上|下下|上|这|本|下)?个?(?:周|星期|礼拜)(?P<weekday>[一二三四五六日天末])"
    rf"|(?:(?P<year>\d{{4}}|[零〇一二三四五六七八九]{{4}}|今|明|去|后|前)年?)?(?P<month>{COUNT})月"
    rf"(?P<day>{COUNT})[号日]?|(?:这个月|本月)?(?P<only>{COUNT})[号日])"
)
DAY_EN = (
    rf"(?:(?P<near>{_ANY_NEAR})"
    r"|(?:in )?(?P<count>\d{1,5}) (?P<unit>day|week)s?(?P<way> ago| from now| from today)?"
    r"|this (?P<weekday>monday|tuesday|wednesday|thursday|friday|saturday|sunday)"
    r"|(?P<month>january|february|march|april|may|june|july|august|september|october|november"
    r"|december) (?P<day>\d{1,2})(?:st|nd|rd|th)?(?:,? (?P<year>\d{4}))?)"
)


@dataclass(frozen=True, slots=True)
class Day:
    """A date and the words it was called by; empty words where they were the date itself."""

    date: Date
    words: str


def written(day: Date, today: Date) -> str:
    """How a date is said; with the year where that is not this one."""
    year = f"{day.year}年" if day.year != today.year else ""
    return f"{year}{day.month}月{day.day}号"


def written_en(day: Date) -> str:
    return f"{day:%A}, {day:%B} {day.day}, {day.year}"


def day_named(match: re.Match[str], today: Date) -> Day | None:
    """The day a match of ``DAY`` or ``DAY_EN`` names; None where there is no such day.

    A month and day without a year, and a weekday without a week, are the coming ones. Where the
    match holds no day at all it is today.
    """
    found = {key: value for key, value in match.groupdict().items() if value}
    try:
        if near := found.get("near"):
            return Day(today + timedelta(days=_NEAR[near]), near)
        for key, read in _READ.items():
            if key in found:
                return read(found, today)
    except (ValueError, OverflowError):  # 2月30号, 99999年后
        return None
    return Day(today, "今天")


def _counted(found: dict[str, str], today: Date) -> Day | None:
    count, unit, way = whole(found["count"]), found["unit"], found.get("way", "")
    if count is None:
        return None
    step = -count if way.strip() in {"ago", "前", "之前", "以前"} else count
    words = f"{found['count']}{unit}{way or '后'}"
    if unit.isascii():
        words = f"{count} {unit}{'s' * (count != 1)}{way or ' from now'}"
    if unit in {"个月", "年"}:
        years, month = divmod(today.month - 1 + step * (12 if unit == "年" else 1), 12)
        year = today.year + years
        last = calendar.monthrange(year, month + 1)[1]
        return Day(today.replace(year=year, month=month + 1, day=min(today.day, last)), words)
    return Day(today + timedelta(days=step * (1 if unit in {"天", "day"} else 7)), words)


def _weekday(found: dict[str, str], today: Date) -> Day:
    name = found["weekday"]
    if name.isascii():
        index = [day.casefold() for day in calendar.day_name].index(name)
        return Day(today + timedelta(days=index - today.weekday()), f"this {name.title()}")
    index = "一二三四五六日".index(name.replace("天", "日").replace("末", "六"))
    week = found.get("week")
    words = f"{week or ''}周{name}"
    offset = index - today.weekday() + 7 * _WEEKS[week] if week else (index - today.weekday()) % 7
    return Day(today + timedelta(days=offset), words)


def _of_month(found: dict[str, str], today: Date) -> Day | None:
    """That day of this month, or of the next month that has it to come."""
    day = whole(found["only"]) or 0
    for step in range(3):
        years, month = divmod(today.month - 1 + step, 12)
        if day <= calendar.monthrange(today.year + years, month + 1)[1]:
            date = Date(today.year + years, month + 1, day)
            if date >= today:
                return Day(date, "")
    return None


def _dated(found: dict[str, str], today: Date) -> Day | None:
    names = [name.casefold() for name in calendar.month_name]
    name = found["month"]
    month, day = names.index(name) if name in names else whole(name), whole(found["day"])
    if month is None or day is None:
        return None
    year = year_named(found.get("year"), today)
    if year is not None:
        return Day(Date(year, month, day), "")
    coming = Date(today.year, month, day)
    return Day(coming if coming >= today else Date(today.year + 1, month, day), "")


def year_named(name: str | None, today: Date) -> int | None:
    """今年, 明 or 2027 as a number; None for none."""
    if not name:
        return None
    offset = _YEARS.get(name[:1] + "年")
    return whole(name.removesuffix("年")) if offset is None else today.year + offset


#: What reads a match, by the group that tells which kind of day it names.
_READ: Mapping[str, Callable[[dict[str, str], Date], Day | None]] = {
    "count": _counted,
    "weekday": _weekday,
    "only": _of_month,
    "month": _dated,
}
