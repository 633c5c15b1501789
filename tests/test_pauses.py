"""/pause and /resume: from the phone in a chat, and from the owner's own account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from handlers.day import Chat
from handlers.exchange import Exchange, Message, Source
from handlers.orders import Order, OrderKind
from handlers.pause import Verb, Wish, parse
from handlers.pauses import Pauses
from tests.desk import orders
from tests.fakes import NOW, Clock, message, room_message

CHATS = (
    Chat("wxid_ming01", None, "小明"),
    Chat("wxid_ming02", None, "小明明"),
    Chat("room@chatroom", "同学群", "小红"),
    Chat("wxid_wang01", None, "老王"),
    Chat("wxid_wang02", None, "老王"),
)


@dataclass
class Past:
    known: Sequence[Chat] = CHATS

    async def chats(self, since: float) -> Sequence[Chat]:
        return self.known


@dataclass
class Bed:
    """Orders, and who gives them."""

    owner: str = "boss"
    clock: Clock = field(default_factory=lambda: Clock(NOW))
    said: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.orders = orders(self.clock)
        self.pauses = Pauses(self.orders, Past(), self.say, owner=self.owner, clock=self.clock)

    def say(self, exchange: Exchange) -> None:
        assert exchange.reply
        self.said.append((exchange.message.chat_id, exchange.reply.text))

    async def ask(self, text: str, **fields: object) -> str | None:
        """What the owner is answered in private, unless ``fields`` say otherwise."""
        asked = message(text, **({"chat_id": "boss", "talker_id": "boss"} | fields))
        return await self.answer(asked)

    async def answer(self, asked: Message) -> str | None:
        done = await self.pauses.stage(Exchange(asked, cleaned=asked.text))
        assert done.reply is None or done.reply.source is Source.COMMAND
        return done.reply.text if done.reply else None

    def order(self, chat_id: str = "") -> Order | None:
        return self.orders.find(OrderKind.PAUSE, chat_id)


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("/pause", Wish(Verb.PAUSE)),
        (" ／暂停 ", Wish(Verb.PAUSE)),
        ("/PAUSE 30m", Wish(Verb.PAUSE, "", 1800)),
        ("/暂停30分钟", Wish(Verb.PAUSE, "", 1800)),
        ("/暂停 半小时", Wish(Verb.PAUSE, "", 1800)),
        ("/pause here 1h", Wish(Verb.PAUSE, "here", 3600)),
        ("/pause 小明 2 小时", Wish(Verb.PAUSE, "小明", 7200)),
        ("/resume John Smith", Wish(Verb.RESUME, "John Smith")),
        ("/继续 全部", Wish(Verb.RESUME, "all")),
        ("/继续加油", None),
        ("/继续10分钟", None),
        ("/pauses", None),
        ("/暂停一下", None),
        ("pause", None),
        ("我说/pause", None),
        ("/pause " + "x" * 100, None),
    ],
)
def test_commands_are_told_from_what_people_write(text: str, wish: Wish | None) -> None:
    """A slash, the word, then maybe a place and a time; all else is ordinary text."""
    assert wish == parse(text)


# On the phone


async def test_an_own_message_pauses_its_chat_and_tells_the_owner() -> None:
    """Nothing is said there; the owner's own account hears what was done, and until when."""
    bed = Bed()
    done = await bed.pauses.typed(message("/pause 30m", talker_id="me", is_self=True))
    order = bed.order("ming")

    assert done
    assert order is not None
    assert (NOW + 1800, "me", None) == (order.until, order.given_by, bed.order())
    [(to, line)] = bed.said
    assert ("boss", True) == (to, line.startswith("好，那个聊天我先不回了，到"))


@pytest.mark.parametrize("chat_id", ["me", "filehelper"])
async def test_a_note_to_oneself_is_for_everywhere(chat_id: str) -> None:
    """File Transfer is where people write to themselves; there the account itself is its owner."""
    bed = Bed(owner="me")
    own = message("/暂停", talker_id="me", chat_id=chat_id, is_self=True)
    await bed.pauses.typed(own)
    during = bed.order()
    await bed.pauses.typed(message("/继续", talker_id="me", chat_id=chat_id, is_self=True))

    assert during is not None
    assert (None, None, []) == (during.until, bed.order(), bed.said)


