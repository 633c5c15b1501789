from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.address import address
from handlers.exchange import Exchange, Gate, Kind, Message
from settings import Answer


def heard(
    text: str,
    *,
    room: str | None = "群",
    mentions_me: bool = False,
    chat: str = "c1",
    **answer: Any,
) -> Exchange:
    """A cleaned message after the stage, under these answer settings."""
    message = Message("m1", chat, "t1", "小明", text, text, Kind.TEXT, 0.0, room, mentions_me)
    stage = address(Answer.model_validate(answer), "一心")
    return stage(Exchange(message, cleaned=text))


@pytest.mark.parametrize(
    ("answer", "gate"),
    [
        ({}, None),
        ({"private": "all", "private_list": ["c1"]}, None),
        ({"private": "allow", "private_list": ["c1"]}, None),
        ({"private": "allow", "private_list": ["c2"]}, Gate.NOT_ALLOWED),
        ({"private": "allow"}, Gate.NOT_ALLOWED),
        ({"private": "deny", "private_list": ["c2"]}, None),
        ({"private": "deny", "private_list": ["c1"]}, Gate.NOT_ALLOWED),
        ({"chats": {"c1": {"private": "deny"}}}, Gate.NOT_ALLOWED),
        ({"chats": {"c2": {"private": "deny"}}}, None),
        ({"private": "allow", "chats": {"c1": {"private": "all"}}}, None),
        ({"private": "deny", "private_list": ["c1"], "chats": {"c1": {"private": "all"}}}, None),
        ({"private": "allow", "private_list": ["c1"], "chats": {"c1": {"group": []}}}, None),
    ],
)
@pytest.mark.parametrize("text", ["在吗", "/help"])
def test_private_chats(answer: dict[str, Any], gate: Gate | None, text: str) -> None:
    """Lists decide, an override of the chat decides over them, and a command widens neither."""
    exchange = heard(text, room=None, **answer)

    assert gate is exchange.gate
    assert bool(gate) == bool(exchange.detail)


@pytest.mark.parametrize(
    ("text", "mentions_me", "answer", "cleaned"),
    [
        ("在吗", True, {}, "在吗"),
        ("一心，在吗", False, {"group": ["prefix"]}, "在吗"),
        ("一心,在吗", False, {"group": ["prefix"]}, "在吗"),
        ("一心， 在吗", False, {"group": ["prefix"]}, "在吗"),
        ("一心，在吗", True, {"group": ["mention", "prefix"]}, "在吗"),
        ("一心，在吗", True, {}, "一心，在吗"),
        ("一心，", False, {"group": ["prefix"]}, "在吗"),
        ("一心", False, {"group": ["prefix"]}, "在吗"),
        ("一心？", False, {"group": ["prefix"]}, "在吗"),
        ("AI 讲个笑话", False, {"group": ["prefix"], "prefixes": ["ai "]}, "讲个笑话"),
        ("ai", False, {"group": ["prefix"], "prefixes": ["ai "]}, "在吗"),
        ("/ai 好", False, {"group": ["prefix"], "prefixes": ["/", "/ai"]}, "好"),
        ("AI：好", False, {"group": ["prefix"], "prefixes": ["ＡＩ："]}, "好"),
        ("求救命啊", False, {"group": ["keyword"], "keywords": ["救命"]}, "求救命啊"),
        ("HELP me", False, {"group": ["keyword"], "keywords": ["Help"]}, "HELP me"),
        ("straße", False, {"group": ["keyword"], "keywords": ["STRASSE"]}, "straße"),
        ("在吗", True, {"group": [], "chats": {"c1": {"group": ["mention"]}}}, "在吗"),
        ("/help", True, {}, "/help"),
        ("一心，/help", False, {"group": ["prefix"]}, "/help"),
    ],
)
def test_group_messages_for_the_bot(
    text: str, mentions_me: bool, answer: dict[str, Any], cleaned: str
) -> None:
    """Any enabled trigger addresses the bot; a prefix is cut, a bare one is a call."""
    exchange = heard(text, mentions_me=mentions_me, **answer)

    assert (exchange.gate, exchange.cleaned) == (None, cleaned)


@pytest.mark.parametrize(
    ("text", "mentions_me", "answer", "detail"),
    [
        ("在吗", False, {}, "group message without @mention"),
        (
            "在吗",
            False,
            {"group": ["mention", "prefix", "keyword"], "keywords": ["救命"]},
            "group message without @mention, prefix or keyword",
        ),
        ("在吗", True, {"group": ["prefix"]}, "group message without prefix"),
        ("一心，在吗", False, {}, "group message without @mention"),
        ("说一心，在吗", False, {"group": ["prefix"]}, "group message without prefix"),
        (
            "aircraft",
            False,
            {"group": ["prefix"], "prefixes": ["ai "]},
            "group message without prefix",
        ),
        ("在吗", True, {"group": []}, "group where no trigger is enabled"),
        ("在吗", True, {"chats": {"c1": {"group": []}}}, "group where no trigger is enabled"),
        (
            "/help",
            False,
            {"group": ["mention", "keyword"], "keywords": ["help"]},
            "group message without @mention or keyword",
        ),
    ],
)
def test_group_messages_for_others(
    text: str, mentions_me: bool, answer: dict[str, Any], detail: str
) -> None:
    """Without an enabled trigger nothing is answered, and the detail names what was missing."""
    exchange = heard(text, mentions_me=mentions_me, **answer)

    assert (exchange.gate, exchange.detail) == (Gate.NOT_ADDRESSED, detail)


@pytest.mark.parametrize("invisible", ["\u200b", "\u3164", " "])
def test_an_invisible_trigger_matches_nothing(invisible: str) -> None:
    """A prefix or keyword that cleaning leaves empty does not match every message."""
    exchange = heard(
        "在吗", group=["prefix", "keyword"], prefixes=[invisible], keywords=[invisible]
    )

    assert Gate.NOT_ADDRESSED is exchange.gate


def test_quoted_words_call_nobody() -> None:
    """A keyword in what somebody else said, quoted, is not looked at."""
    message = Message("m1", "c1", "t1", "小明", "哦", "哦", Kind.TEXT, 0.0, "群")
    stage = address(Answer(group=("keyword",), keywords=("救命",)), "一心")
    exchange = stage(Exchange(message, cleaned="哦", quoted="小红：救命"))

    assert Gate.NOT_ADDRESSED is exchange.gate


@given(st.text(max_size=60), st.lists(st.text(min_size=1, max_size=5), max_size=4))
def test_any_settings_and_text_are_decided(text: str, words: list[str]) -> None:
    """No text and no configured word raises; what is addressed is never left without words."""
    exchange = heard(
        f"x{text}", group=["prefix", "keyword"], prefixes=words, keywords=words, mentions_me=False
    )

    assert exchange.gate in (None, Gate.NOT_ADDRESSED)
    assert exchange.cleaned
