"""Own messages: what the owner typed, and what comes back of the bot's own sends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from handlers.echo import ECHO_S, Echoes, Remembered
from handlers.exchange import Kind, Message
from tests.fakes import NOW, Clock, RecordingChat, message, room_message


@dataclass
class Log:
    """What the bot said in every chat, at NOW."""

    said: tuple[str, ...] = ()

    async def replies_since(self, chat_id: str, since: float) -> Sequence[str]:
        return self.said if since <= NOW else ()


def echoes(*said: str, clock: Clock | None = None) -> Echoes:
    return Echoes(Log(said), max_age_s=120, split_chars=20, clock=clock or Clock(NOW))


def own(text: str, **fields: object) -> Message:
    return message(text, **({"talker_id": "me", "is_self": True} | fields))


LONG = "我在呢，怎么啦？慢慢说，我听着。你今天累不累呀，吃过饭没有？好的。"


@pytest.mark.parametrize(
    ("text", "is_echo"),
    [
        (LONG, True),
        ("我在呢，怎么啦？慢慢说，我听着。", True),
        ("我在呢,怎么啦?慢慢说,我听着[微笑]", True),
        ("你今天累不累呀", True),
        ("好的", False),
        ("在", False),
        ("我在呢", False),
        ("我等会儿打给你", False),
        ("😂", False),
        ("", False),
    ],
)
async def test_a_piece_of_a_reply_is_an_echo_and_a_word_of_it_is_not(
    text: str, is_echo: bool
) -> None:
    """Replies leave in pieces, and gateways rewrite faces; 好的 is in many replies and is typed."""
    assert is_echo == await echoes(LONG).is_echo(own(text))


@pytest.mark.parametrize(
    ("text", "is_echo"),
    [("@小明\u2005好的。", True), ("@小明 好的。", True), ("@小明\u2005好的，马上来", False)],
)
async def test_in_a_group_the_name_before_the_reply_does_not_hide_it(
    text: str, is_echo: bool
) -> None:
    """The bot puts the asker's name before its words; the log has the words alone."""
    mine = room_message(text, talker_id="me", is_self=True)

    assert is_echo == await echoes("好的。").is_echo(mine)


@pytest.mark.parametrize(
    ("said", "text", "is_echo"),
    [
        ("😂😂", "😂😂", True),
        ("😂😂", "😭", False),
        ("", "我通过了你的朋友验证请求，现在我们可以开始聊天了", True),
        ("", "I've accepted your friend request. Now let's chat!", True),
        ("", "我通过了", False),
    ],
)
async def test_faces_and_wechats_own_words_are_known(said: str, text: str, is_echo: bool) -> None:
    """A reply of nothing but faces comes back as one; to a new friend WeChat speaks by itself."""
    assert is_echo == await echoes(said).is_echo(own(text))


async def test_long_after_a_reply_its_words_are_typed() -> None:
    """What the bot said before the span in which a copy may come is no longer looked for."""
    late = echoes(LONG, clock=Clock(NOW + 120 + ECHO_S + 1))

    assert not await late.is_echo(own(LONG))


async def test_what_was_sent_is_known_by_its_id() -> None:
    """Whatever the gateway made of its words; the oldest ids are forgotten."""
    known = echoes()
    chat = Remembered(RecordingChat(), known)
    await chat.send("ming", "好呀。", ())
    before = await known.is_echo(own("<图>", id="out-1"))
    for _ in range(1000):
        await chat.send("ming", "好呀。")

    assert (True, False) == (before, await known.is_echo(own("<图>", id="out-1")))


async def test_an_own_picture_is_the_owners_unless_one_was_sent_there() -> None:
    """Pictures have no words: one that the bot sends to a chat makes those after it doubtful."""
    clock = Clock(NOW)
    known = echoes(clock=clock)
    typed = await known.is_echo(own("", kind=Kind.IMAGE))
    await Remembered(RecordingChat(), known).send_picture("ming", b"png", "day.png")
    back = await known.is_echo(own("", kind=Kind.IMAGE))
    elsewhere = await known.is_echo(own("", kind=Kind.IMAGE, chat_id="hong"))
    clock.pass_by(ECHO_S)

    assert (False, True, False) == (typed, back, elsewhere)
    assert not await known.is_echo(own("", kind=Kind.IMAGE))


async def test_a_voice_message_is_never_the_bots() -> None:
    """The bot sends texts and pictures; all else is done by hand."""
    assert not await echoes(LONG).is_echo(own(LONG, kind=Kind.AUDIO))
