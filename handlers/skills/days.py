"""Which date, weekday, month and year it is on a day somebody names."""

from __future__ import annotations

import re
from datetime import timedelta

from handlers.skills.dayname import DAY, DAY_EN, WEEKDAYS, Day, day_named, written, written_en
from handlers.skills.question import Question

_DATE = (
    r"(?:是|的)?(?:(?:几月)?(?:几号|几日|多少号)"
    r"|哪一?天|什么日期|日期(?:是?(?:多少|什么|几号))?)了?"
)
_WEEKDAY = r"(?:是)?(?:星期|周|礼拜)几了?"
_DATE_ASKED = re.compile(
    rf"(?:现在|{DAY}){_DATE}[,和]?(?:{_WEEKDAY})?|(?:几月)?几号(?:了|了?今[天儿])|今?年?几月几号了?"
)
_WEEKDAY_ASKED = re.compile(
    rf"(?:现在|{DAY}){_WEEKDAY}[,和]?(?:{_DATE})?|(?:星期|周|礼拜)几(?:了|了?今[天儿])"
)
_IS_IT = re.compile(rf"{DAY}是?(?:星期|周|礼拜)(?P<guess>[一二三四五六日天末])[吗么]")
_DATE_ASKED_EN = re.compile(
    rf"what(?:'s|s| is| was) the date(?: on| of)?(?: {DAY_EN})?|what date (?:is|was"
    r"|will)(?: it)?(?: be)?"
    rf"(?: {DAY_EN.replace('?P<', '?P<b')})?|(?:what(?:'s|s| is) )?(?P<own>today|tomorrow"
    r"|yesterday)'?s date"
    r"|what is today"
)
_WEEKDAY_ASKED_EN = re.compile(
    rf"what (?:week)?day(?: of the week)? (?:is|was|will)(?: it)?(?: be)?(?: on)?(?: {DAY_EN})?"
    r"|what(?:'s|s| is) the day(?: of the week)?(?: today)?"
)
_MONTHS = {"上": -1, "这": 0, "本": 0, "下": 1}
_MONTH = re.compile(
    r"(?:现在|今天)是?(?:几月份?|哪个月|什么月份)了?|(?P<which>上|这|本|下)个?月是?几月份?|几月份?了"
)
_MONTH_EN = re.compile(r"what month is it(?: now)?|what(?:'s|s| is) the (?:current )?month")
_YEARS = {"前年": -2, "去年": -1, "今年": 0, "现在": 0, "明年": 1, "后年": 2}
_YEAR = re.compile(
    r"(?P<which>前年|去年|今年|明年|后年|现在)(?:是)?(?:(?:公元)?(?:哪一?年|几几年|多少年|什么年份)|二零几几年)了?"
)
_YEAR_EN = re.compile(r"what year is it(?: now)?|what(?:'s|s| is) the (?:current )?year")


def date(question: Question) -> str | None:
    """The date of a day; its weekday comes with it."""
    if question.is_english:
        match = _DATE_ASKED_EN.fullmatch(question.text)
        return _said_en(match, question) if match else None
    match = _DATE_ASKED.fullmatch(question.text)
    return _said(match, question) if match else None


def weekday(question: Question) -> str | None:
    """The weekday of a day, its date with it; and whether it is the one asked about."""
    if question.is_english:
        match = _WEEKDAY_ASKED_EN.fullmatch(question.text)
        return _said_en(match, question) if match else None
    if match := _WEEKDAY_ASKED.fullmatch(question.text):
        return _said(match, question)
    match = _IS_IT.fullmatch(question.text)
    said, day = (
        (_said(match, question), day_named(match, question.now.date())) if match else (None, None)
    )
    if match is None or said is None or day is None:
        return None
    if match["guess"] == "末":
        right = day.date.weekday() >= 5
    else:
        right = day.date.weekday() == "一二三四五六日".index(match["guess"].replace("天", "日"))
    return f"{'是的' if right else '不是'}，{said}"


def month(question: Question) -> str | None:
    """Which month it is, was or will be."""
    today = question.now.date()
    if question.is_english:
        return f"It's {today:%B} {today.year}." if _MONTH_EN.fullmatch(question.text) else None
    match = _MONTH.fullmatch(question.text)
    if match is None:
        return None
    which = match["which"]
    number = (today.month - 1 + _MONTHS.get(which or "这", 0)) % 12 + 1
    return f"{f'{which}个月' if which else '现在'}是{number}月。"


def year(question: Question) -> str | None:
    """Which year it is, was or will be."""
    if question.is_english:
        return f"It's {question.now.year}." if _YEAR_EN.fullmatch(question.text) else None
    match = _YEAR.fullmatch(question.text)
    return f"{match['which']}是{question.now.year + _YEARS[match['which']]}年。" if match else None


def _said(match: re.Match[str], question: Question) -> str | None:
    today = question.now.date()
    day = day_named(match, today)
    if day is None:
        return None
    name = WEEKDAYS[day.date.weekday()]
    if day.words:
        return f"{day.words}是{written(day.date, today)}，{name}。"
    return f"{written(day.date, today)}是{name}。"


def _said_en(match: re.Match[str], question: Question) -> str | None:
    today = question.now.date()
    own = {"yesterday": -1, "today": 0, "tomorrow": 1}
    day = day_named(match, today)
    if "own" in match.re.groupindex and match["own"]:
        day = Day(today + timedelta(days=own[match["own"]]), match["own"])
    if day is None:
        return None
    words = (day.words or f"{day.date:%B} {day.date.day}").replace("今天", "today")
    verb = "was" if day.date < today else "is"
    return f"{words[0].upper()}{words[1:]} {verb} {written_en(day.date)}."
