"""The owner types: the bot falls silent there, whatever it is in the middle of."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import settings
from handlers.admit import admit
from handlers.audit.errors import AuditError
from handlers.audit.log import AuditLog
from handlers.audit.orders import OrderStore
from handlers.audit.schema import Run
from handlers.deliver import Deliverer
from handlers.echo import Echoes, Remembered
from handlers.exchange import Exchange, Gate, Kind, Message, Outcome, Reply, Source
from handlers.governor import Governor
from handlers.hours import Hours
from handlers.orders import OrderKind, Orders
from handlers.pipeline import Pipeline
from handlers.presence import Presence
from handlers.refusal import Refused
from handlers.takeover import Takeover
from settings import Audit
from tests.desk import MemoryOrders, orders
from tests.fakes import NOW, Clock, MemoryLedger, RecordingChat, message, room_message

RUN = Run("bundled-small", "1d9614638d18", "bf16", "p1", "0123456789ab", "0.1.0")
NO_WAIT = settings.Deliver(delay_min_s=0, delay_max_s=0, delay_per_char_s=0, gap_s=0)
MINUTES_15 = 900.0


@dataclass
class Ear:
    """Takes for the bot's own what it was told to; may not be able to tell."""

    echo: bool = False
    error: Exception | None = None

    async def is_echo(self, message: Message) -> bool:
        if self.error is not None:
            raise self.error
        return self.echo


@dataclass
class Typed:
    """Carries out what begins with a slash."""

    done: list[str] = field(default_factory=list)

    async def typed(self, message: Message) -> bool:
        if message.text.startswith("/"):
            self.done.append(message.text)
        return message.text.startswith("/")


def own(text: str = "我来说", **fields: object) -> Message:
    return message(text, **({"talker_id": "me", "is_self": True} | fields))


def takeover(
    given: Orders, clock: Clock, *, ear: Ear | None = None, takeover_s: float = MINUTES_15
) -> Takeover:
    return Takeover(given, ear or Ear(), Typed(), takeover_s=takeover_s, max_age_s=120, clock=clock)


# What is heard


async def test_each_own_message_prolongs_it() -> None:
    """Fifteen minutes after the last word that the owner typed there, the bot answers again."""
    clock = Clock(NOW)
    given = orders(clock)
    door = takeover(given, clock)
    await door.heard(own(sent_at=clock.now))
    clock.pass_by(600)
    await door.heard(own(sent_at=clock.now))
    clock.pass_by(899)
    still = given.find(OrderKind.TAKEOVER, "ming")
    clock.pass_by(1)

    assert still is not None
    assert given.find(OrderKind.TAKEOVER, "ming") is None


@pytest.mark.parametrize(
    ("heard", "is_over"),
    [
        (own(), True),
        (own(chat_id="room@chatroom", room_name="同学群"), True),
        (own("", kind=Kind.AUDIO), True),
        (own("", kind=Kind.STICKER), True),
        (own("你撤回了一条消息", kind=Kind.RECALL), False),
        (own("小红加入了群聊", kind=Kind.EVENT), False),
        (own(sent_at=NOW - 121), False),
        (own("/pause"), False),
        (message(), False),
        (room_message(), False),
    ],
)
async def test_only_what_was_typed_just_now_counts(heard: Message, is_over: bool) -> None:
    """By hand, in any chat and of any kind; no replay, no command, nothing of WeChat's own."""
    clock = Clock(NOW)
    given = orders(clock)
    await takeover(given, clock).heard(heard)

    assert is_over == (given.find(OrderKind.TAKEOVER, heard.chat_id) is not None)


async def test_it_counts_from_when_it_was_typed() -> None:
    """A minute late, as after an outage, it holds for a minute less; so a replay renews nothing."""
    clock = Clock(NOW)
    given = orders(clock)
    await takeover(given, clock).heard(own(sent_at=NOW - 60))
    order = given.find(OrderKind.TAKEOVER, "ming")

    assert order is not None
    assert NOW - 60 + MINUTES_15 == order.until


async def test_the_bots_own_words_take_nothing_over() -> None:
    """An echo of its own sends is none of the owner's."""
    clock = Clock(NOW)
    given = orders(clock)
    await takeover(given, clock, ear=Ear(echo=True)).heard(own())

    assert () == given.all(OrderKind.TAKEOVER)


async def test_it_ends_a_hand_over_and_shortens_no_longer_order() -> None:
    """Who answers needs no more handing over; the hours that a yes has ordered stay hours."""
    clock = Clock(NOW)
    given = orders(clock)
    await given.give(OrderKind.HAND_OVER, chat_id="ming", seconds=3600)
    await given.give(OrderKind.TAKEOVER, chat_id="ming", seconds=43_200)
    await takeover(given, clock).heard(own())
    left = given.find(OrderKind.TAKEOVER, "ming")

    assert given.find(OrderKind.HAND_OVER, "ming") is None
    assert left is not None
    assert left.until == NOW + 43_200


