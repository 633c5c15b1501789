"""How many days until a day or a festival, how many since, and when a festival is."""

from __future__ import annotations

import calendar
import re
from datetime import date as Date
from datetime import timedelta

from handlers.skills.dayname import (
    DAY,
    DAY_EN,
    WEEKDAYS,
    day_named,
    written,
    written_en,
    year_named,
)
from handlers.skills.festivals import FESTIVAL, FESTIVAL_EN, Festival, festival_named
from handlers.skills.question import Question

_SPAN = r"(?:(?:多少|几)天|多久|多长时间)"
_STILL = r"(?:还|还有|还要|还剩下?|还差|还得|还需要?)"
#: What is counted to is looked at on its own: each way of asking, and each kind of day, once.
_LEFT = (
    re.compile(
        rf"(?:今天|现在)?(?P<from>离|距离?|到|等到)(?P<what>.{{1,14}}?)(?:{_STILL}|有)?{_SPAN}[了呢]?"
    ),
    # Not "春节有几天": that asks how long it is.
    re.compile(rf"(?P<what>.{{1,14}}?){_STILL}{_SPAN}[了呢]?"),
    re.compile(
        rf"(?:今天|现在)?(?:{_STILL}|再过|再有|过)?{_SPAN}(?:后|之后|以后)?(?:就|才)?(?:能)?(?:是|到)?(?P<what>.{{1,14}})"
    ),
)
_ANY_FESTIVAL = re.compile(rf"(?P<of>\d{{4}}年|今年|明年|后年|去年)?的?{FESTIVAL}")
_ANY_DAY = re.compile(DAY)
_WEEKEND = re.compile(r"(?:这个?|本)?(?:周末|双休日?)")
_END = re.compile(r"(?P<year>年底|年末|今年结束|今年过完)|月底|月末|这个月结束")
_REST = re.compile(r"(?:(?P<year>今年)|这个月|本月)(?:还有|还剩下?|只剩|剩下?)(?:多少|几)天")
_SINCE = re.compile(
    rf"(?:从|自)?{DAY}(?:开始)?(?:到|距离?|离)(?:今天|现在)(?:已经|一共|总共|有|是|过了|过去了?){{0,3}}(?:多少|几)天了?"
)
_WHEN = re.compile(
    r"(?P<what>.{2,10}?)(?:是|在|的日期是?)?(?:哪一?天|什么时候|(?:几月)?几[号日](?:星期几|周几)?|星期几|周几|礼拜几)"
)
_WHEN_LAST = re.compile(r"(?:什么时候|哪一?天|几号|几月几号)是?(?P<what>.{2,10})")
_LEFT_EN = re.compile(
    r"(?:how (?:many (?:more )?days|long)(?: (?:is it|are there|are left|left|do we have))?"
    r"|days left|days)"
    r" (?:until|till|to|before) (?:the )?(?P<what>.{2,32})"
)
_WHEN_EN = re.compile(
    r"(?:when(?:'s|s| is)|what (?:day|date) is|what(?:'s|s"
    r"| is) the date of) (?:the )?(?P<what>.{2,32}?)"
    r"(?: (?:in )?(?P<of>this year|next year|\d{4}))?"
)


def days_until(question: Question) -> str | None:
    """Days left until a festival, a date, a weekday, the weekend, the end of the month or year."""
    if question.is_english:
        return _until_en(question)
    today = question.now.date()
    if match := _SINCE.fullmatch(question.text):
        return _since(match, today)
    if match := _REST.fullmatch(question.text):
        last = _last_day(today, of_year=bool(match["year"]))
        return f"{'今年' if match['year'] else '这个月'}还有{(last - today).days}天，不算今天。"
    for pattern in _LEFT:
        match = pattern.fullmatch(question.text)
        said = _left(match["what"], today, "from" in match.re.groupindex) if match else None
        if said is not None:
            return said
    return None


