from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.commands import Command, Commands, Status, command, parse
from handlers.exchange import Exchange, Kind, Message, Outcome, Reply, Source

PRIVATE = Message("m1", "t1", "t1", "小明", "/status", "/status", Kind.TEXT, 0.0)
GROUP = replace(PRIVATE, chat_id="r1", room_name="群")
STATUS = Status("bundled-small", "bf16", 93_784, 12, 87.4, 2_345.6, 3)


@dataclass
class Facts:
    now: Status = STATUS

    def status(self) -> Status:
        return self.now


def commands(owner: str = "", now: Status = STATUS) -> Commands:
    return Commands(Facts(now), owner=owner)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/reset", Command.RESET),
        ("/重置", Command.RESET),
        ("／reset", Command.RESET),
        ("／重置", Command.RESET),
        ("/HELP", Command.HELP),
        (" /help\n", Command.HELP),
        ("/帮助", Command.HELP),
        ("/status", Command.STATUS),
        ("／状态", Command.STATUS),
    ],
)
def test_commands_are_recognised(text: str, expected: Command) -> None:
    """A slash of either width and one known word, in any case, is a command."""
    assert expected is parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "／",
        "help",
        "帮助",
        "/unknown",
        "/help me",
        "/ help",
        "//help",
        "试试 /help",
        "/帮助吗",
    ],
)
def test_all_else_is_ordinary_text(text: str) -> None:
    """An unknown word, more words or no slash: something people say to each other."""
    assert parse(text) is None


@given(st.text(max_size=30))
def test_parsing_takes_any_text(text: str) -> None:
    """No text raises, and what is recognised begins with a slash."""
    assert parse(text) is None or text.strip()[0] in "/／"


def test_reset_leaves_its_mark() -> None:
    """/reset is answered by the COMMAND named reset, after which the history begins anew."""
    reply = commands().answer(Command.RESET, GROUP)

    assert Reply("好，之前聊的我都放下了，我们重新开始吧。", Source.COMMAND, "reset") == reply


def test_help_names_what_the_asker_may_do() -> None:
    """/help lists /status for the owner, and not for a stranger who would be refused."""
    stranger = commands(owner="o1").answer(Command.HELP, PRIVATE)
    owner = commands(owner="t1").answer(Command.HELP, PRIVATE)

    assert (stranger.source, stranger.name) == (Source.COMMAND, "help")
    assert "/重置" in stranger.text
    assert "/状态" not in stranger.text
    assert "/状态" in owner.text


def test_help_names_the_commands_of_other_stages() -> None:
    """What another stage tells of itself to this person stands at the end."""
    told = Commands(Facts(), more=[lambda message: [f"/more for {message.talker_id}"]])

    assert told.answer(Command.HELP, PRIVATE).text.endswith("\n/more for t1")


def test_status_tells_the_facts() -> None:
    """/status gives model, uptime, count, medians and queue in Chinese."""
    reply = commands().answer(Command.STATUS, PRIVATE)
    expected = (
        "模型：bundled-small（bf16）\n"
        "已运行：1 天 2 小时 3 分钟\n"
        "今天收到：12 条\n"
        "读心情：87 毫秒，写回复：2.3 秒（中位数）\n"
        "等待中：3 条"
    )

    assert Reply(expected, Source.COMMAND, "status") == reply


def test_status_of_a_bot_just_started() -> None:
    """Before the first message there are no medians, and the uptime is still words."""
    fresh = replace(STATUS, uptime_s=59.9, num_today=0, mood_ms=None, reply_ms=None)
    text = commands(now=fresh).answer(Command.STATUS, PRIVATE).text

    assert "已运行：不到 1 分钟" in text
    assert "读心情：还没有数据，写回复：还没有数据" in text


@pytest.mark.parametrize(
    ("owner", "message", "is_told"),
    [
        ("", PRIVATE, True),
        ("", GROUP, False),
        ("t1", PRIVATE, True),
        ("t1", GROUP, True),
        ("o1", PRIVATE, False),
        ("o1", GROUP, False),
    ],
)
def test_who_is_told_the_status(owner: str, message: Message, is_told: bool) -> None:
    """The owner alone where there is one, else everyone in private; others get a polite line."""
    reply = commands(owner=owner).answer(Command.STATUS, message)

    assert is_told == ("bundled-small" in reply.text)
    assert reply.name == "status"
    assert reply.text


def test_the_stage_answers_commands_only() -> None:
    """A command leaves the stage decided; ordinary text leaves it as it came."""
    stage = command(commands())
    ordinary = Exchange(PRIVATE, cleaned="在吗")
    answered = stage(Exchange(PRIVATE, cleaned="/help"))

    assert ordinary == stage(ordinary)
    assert Outcome.DECIDED is answered.outcome
    assert answered.reply is not None
    assert answered.reply.name == "help"