async def test_resume_on_the_phone_ends_all_silence_there() -> None:
    """A pause, a takeover and a hand-over of that chat, and none elsewhere."""
    bed = Bed()
    for kind in (OrderKind.PAUSE, OrderKind.TAKEOVER, OrderKind.HAND_OVER):
        for chat_id in ("ming", "hong"):
            await bed.orders.give(kind, chat_id=chat_id)
    await bed.pauses.typed(message("/resume", talker_id="me", is_self=True))
    left = {each.chat_id for kind in OrderKind for each in bed.orders.all(kind)}

    assert {"hong"} == left
    assert [("boss", "好，那个聊天我接着回。")] == bed.said


@pytest.mark.parametrize("text", ["好的", "/pause 小明", "/继续 全部", "/help"])
async def test_other_own_messages_are_no_commands(text: str) -> None:
    """What names another chat is for the bot in private, and here only text."""
    assert not await Bed().pauses.typed(message(text, talker_id="me", is_self=True))


# In private


async def test_the_owner_pauses_everything_and_goes_on() -> None:
    """Without a place it is everywhere; the answers say until when, and how to end it."""
    bed = Bed()
    paused = await bed.ask("/暂停 1小时")
    order = bed.order()
    resumed, again = await bed.ask("/继续"), await bed.ask("/继续")

    assert paused is not None
    assert paused.startswith("好，我先歇着，谁都不回，到")
    assert paused.endswith("要早点就说 /继续。")
    assert order is not None
    assert NOW + 3600 == order.until
    assert ("好，我接着回。", "我本来就在回呢。") == (resumed, again)


async def test_a_chat_is_found_by_its_name() -> None:
    """A whole name wins over part of another; the end of an id does as well."""
    bed = Bed()
    answers = [await bed.ask(f"/pause {name}") for name in ("小明", "同学", "wang02")]

    assert ["小明", "同学群", "老王"] == [
        str(each).split("「")[1].split("」")[0] for each in answers
    ]
    paused = {order.chat_id for order in bed.orders.all(OrderKind.PAUSE)}
    assert {"wxid_ming01", "room@chatroom", "wxid_wang02"} == paused


@pytest.mark.parametrize(
    ("name", "expected"),
    [("老王", "老王（wang01）\n老王（wang02）"), ("小李", "没有叫「小李」的聊天")],
)
async def test_a_name_of_none_or_several_does_nothing(name: str, expected: str) -> None:
    """It says so, and how each of the several is named for certain."""
    bed = Bed()
    answer = await bed.ask(f"/pause {name} 1h")

    assert expected in str(answer)
    assert () == bed.orders.all(OrderKind.PAUSE)


async def test_the_end_of_a_pause_names_the_chats_that_stay_silent() -> None:
    """/继续 全部 ends those too."""
    bed = Bed()
    await bed.ask("/暂停")
    await bed.orders.give(OrderKind.HAND_OVER, chat_id="wxid_ming01")
    left = await bed.ask("/继续")
    await bed.ask("/继续 全部")

    assert "还有 1 个聊天停着：小明" in str(left)
    assert () == bed.orders.all(OrderKind.HAND_OVER)


async def test_resuming_a_chat_in_a_pause_of_everything_says_that_it_stays_silent() -> None:
    """One chat cannot be taken out of a pause of all."""
    bed = Bed()
    await bed.ask("/暂停")

    assert "不过现在全部停着" in str(await bed.ask("/继续 小明"))
    assert bed.order() is not None


async def test_here_in_private_is_explained() -> None:
    """The owner is always answered there."""
    bed = Bed()

    assert "你的话我总会回" in str(await bed.ask("/pause here"))
    assert () == bed.orders.all(OrderKind.PAUSE)


@pytest.mark.parametrize("owner", ["boss", ""])
async def test_nobody_else_can(owner: str) -> None:
    """In private it is refused, in a group it is ordinary text; without an owner too."""
    bed = Bed(owner=owner)
    private = await bed.answer(message("/pause"))
    room = await bed.answer(room_message("/pause", mentions_me=True))

    assert ("这个只听主人的哦，想聊天的话我在呢。", None) == (private, room)
    assert () == bed.orders.all(OrderKind.PAUSE)


async def test_in_a_group_the_owner_pauses_that_group() -> None:
    """And no other chat can be named there, where all can read it."""
    bed = Bed()
    here = await bed.answer(room_message("/暂停 30m", talker_id="boss", mentions_me=True))
    named = await bed.answer(room_message("/暂停 小明", talker_id="boss", mentions_me=True))

    assert str(here).startswith("好，这个群我先不回了，到")
    assert (None, ["room@chatroom"]) == (
        named,
        [order.chat_id for order in bed.orders.all(OrderKind.PAUSE)],
    )
