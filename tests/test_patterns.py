"""What people and models write, made to trap a pattern; and what the settings let people add."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable
from datetime import datetime

import pytest

import ruleset
from engine.distress import is_distress, is_figure_of_speech
from engine.glossary import spell_out
from handlers import skills
from handlers.address import address
from handlers.aim import is_at_reader
from handlers.commands import parse
from handlers.disclosure import asks_who_writes
from handlers.discretion import unfit_message, unfit_reply
from handlers.exchange import Exchange, Kind, Message
from handlers.guard import check
from handlers.mention import cut_mention, without_mentions
from handlers.pause import parse as parse_pause
from handlers.sanitize import MAX_CHARS, clean, sanitize, split_quote
from handlers.sentences import end_at_sentence, split
from handlers.tidy import tidy
from handlers.topics import topic
from moderation.hostile import hostile, is_banter, is_of_others, is_reported
from moderation.links import Links
from moderation.mentions import Mentions
from moderation.recent import key_of
from moderation.words import Words
from settings import Answer
from tests.pace import slowness
from tests.test_mention import hostile_names

NOW = datetime(2026, 11, 22, 12).astimezone()
#: Milliseconds of processor time that a pattern may take for one text (trap 15).
AT_MOST_MS = 50.0
UNITS = (
    *(
        "a",
        "1",
        " ",
        "\n",
        "\t",
        "哈",
        "，",
        "。",
        "!",
        "?",
        "…",
        "「",
        "」",
        "（",
        "(",
        "[",
        "<|",
        "@",
    ),
    *(
        "1.",
        "1+",
        "1,",
        "2026-",
        "12:",
        "a1",
        "a ",
        " a",
        "a\n",
        "\n\n",
        "- ",
        "——",
        "http://",
        "www.",
    ),
    *(
        "我是",
        "你好，",
        "不想活",
        "为什么",
        "星期",
        "三天",
        "一二",
        "￥1",
        "元，",
        "点半",
        "号",
        "\u0301",
    ),
    *(
        "\u200d",
        "\ufe0f",
        "👨\u200d",
        "\U000e0041",
        "<|im_",
        "\\",
        "a\u2005",
        "@a ",
        "的消息",
        "**",
    ),
)
ENDS = ("", "!", "\n", "x", "\x00")


def texts() -> list[str]:
    """4,000 characters of one unit, or of two in turn, with an end that makes a match fail late."""
    pairs = itertools.pairwise(UNITS)
    units = [
        *UNITS,
        *(a + b for a, b in pairs),
        *(f"{a}{a}{b}" for a, b in zip(UNITS, UNITS[7:], strict=False)),
    ]
    return [
        (unit * (MAX_CHARS // len(unit)))[: MAX_CHARS - 1] + end
        for unit, end in zip(units, itertools.cycle(ENDS), strict=False)
    ]


def ms(work: Callable[[], object]) -> float:
    start = time.thread_time()
    work()
    return (time.thread_time() - start) * 1000


#: Patterns of words that the texts below nearly hold, in many ways.
TRAPS = Words(
    ruleset.Words(
        patterns=(
            *("*a" * 49 + "b", "a*" * 49 + "x", "哈*哈*哈*嘿", "http*www*a*!", "- *- *-*+v"),
            *(f"{unit}*{unit}*微信" for unit in UNITS if re.search(r"[^\W_]", unit)),
        )
    )
)


def heard(text: str) -> Exchange:
    """A group message, cleaned."""
    message = Message("m", "r", "t", "小明", text, text, Kind.TEXT, 0.0, room_name="群")
    return Exchange(message, cleaned=text)


#: All that looks at what somebody wrote: as it came, and as it was cleaned.
READ_RAW: dict[str, Callable[[str], object]] = {
    "clean": clean,
    "split_quote": split_quote,
    "mention": lambda text: cut_mention(text, ["一心", "一心 二号"]),
}
READ: dict[str, Callable[[str], object]] = {
    "command": parse,
    "pause": parse_pause,
    "who writes": asks_who_writes,
    "aim": lambda text: is_at_reader(text, "一心"),
    "distress": is_distress,
    "figure of speech": is_figure_of_speech,
    "glossary": spell_out,
    "topic": topic,
    "skills": lambda text: skills.answer(text, NOW),
    "unfit to learn": lambda text: unfit_message(text, NOW),
    "mentions": lambda text: Mentions(ruleset.Mentions())(heard(text)),
    "links": lambda text: Links(ruleset.Links(allowed=("example.com",)))(heard(text)),
    "words": lambda text: TRAPS(heard(text)),
    "repeats": key_of,
    "without mentions": without_mentions,
    "hostile": hostile,
    "banter": is_banter,
    "reported": is_reported,
    "of others": is_of_others,
}
#: All that looks at what the model wrote, which is hostile too where it repeats what it was sent.
WRITTEN: dict[str, Callable[[str], object]] = {
    "tidy": tidy,
    "cut": lambda text: end_at_sentence(text, 90),
    "split": lambda text: split(text, 90),
    "guard": lambda text: check(text, message="在吗", previous=None, bot_name="一心", written=text),
    "guard of an echo": lambda text: check(
        text, message=text, previous=text, bot_name="一心", written=text
    ),
    "unfit to learn": lambda text: unfit_reply(text, "在吗", "一心"),
}


@pytest.mark.parametrize("step", [3, pytest.param(1, marks=pytest.mark.soak)])
def test_hostile_text_is_read_and_judged_quickly(step: int) -> None:
    """4,000 characters made to trap a pattern: each look at them takes under 50 ms (trap 15)."""
    took: dict[str, float] = {}
    hostile = texts()[::step]
    for text in hostile:
        cleaned = clean(text)
        for looks, seen in ((READ_RAW, text), (READ, cleaned), (WRITTEN, text)):
            for name, look in looks.items():
                spent = ms(lambda look=look, seen=seen: look(seen))  # type: ignore[misc]
                took[name] = max(took.get(name, 0.0), spent)
    slowest = max(took.values())
    print(f"{len(took)} looks at {len(hostile)} hostile texts: slowest {slowest:.0f} ms: {took}")

    assert {name: spent for name, spent in took.items() if spent >= AT_MOST_MS * slowness()} == {}


@pytest.mark.parametrize("key", ["prefixes", "keywords"])
def test_what_the_settings_name_is_no_pattern(key: str) -> None:
    """500 hostile prefixes or keywords, on text made for them: each message under 50 ms."""
    names = [name.replace("\ud800", "") for name in hostile_names(500)]
    names = [name for name in names if name.strip()]
    answer = Answer.model_validate({"group": ["prefix", "keyword"], key: names})
    stage, slowest = address(answer, "一心"), 0.0
    for text in ("a" * MAX_CHARS + "!", *(f"{name} 在吗"[:MAX_CHARS] for name in names[:100])):
        message = Message("m", "r", "t", "小明", text, text, Kind.TEXT, 0.0, room_name="群")
        exchange = sanitize(Exchange(message))
        slowest = max(slowest, ms(lambda e=exchange: stage(e)))  # type: ignore[misc]

    assert slowest < AT_MOST_MS