def _left(what: str, today: Date, is_from: bool) -> str | None:
    if _WEEKEND.fullmatch(what):
        saturday = today + timedelta(days=5 - today.weekday())
        return "今天就是周末。" if saturday <= today else _counted("周六", saturday, today)
    if match := _END.fullmatch(what):
        return _counted(what, _last_day(today, of_year=bool(match["year"])), today)
    if match := _ANY_FESTIVAL.fullmatch(what):
        found = festival_named(match, today, year_named(match["of"], today))
        recent = festival_named(match, today - timedelta(days=7))
        # In the week of a festival they may mean how much of the holiday is left.
        if found is None or (recent and recent.date < today and not is_from):
            return None
        return _counted(found.words, found.date, today)
    match = _ANY_DAY.fullmatch(what)
    day = day_named(match, today) if match and not match["count"] else None
    return _counted(day.words, day.date, today) if day else None


def _counted(words: str, day: Date, today: Date) -> str:
    left, full = (day - today).days, f"{written(day, today)}，{WEEKDAYS[day.weekday()]}"
    if left < 0:
        return f"{words or written(day, today)}已经过去{-left}天了。"
    if left == 0:
        return f"今天就是{words or written(day, today)}。"
    if not words:
        return f"离{full.replace('，', '（')}）还有{left}天。"
    return f"离{words}还有{left}天，{'就在明天' if left == 1 else '是' + full}。"


def _since(match: re.Match[str], today: Date) -> str | None:
    day = day_named(match, today)
    if day is None or match["count"]:
        return None
    date = day.date
    if date > today and not match["year"] and (date.month, date.day) != (2, 29):
        date = date.replace(year=date.year - 1)
    if date > today:
        return None
    return f"从{written(date, today)}到今天一共{(today - date).days}天。"


def _last_day(today: Date, *, of_year: bool) -> Date:
    month = 12 if of_year else today.month
    return today.replace(month=month, day=calendar.monthrange(today.year, month)[1])


def festival(question: Question) -> str | None:
    """The date of a festival: of the year that is named, else of the next one."""
    today = question.now.date()
    if question.is_english:
        match = _WHEN_EN.fullmatch(question.text)
        named = re.fullmatch(FESTIVAL_EN, match["what"]) if match else None
        if match is None or named is None:
            return None
        year = {"this year": today.year, "next year": today.year + 1}.get(match["of"] or "")
        year = int(match["of"]) if (match["of"] or "").isdigit() else year
        found = festival_named(named, today, year)
        return f"{found.words.title()} is on {written_en(found.date)}." if found else None
    for pattern in (_WHEN, _WHEN_LAST):
        match = pattern.fullmatch(question.text)
        named = _ANY_FESTIVAL.fullmatch(match["what"]) if match else None
        found = named and festival_named(named, today, year_named(named["of"], today))
        if found:
            return _dated(found, today)
    return None


def _dated(found: Festival, today: Date) -> str:
    date = f"{found.date.year}年{found.date.month}月{found.date.day}号"
    words = "春节" if found.words == "过年" else found.words
    verb = "就是今天，" if found.date == today else "是"
    return f"{words}{verb}{date}，{WEEKDAYS[found.date.weekday()]}。"


def _until_en(question: Question) -> str | None:
    match, today = _LEFT_EN.fullmatch(question.text), question.now.date()
    if match is None:
        return None
    what = match["what"].removesuffix(" left")
    if what in {"weekend", "this weekend"}:
        words, date = "Saturday", today + timedelta(days=5 - today.weekday())
        if date <= today:
            return "It's the weekend already."
    elif named := re.fullmatch(FESTIVAL_EN, what):
        found = festival_named(named, today)
        if found is None:
            return None
        words, date = found.words.title(), found.date
    else:
        named = re.fullmatch(DAY_EN, what)
        day = day_named(named, today) if named and not named["count"] else None
        if day is None:
            return None
        words, date = day.words, day.date
    left = (date - today).days
    if left == 0:
        return f"{words.capitalize() or 'That'} is today."
    full = f" ({written_en(date)})" if words else ""
    return f"{left} day{'s' * (left != 1)} until {words or written_en(date)}{full}."
