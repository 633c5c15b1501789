"""When festivals are: by the month, by the moon, by the sun.

The lunar calendar and the solar terms come from borax (MIT, pure Python, no dependencies, 1900 to
2100). lunardate and zhdate are GPL; cnlunar brings an almanac of lucky days along.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date as Date
from datetime import timedelta

from borax.calendars.lunardate import LunarDate, TermUtils

#: The date of a festival in a year of our calendar, None where it has none (no 腊八 in 2023).
#: ValueError outside 1901 to 2100.
Rule = Callable[[int], Date | None]


def _on(month: int, day: int) -> Rule:
    return lambda year: Date(year, month, day)


def _lunar(month: int, day: int) -> Rule:
    return lambda year: _solar(year, month, day)


def _solar(year: int, month: int, day: int) -> Date | None:
    # The twelfth month of the lunar year before may still fall in this one.
    found = (LunarDate(lunar, month, day, 0).to_solar_date() for lunar in (year, year - 1))
    return next((_date(date) for date in found if date.year == year), None)


def _term(name: str) -> Rule:
    return lambda year: _date(TermUtils.nth_term_day(year, term_name=name))


def _date(found: Date) -> Date:
    return Date(found.year, found.month, found.day)  # typed: borax is not


def _eve(year: int) -> Date:
    return _date(LunarDate(year, 1, 1, 0).to_solar_date()) - timedelta(days=1)


def _nth(month: int, weekday: int, nth: int) -> Rule:
    def rule(year: int) -> Date:
        first = (weekday - calendar.weekday(year, month, 1)) % 7 + 1
        return Date(year, month, first + 7 * (nth - 1))

    return rule


#: What people call a festival, its English names, and its rule. No 新年: it may mean either.
_TABLE: tuple[tuple[str, str, Rule], ...] = (
    ("元旦", "new year'?s day|new year", _on(1, 1)),
    ("除夕|大年三十|年三十", "(?:chinese|lunar) new year'?s eve", _eve),
    ("春节|过年|大年初一|农历新年", "(?:chinese|lunar) new year|spring festival", _lunar(1, 1)),
    ("元宵节?", "lantern festival", _lunar(1, 15)),
    ("情人节", "valentine'?s day|valentine'?s", _on(2, 14)),
    ("妇女节|三八节?", "women'?s day", _on(3, 8)),
    ("植树节", "arbor day in china", _on(3, 12)),
    ("愚人节", "april fools'? day", _on(4, 1)),
    ("清明节?", "qingming(?: festival)?|tomb[- ]sweeping day", _term("清明")),
    ("劳动节|五一", "labou?r day in china|may day", _on(5, 1)),
    ("青年节|五四", "youth day in china", _on(5, 4)),
    ("母亲节", "mother'?s day", _nth(5, calendar.SUNDAY, 2)),
    ("端午节?", "dragon boat festival", _lunar(5, 5)),
    ("儿童节|六一", "children'?s day in china", _on(6, 1)),
    ("高考", "gaokao", _on(6, 7)),
    ("父亲节", "father'?s day", _nth(6, calendar.SUNDAY, 3)),
    ("七夕节?", "qixi(?: festival)?", _lunar(7, 7)),
    ("中元节", "ghost festival", _lunar(7, 15)),
    ("教师节", "teachers'? day in china", _on(9, 10)),
    ("中秋节?", "mid[- ]autumn festival|moon festival", _lunar(8, 15)),
    ("国庆节?|十一", "(?:chinese )?national day", _on(10, 1)),
    ("重阳节?", "double ninth festival", _lunar(9, 9)),
    ("双十一|双11|光棍节", "singles'? day", _on(11, 11)),
    ("感恩节", "thanksgiving", _nth(11, calendar.THURSDAY, 4)),
    ("双十二|双12", "double 12", _on(12, 12)),
    ("平安夜", "christmas eve", _on(12, 24)),
    ("圣诞节?", "christmas(?: day)?|xmas", _on(12, 25)),
    ("跨年夜?", "new year'?s eve", _on(12, 31)),
    ("腊八节?", "laba festival", _lunar(12, 8)),
    ("立春", "start of spring", _term("立春")),
    ("立夏", "start of summer", _term("立夏")),
    ("夏至", "summer solstice", _term("夏至")),
    ("立秋", "start of autumn", _term("立秋")),
    ("立冬", "start of winter", _term("立冬")),
    ("冬至", "winter solstice", _term("冬至")),
)
_RULES: Mapping[str, Rule] = {f"f{i}": rule for i, (_, _, rule) in enumerate(_TABLE)}

#: Any festival, in either language; to be read by ``festival_named``. Longer names first.
FESTIVAL = "(?:" + "|".join(f"(?P<f{i}>{zh})" for i, (zh, _, _) in enumerate(_TABLE)) + ")"
FESTIVAL_EN = (
    "(?:"
    + "|".join(f"(?P<f{i}>{en})" for i, (_, en, _) in reversed(tuple(enumerate(_TABLE))))
    + ")"
)
#: Said of "this year", they mean the coming one once it is over: 今年过年 in November.
_TURN = re.compile(r"除夕|年|春节")


@dataclass(frozen=True, slots=True)
class Festival:
    """A festival as it was called, and its date."""

    words: str
    date: Date


def festival_named(match: re.Match[str], today: Date, year: int | None = None) -> Festival | None:
    """The festival a match of ``FESTIVAL`` or ``FESTIVAL_EN`` names: in that year, or the next one.

    None where the calendar does not reach (1901 to 2100).
    """
    key, words = next((key, match[key]) for key in _RULES if match[key])
    rule = _RULES[key]
    try:
        if year is not None and not (year == today.year and _TURN.search(words)):
            dates = [rule(year)]
        else:
            dates = [date for n in range(3) if (date := rule(today.year + n)) and date >= today]
    except (ValueError, OverflowError):
        return None
    return Festival(words, dates[0]) if dates and dates[0] else None
