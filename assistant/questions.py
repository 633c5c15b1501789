"""What the owner asks about their chats, told from everything else they say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from assistant import wording

#: Questions are short; what is longer is told, not asked. It bounds the patterns too.
MAX_CHARS = 60


class Topic(StrEnum):
    """What is asked for; the names that answers have in the audit log."""

    DAY = "today"
    UPSET = "upset"
    URGENT = "urgent"
    FORWARD = "forward"
    REMINDERS = "reminders"
    CANCEL = "cancel"
    SAID = "said"
    WHY = "why"
    ROOM = "room-mood"
    HEARD = "heard"


class Period(StrEnum):
    """Days that are asked about, as they are called in the answer."""

    TODAY = "今天"
    YESTERDAY = "昨天"
    WEEK = "这周"


@dataclass(frozen=True, slots=True)
class Question:
    """One question.

    Attributes:
        period: None where none was named.
        name: Of a person or a group, as it was typed; empty where none is asked for.
        word: The asker's own for a mood; empty where none is asked for.
        is_whole: All of it is wanted, not the beginning.
        number: Of a reminder; None where none was named.
        is_on: Whether something is wanted, where it can be switched.
    """

    topic: Topic
    period: Period | None = None
    name: str = ""
    word: str = ""
    is_whole: bool = False
    number: int | None = None
    is_on: bool = True


#: Marks around a name are not of it, and an apostrophe is one however it is drawn.
_SPELLED = str.maketrans({**dict.fromkeys('「」『』“”"', ""), "’": "'"})
_OPENING = re.compile(
    r"(?:(?:请问|问一下|想问下?|告诉我|给我|帮我|麻烦|那个?|对了|话说|一心|hey|hi|please|tell me)"
    r"[，, ]*){0,3}",
    re.IGNORECASE,
)
_ENDING = re.compile(r"(?:[\s。！!~～？?.]|[呢啊呀吧哦呗哈])+\Z")
_PARTICLE = r"(?:了吗|了没|了|吗|么|嘛)?"
_PERIODS: tuple[tuple[str, Period], ...] = (
    ("昨", Period.YESTERDAY),
    ("yesterday", Period.YESTERDAY),
    ("周", Period.WEEK),
    ("星期", Period.WEEK),
    ("礼拜", Period.WEEK),
    ("几天", Period.WEEK),
    ("week", Period.WEEK),
)
#: Asked about by name last: nearly anything may be one.
_PATTERNS: Mapping[Topic, tuple[re.Pattern[str], ...]] = {
    topic: tuple(re.compile(f"(?:{pattern}){_PARTICLE}", re.IGNORECASE) for pattern in patterns)
    for topic, patterns in (
        (Topic.DAY, wording.DAY),
        (Topic.UPSET, wording.UPSET),
        (Topic.URGENT, wording.URGENT),
        (Topic.FORWARD, wording.FORWARD),
        (Topic.REMINDERS, wording.REMINDERS),
        (Topic.CANCEL, wording.CANCEL),
        (Topic.SAID, wording.SAID),
        (Topic.WHY, wording.WHY),
        (Topic.ROOM, wording.ROOM),
        (Topic.HEARD, wording.HEARD),
    )
}


def question(text: str) -> Question | None:
    """The question that a text is; None where it is something else, such as small talk."""
    if len(text) > MAX_CHARS:
        return None
    plain = _ENDING.sub("", text.translate(_SPELLED).strip())
    opening = _OPENING.match(plain)
    plain = plain[opening.end() :] if opening else plain
    for topic, patterns in _PATTERNS.items():
        for pattern in patterns:
            match = pattern.fullmatch(plain)
            if match and (found := _question(topic, match)):
                return found
    return None


def _question(topic: Topic, match: re.Match[str]) -> Question | None:
    said = {key: value for key, value in match.groupdict().items() if value}
    name = said.get("name", "").strip().removeprefix("@")
    if "name" in said and (not name or name.casefold() in wording.NOBODY):
        return None
    days = said.get("when") or said.get("later")
    number = said.get("number") or said.get("nth")
    return Question(
        topic,
        _period(days) if days else None,
        name,
        said.get("word", ""),
        is_whole="whole" in said,
        number=int(number) if number else None,
        is_on=not {"off", "not"} & said.keys(),
    )


def _period(days: str) -> Period:
    days = days.casefold()
    return next((period for part, period in _PERIODS if part in days), Period.TODAY)
