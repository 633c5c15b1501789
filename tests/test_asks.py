"""What is a command of an admin, and what only looks like one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.asks import Ask, Asked, parse


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/mood", Asked(Ask.MOOD)),
        ("／心情", Asked(Ask.MOOD)),
        ("/心情 小明", Asked(Ask.MOOD, "小明")),
        ("/MOOD Mr.  Li", Asked(Ask.MOOD, "Mr. Li")),
        ("/why #12", Asked(Ask.WHY, "#12")),
        ("/为什么@小明", Asked(Ask.WHY, "@小明")),
        ("/对", Asked(Ask.RIGHT)),
        ("/错#3", Asked(Ask.WRONG, "#3")),
        ("/原谅 小明 2", Asked(Ask.FORGIVE, "小明 2")),
        ("/豁免 小明 取消", Asked(Ask.EXEMPT, "小明 取消")),
        ("/模式 提醒", Asked(Ask.MODE, "提醒")),
        ("/quiet 30m", Asked(Ask.QUIET, "30m")),
        ("/日报", Asked(Ask.DIGEST)),
        ("/room 2", Asked(Ask.ROOM, "2")),
    ],
)
def test_commands_are_understood(text: str, expected: Asked) -> None:
    """A slash, a word, and behind a blank, a # or an @ what it is about."""
    assert expected == parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "/对不起",
        "/错了吧",
        "/心情不好",
        "对",
        "心情 小明",
        "我说 /mood",
        "/mood\n小明",
        "/日报 快点",
        "/why" + "x" * 99,
    ],
)
def test_all_else_is_ordinary_text(text: str) -> None:
    """No slash, words that go on, a second line: what people say to each other."""
    assert parse(text) is None


@pytest.mark.parametrize(
    ("rest", "expected"), [("12", 12), ("#12", 12), ("", None), ("小明", None), ("²", None)]
)
def test_a_number_is_told_from_a_name(rest: str, expected: int | None) -> None:
    """Digits, with # or without; nothing else."""
    assert expected == Asked(Ask.WHY, rest).number


@given(st.text(max_size=120))
def test_parsing_takes_any_text(text: str) -> None:
    """No text raises."""
    parse(text)