async def test_with_no_minutes_it_only_ends_a_hand_over() -> None:
    """answer.takeover_min 0: the owner may talk beside the bot."""
    clock = Clock(NOW)
    given = orders(clock)
    await given.give(OrderKind.HAND_OVER, chat_id="ming", seconds=3600)
    await takeover(given, clock, takeover_s=0).heard(own())

    assert () == (*given.all(OrderKind.HAND_OVER), *given.all(OrderKind.TAKEOVER))


async def test_a_disk_that_is_full_is_in_nobodys_way() -> None:
    """What cannot be kept is logged: without a row nothing could leave either."""
    clock = Clock(NOW)
    refusing = Orders(MemoryOrders(error=AuditError("the disk is full")), clock=clock)
    await takeover(refusing, clock).heard(own())
    await takeover(refusing, clock, ear=Ear(error=AuditError("cannot read"))).heard(own())

    assert refusing.find(OrderKind.TAKEOVER, "ming") is None


# In the middle of something


@dataclass
class Desk:
    """A pipeline on a real log, with an owner at the phone."""

    pipeline: Pipeline
    given: Orders
    ended: dict[str, Exchange]

    async def hear(self, heard: Message) -> Message:
        await self.pipeline.submit(heard)
        return heard

    async def end_of(self, heard: Message) -> Exchange:
        async with asyncio.timeout(5):
            while heard.id not in self.ended:
                await asyncio.sleep(0.001)
        return self.ended[heard.id]


@dataclass
class Phone(RecordingChat):
    """A chat in which the owner types right after so many sends."""

    types_after: int = 0
    desk: Desk | None = None

    async def send(
        self, chat_id: str, text: str, mentions: Sequence[tuple[str, str]] = ()
    ) -> str | None:
        sent = await super().send(chat_id, text, mentions)
        if self.desk and len(self.sent) == self.types_after:
            await self.desk.hear(own("这个我自己跟你说", sent_at=NOW))
        return sent


@asynccontextmanager
async def desk(
    folder: Path,
    chat: Phone,
    write: Callable[[Exchange], Awaitable[Exchange]],
    pace: settings.Deliver = NO_WAIT,
) -> AsyncIterator[Desk]:
    place, clock = Audit(folder=str(folder / "audit")), Clock(NOW)
    async with await AuditLog.open(place, RUN, clock=clock) as log:
        given = await Orders.load(OrderStore(log), clock=clock)
        echoes = Echoes(log, max_age_s=120, split_chars=10, clock=clock)
        door = Takeover(given, echoes, Typed(), takeover_s=MINUTES_15, max_age_s=120, clock=clock)
        presence = Presence(given, Hours([]), owner="boss")
        ended: dict[str, Exchange] = {}
        pipeline = Pipeline(
            read={"admit": admit(max_age_s=120, clock=clock), "presence": presence.stage},
            write=write,
            deliverer=Deliverer(
                Remembered(chat, echoes),
                log,
                pace,
                split_chars=10,
                governor=Governor(gap_s=pace.gap_s),
                may_leave=presence.may_leave,
            ),
            ledger=log,
            pace=pace,
            burst_s=0,
            done=(lambda exchange: ended.update({exchange.message.id: exchange}),),
            arrived=door.heard,
        )
        chat.desk = Desk(pipeline, given, ended)
        yield chat.desk
        await pipeline.drain(1)


async def at_once(exchange: Exchange) -> Exchange:
    return exchange.answered(Reply("好呀。", Source.MODEL))


async def in_parts(exchange: Exchange) -> Exchange:
    text = "第一句在这里呢。第二句在这里呢。第三句在这里呢。"
    return exchange.answered(Reply(text, Source.MODEL))


async def test_what_is_being_written_is_dropped(tmp_path: Path) -> None:
    """The owner types while the model writes: nothing leaves, and the row says why."""
    writing, typed = asyncio.Event(), asyncio.Event()

    async def slow(exchange: Exchange) -> Exchange:
        writing.set()
        await typed.wait()
        return await at_once(exchange)

    chat = Phone()
    async with desk(tmp_path, chat, slow) as at:
        asked = await at.hear(message(sent_at=NOW))
        await writing.wait()
        await at.hear(own(sent_at=NOW))
        typed.set()
        done = await at.end_of(asked)

    assert ([], Outcome.SILENT, Gate.TAKEN_OVER) == (chat.sent, done.outcome, done.gate)
    assert "the owner is there" in done.detail


