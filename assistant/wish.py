"""What somebody wants to be reminded of, and when: 明早九点提醒我开会."""

from __future__ import annotations

import re
from dataclasses import dataclass

from assistant import chinese, english
from assistant.times import Doubt, Named, Zone

#: Longer than this is a letter; it also bounds the search for a time.
MAX_CHARS = 300

_ASKED = re.compile(
    r"提醒(?:一下|一声|下)?我(?:一下|一声)?|(?:设|定|订|加)置?一?个(?:提醒|闹钟)"
    r"|remind me(?: to\b)?",
    re.IGNORECASE,
)
#: To be called without being asked to be reminded is meant only with a time right before it.
_CALLED = re.compile(r"[叫喊]我|的?(?:闹钟|提醒)(?=\W*\Z)")
_FILLER = re.compile(
    r"(?:请|麻烦|帮我|帮忙|你|记得|到时候|到时|到了|的时候|那|好的?|能不能|可不可以|可以|能|一心|并|再"
    r"|[设定订加]置?一?个|please|pls|can you|could you|will you|hey|hi|ok|[\s，,。.！!~～、：:])*",
    re.IGNORECASE,
)
_REPEATED = re.compile(
    r"(?:从.{1,6}?)?(?:每(?:隔|天|日|晚|早|周|月|年|个|一|逢|星期|礼拜|小时|\d)|天天|every\b|(?:dai|week)ly\b)",
    re.IGNORECASE,
)
_BEFORE_MATTER = re.compile(
    r"(?:[\s，,。.！!：:、]|要(?!紧)|记得|to\b|that\b|about\b)*", re.IGNORECASE
)
_AFTER_MATTER = re.compile(
    r"(?:[\s，,。.！!~～?？、]|[哦啊呀哈吗]|(?<![酒网茶书氧贴])吧|好吗|可以吗|行吗|谢谢|please|thanks)*\Z"
)
#: 明天九点到公司提醒我打卡.
_PLACE = re.compile(r"(?:到|去|回|下班|上班|出门|睡前|起床)[^会说让没谁]{0,8}")
#: 你提醒我了, 昨天提醒我的事: that it was done, not that it be done.
_TOLD = re.compile(r"了(?!解)|过[了的吗没]|的|吗")
_BOUNDARY = re.compile(r"[\s，,。.！!、：:；;]")


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to be told, and when.

    Attributes:
        matter: What it is about; empty where they did not say.
        words: How they said when; empty where they did not.
        at: Unix seconds; None where there is a doubt.
    """

    matter: str
    words: str
    at: float | None
    doubt: Doubt | None


@dataclass(frozen=True, slots=True)
class _Opening:
    """What stands before the request: a time, maybe, its words, and where it is to be done."""

    when: Named | None = None
    words: str = ""
    place: str = ""


def wish(text: str, now: float, zone: Zone) -> Wish | None:
    """The wish to be reminded that a text is; None where it is none, or only talks of one.

    The time stands before 提醒我, right after it, or at the end.
    """
    if len(text) > MAX_CHARS:
        return None
    asked = _ASKED.search(text)
    if asked is None:
        return _call(text, now, zone)
    before, after = text[: asked.start()], text[asked.end() :]
    if any(_REPEATED.match(part, _skipped(_FILLER, part, 0)) for part in (before, after)):
        return Wish(_matter(after), "", None, Doubt.REPEATED)
    opening = _opening(before, now, zone)
    if opening is None or _TOLD.match(after):
        return None
    when, words, matter = opening.when, opening.words, opening.place + after
    if when is None:
        when, words, matter = _within(after, now, zone)
    matter = _matter(matter)
    if when is not None:
        return Wish(matter, words, when.at, when.doubt)
    return Wish(matter, "", None, Doubt.NONE) if matter else None


def _call(text: str, now: float, zone: Zone) -> Wish | None:
    """明早七点叫我起床."""
    called = _CALLED.search(text)
    opening = _opening(text[: called.start()], now, zone) if called else None
    if called is None or opening is None or opening.when is None:
        return None
    when = opening.when
    return Wish(_matter(text[called.end() :]), opening.words, when.at, when.doubt)


def _opening(before: str, now: float, zone: Zone) -> _Opening | None:
    """What stands before the request; None where it is none: 我妈会提醒我."""
    begin = _skipped(_FILLER, before, 0)
    if begin == len(before):
        return _Opening()
    found = read(before, begin, now, zone)
    if found is None:
        return None
    place = before[_skipped(_FILLER, before, found.end) :]
    if place and not _PLACE.fullmatch(place):
        return None
    return _Opening(found, before[found.begin : found.end].strip(), place)


def _within(after: str, now: float, zone: Zone) -> tuple[Named | None, str, str]:
    """The time that begins or ends what stands after the request, its words, and the rest."""
    begin = _skipped(_BEFORE_MATTER, after, _skipped(_FILLER, after, 0))
    if begin < len(after) and (found := read(after, begin, now, zone)):
        return found, after[begin : found.end].strip(), after[found.end :]
    end = len(_cut(_AFTER_MATTER, after))
    for begin in range(1, end):
        found = read(after, begin, now, zone)
        if found is None or found.end < end:
            continue
        words = after[begin : found.end].strip()
        if len(words) > 2 or _BOUNDARY.match(after, begin - 1):
            return found, words, after[:begin]
    return None, "", after


def read(text: str, begin: int, now: float, zone: Zone) -> Named | None:
    """The time whose words begin there, in either language; None where there is none."""
    is_word = text[begin].isascii() and text[begin].isalpha()
    readers = (english.read, chinese.read) if is_word else (chinese.read, english.read)
    return next(filter(None, (each(text, begin, now, zone) for each in readers)), None)


def _matter(text: str) -> str:
    return _cut(_AFTER_MATTER, text)[_skipped(_BEFORE_MATTER, text, 0) :].strip()


def _skipped(pattern: re.Pattern[str], text: str, begin: int) -> int:
    match = pattern.match(text, begin)
    return match.end() if match else begin


def _cut(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return text[: match.start()] if match else text
