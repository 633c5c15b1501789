"""Times in simple English, read by dateparser where it can be trusted.

It takes nearly any words: of "tomorrow morning at 9" and "tonight at 8" it makes the hour that it
is now, of "at 3" a day in March. So it is asked only about the forms below, which it reads right.
"""

from __future__ import annotations

import re
from datetime import datetime

import dateparser

from assistant.times import Doubt, Named, Zone, checked, named

_UNIT = r"(?:minutes?|mins?|hours?|hrs?)"
_IN = (
    rf"in (?:half an hour|(?:\d{{1,4}}|an?|one|two|three) {_UNIT}"
    r"(?:(?: and)? \d{1,2} (?:minutes?|mins?))?)"
)
_MONTH = r"(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]{0,6}"
_DAY = (
    r"(?:today|tomorrow|the day after tomorrow"
    r"|(?:(?:this|next) )?(?:mon|tues|wednes|thurs|fri|satur|sun)day"
    rf"|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?|\d{{1,2}}(?:st|nd|rd|th)? {_MONTH}|in \d{{1,3}} days)"
)
_CLOCK = r"(?:(?:1[0-2]|0?[1-9])(?::[0-5]\d)? ?[ap]m|(?:09|1\d|2[0-3]):[0-5]\d|0\d:[0-5]\d|noon)"
_MOMENT = rf"(?:on )?(?:{_DAY},?(?: at)? {_CLOCK}|(?:at )?{_CLOCK}(?: (?:on )?{_DAY})?)"
_TONIGHT = r"(?:tonight (?:at )?(?P<tonight>(?:[5-9]|1[01])(?::[0-5]\d)?)(?: ?pm)?)"
_TIME = re.compile(rf"(?<!\w)(?:{_IN}|{_TONIGHT}|{_MOMENT})(?![\w:])", re.ASCII)
#: A time of which too little is said, so that it is asked for and not taken for the matter.
_VAGUE = re.compile(
    rf"(?<!\w)(?:tonight|at \d{{1,2}}(?::\d\d)?|(?:on )?{_DAY}"
    r"(?: (?:morning|afternoon|evening|night))?)(?: at \d{1,2}(?::\d\d)?)?(?![\w:])",
    re.ASCII,
)


def warm() -> None:
    """The first reading has dateparser load its words: 200 ms, best in a thread beforehand."""
    _parsed("tomorrow at 9am", datetime(2000, 1, 1, 12))  # noqa: DTZ001 - a wall


def read(text: str, begin: int, now: float, zone: Zone) -> Named | None:
    """The time whose words begin there; None where there is none."""
    text = text.lower()
    match = _TIME.match(text, begin)
    if match is None:
        vague = _VAGUE.match(text, begin)
        return Named(begin, vague.end(), doubt=Doubt.NO_HOUR) if vague else None
    words = match[0].replace("half an hour", "30 minutes")
    if tonight := match["tonight"]:
        words = f"today at {tonight} pm"
    wall = zone.wall(now)
    found = _parsed(words, wall)
    if found is None:
        return Named(begin, match.end(), doubt=Doubt.NO_SUCH)
    if re.fullmatch(_IN, match[0]):  # hours that pass, not a clock's
        return checked(begin, match.end(), now + (found - wall).total_seconds(), now)
    meant = Doubt.UNCLEAR if _has_two_meanings(words, found, wall) else found
    return named(begin, match.end(), meant, now, zone)


def _has_two_meanings(words: str, found: datetime, wall: datetime) -> bool:
    """Next Friday, said on a Wednesday; and Wednesday said on one, before the hour."""
    days = (found.date() - wall.date()).days
    if "next" in words:
        return days < 7 - wall.weekday()
    return days == 7 and found.time() > wall.time()


def _parsed(words: str, wall: datetime) -> datetime | None:
    settings = {"RELATIVE_BASE": wall, "PREFER_DATES_FROM": "future"}
    found: datetime | None = dateparser.parse(words, languages=["en"], settings=settings)
    return found