async def test_what_waits_to_leave_is_dropped(tmp_path: Path) -> None:
    """The answer is ready and only its pace holds it: it is dropped all the same."""
    chat, pace = Phone(), NO_WAIT.model_copy(update={"delay_min_s": 0.05, "delay_max_s": 0.05})
    async with desk(tmp_path, chat, at_once, pace) as at:
        asked = await at.hear(message(sent_at=NOW))
        await asyncio.sleep(0.01)
        await at.hear(own(sent_at=NOW))
        done = await at.end_of(asked)

    assert ([], Gate.TAKEN_OVER) == (chat.sent, done.gate)


@pytest.mark.parametrize(("asked_before", "outcomes"), [(0, []), (1, []), (2, [Outcome.SENDING])])
async def test_it_is_asked_before_each_step_out(asked_before: int, outcomes: list[Outcome]) -> None:
    """Before room is claimed, before the row says sending, and in its turn: nothing leaves."""
    chat, ledger, asked = RecordingChat(), MemoryLedger(), itertools.count()

    def may_leave(exchange: Exchange) -> Refused | None:
        return None if next(asked) < asked_before else Refused(Gate.TAKEN_OVER, "the owner")

    # What is dropped at once waits for no room: in quiet hours it would be refused as quiet.
    governor = Governor(gap_s=0, quiet=lambda: None if asked_before else "23:00-07:30")
    outlet = Deliverer(
        chat, ledger, NO_WAIT, split_chars=20, governor=governor, may_leave=may_leave
    )
    done = await outlet.deliver(await at_once(Exchange(message())))

    assert ([], outcomes) == (chat.sent, [outcome for _, outcome in ledger.history])
    assert (Outcome.SILENT, Gate.TAKEN_OVER, "the owner") == (done.outcome, done.gate, done.detail)


async def test_between_two_parts_the_rest_is_dropped(tmp_path: Path) -> None:
    """One part had left: the row says uncertain, and after which part the owner came."""
    chat = Phone(types_after=1)
    async with desk(tmp_path, chat, in_parts) as at:
        done = await at.end_of(await at.hear(message(sent_at=NOW)))
        after = await at.end_of(await at.hear(message(sent_at=NOW)))

    assert ["第一句在这里呢。"] == [text for _, text, _ in chat.sent]
    assert (Outcome.UNCERTAIN, Gate.TAKEN_OVER) == (done.outcome, done.gate)
    assert done.detail.startswith("after part 1: the owner is there")
    assert Gate.TAKEN_OVER is after.gate


async def test_the_echo_of_its_own_first_part_stops_nothing(tmp_path: Path) -> None:
    """A puppet that reports sends as own messages does not silence the bot."""

    class Echoing(Phone):
        async def send(
            self, chat_id: str, text: str, mentions: Sequence[tuple[str, str]] = ()
        ) -> str | None:
            sent = await super().send(chat_id, text, mentions)
            assert self.desk
            await self.desk.hear(own(text, id=f"echo-{len(self.sent)}", sent_at=NOW))
            return sent

    chat = Echoing()
    async with desk(tmp_path, chat, in_parts) as at:
        done = await at.end_of(await at.hear(message(sent_at=NOW)))

    assert (3, Outcome.SENT) == (len(chat.sent), done.outcome)


async def test_other_chats_are_answered_on(tmp_path: Path) -> None:
    """A takeover is of one chat."""
    chat = Phone()
    async with desk(tmp_path, chat, at_once) as at:
        await at.hear(own(sent_at=NOW))
        here = await at.end_of(await at.hear(message(sent_at=NOW)))
        there = await at.end_of(
            await at.hear(message(sent_at=NOW, chat_id="hong", talker_id="hong"))
        )

    assert (Gate.TAKEN_OVER, Outcome.SENT) == (here.gate, there.outcome)


async def test_a_restart_does_not_end_it(tmp_path: Path) -> None:
    """The order is on disk before it counts; a new start keeps it, and a replay renews nothing."""
    mine = own(sent_at=NOW)
    async with desk(tmp_path, Phone(), at_once) as at:
        await at.hear(mine)
    chat = Phone()
    async with desk(tmp_path, chat, at_once) as at:
        before = at.given.find(OrderKind.TAKEOVER, "ming")
        await at.hear(mine)
        done = await at.end_of(await at.hear(message(sent_at=NOW)))
        after = at.given.find(OrderKind.TAKEOVER, "ming")

    assert before is not None
    assert (Gate.TAKEN_OVER, [], before) == (done.gate, chat.sent, after)
