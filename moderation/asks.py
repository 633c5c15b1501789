"""What an admin asks for, told from ordinary text: one of these words, and what belongs to it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from moderation.rooms import Mode


class Ask(StrEnum):
    MOOD = "mood"
    WHY = "why"
    RIGHT = "right"
    WRONG = "wrong"
    FORGIVE = "forgive"
    EXEMPT = "exempt"
    MODE = "mode"
    QUIET = "quiet"
    DIGEST = "digest"
    ROOM = "room"


_WORDS: Mapping[str, Ask] = MappingProxyType(
    {ask.value: ask for ask in Ask}
    | {
        "心情": Ask.MOOD,
        "为什么": Ask.WHY,
        "对": Ask.RIGHT,
        "错": Ask.WRONG,
        "原谅": Ask.FORGIVE,
        "豁免": Ask.EXEMPT,
        "模式": Ask.MODE,
        "安静": Ask.QUIET,
        "日报": Ask.DIGEST,
        "群": Ask.ROOM,
    }
)
#: Those that stand alone: /digest tomorrow is something people say.
_ALONE = frozenset({Ask.DIGEST})
MODES: Mapping[str, Mode] = MappingProxyType(
    {
        "off": "off",
        "关": "off",
        "关闭": "off",
        "shadow": "shadow",
        "旁观": "shadow",
        "warn": "warn",
        "提醒": "warn",
        "enforce": "enforce",
        "执行": "enforce",
    }
)
#: As an answer to a command that can be undone.
ENDS = frozenset({"off", "关", "取消", "结束", "0"})
DEFAULT = frozenset({"default", "默认"})

#: What follows the word stands apart, or /对不起 would be a mark.
_ASKED = re.compile(r"[/／]([A-Za-z]{2,8}|[一-鿿]{1,3})(?:(?: +|(?=[#@]))(\S.{0,80}))?")
_NUMBER = re.compile(r"#?([0-9]{1,9})")


@dataclass(frozen=True, slots=True)
class Asked:
    """A command, and what was written behind it."""

    ask: Ask
    rest: str = ""

    @property
    def number(self) -> int | None:
        """The number that the rest is, with # or without."""
        found = _NUMBER.fullmatch(self.rest)
        return int(found[1]) if found else None


def parse(text: str) -> Asked | None:
    """The command that the whole of ``text`` is, or None: an ordinary message.

    A slash of either width, one word, Chinese or English, in any case, and what it is about on
    the same line. What is wrong behind the word is for whoever carries it out to say.
    """
    found = _ASKED.fullmatch(text.strip())
    ask = found and _WORDS.get(found[1].casefold())
    if not found or ask is None:
        return None
    rest = " ".join((found[2] or "").split())
    return None if rest and ask in _ALONE else Asked(ask, rest)
