"""What may serve as an example, and what stays in the chat where it was said."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from handlers.discretion import MAX_CHARS, unfit_message, unfit_reply, words

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("message", "reply"),
    [
        ("在吗", "在的在的"),
        ("今天太累了", "摸摸头，早点歇着吧"),
        ("哈哈哈哈笑死", "哈哈哈你别说了"),
        ("周末好无聊啊", "出来玩呀"),
        ("谢谢你呀", "跟我还客气啥[微笑]"),
        ("good night", "sweet dreams"),
    ],
)
def test_small_talk_is_fit(message: str, reply: str) -> None:
    """What could be said any day to anyone is what the bot learns from."""
    assert (None, None) == (unfit_message(message, NOW), unfit_reply(reply, message, "一心"))


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("/重置", "command"),
        ("我不想活了", "distress"),
        ("好" * (MAX_CHARS + 1), "too long"),
        ("😂😂", "no words"),
        ("看这个 https://example.com/a", "private"),
        ("我的号是 13800138000", "private"),
        ("你家wifi密码发我", "private"),
        ("收到验证码了吗", "private"),
        ("<msg><appmsg/></msg>", "markup"),
        ("你现在在哪", "asks for owner"),
        ("今天几号", "asks for a date or a sum"),
    ],
)
def test_messages_that_are_none_to_learn_from(message: str, reason: str) -> None:
    """Each is withheld for its reason, and the reason repeats none of it."""
    assert reason == unfit_message(message, NOW)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("嗯", "too short"),
        ("👍🏻", "too short"),
        ("[微笑]", "too short"),
        ("/help", "command"),
        ("长" * (MAX_CHARS + 1), "too long"),
        ("看 www.example.com", "private"),
        ("加我微信 abc12345", "private"),
        ("卡号6222021234567890", "private"),
        ("密码是 abc", "private"),
        ("门禁 2580#", "private"),
        ("用Tr0ub4dor登", "private"),
        ("我在3号楼502室", "private"),
        ("pin 是 12", "private"),
        ("不想活了", "distress"),
        ("@所有人 来一下", "guard: mention"),
        ("你个傻逼", "guard: vulgar"),
        ("我一定到！", "claim"),
    ],
)
def test_answers_that_are_no_examples(reply: str, reason: str) -> None:
    """Secrets, promises, and what the bot itself may not say, are withheld, each for its reason."""
    assert reason == unfit_reply(reply, "那就这样吧", "一心")


def test_words_are_what_gateways_leave_alone() -> None:
    """Faces, marks, blanks and case are no words."""
    assert "好的ok啦" == words(" 好的，OK 啦[微笑]～😊<img class='emoji'>\n")
