"""The pipeline: order, bursts, bounds, and nothing that goes unaccounted for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

import settings
from handlers import pipeline
from handlers.admit import admit, in_time
from handlers.deliver import Deliverer
from handlers.exchange import Exchange, Gate, Message, Outcome, Reply, Source
from handlers.governor import Governor
from handlers.pipeline import AT_ONCE, Pipeline, Stage
from tests.fakes import NOW, Clock, MemoryLedger, RecordingChat, message, room_message

PACE = settings.Deliver(max_waiting_chat=20, max_waiting=100)


@dataclass
class Outbox:
    """Delivers at once, in memory; the order of what left is what is tested."""

    sent: list[Exchange] = field(default_factory=list)
    delay_s: float = 0.0

    async def deliver(self, exchange: Exchange) -> Exchange:
        await asyncio.sleep(self.delay_s)
        done = replace(exchange, outcome=Outcome.SENT)
        self.sent.append(done)
        return done

    def texts(self) -> list[str]:
        return [exchange.reply.text for exchange in self.sent if exchange.reply]


def cleaned(exchange: Exchange) -> Exchange:
    return replace(exchange, cleaned=exchange.message.text)


def only_called(exchange: Exchange) -> Exchange:
    if exchange.message.is_private or "@一心" in exchange.cleaned:
        return exchange
    return exchange.stopped(Gate.NOT_ADDRESSED)


def echo(exchange: Exchange) -> Exchange:
    return exchange.answered(Reply(f"echo {exchange.cleaned}", Source.MODEL))


@dataclass
class Bed:
    """A pipeline with its surroundings."""

    read: dict[str, Stage] = field(
        default_factory=lambda: {"clean": cleaned, "address": only_called}
    )
    write: Stage = echo
    burst_s: float = 0.0
    pace: settings.Deliver = PACE
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    outbox: Outbox = field(default_factory=Outbox)
    ended: list[Exchange] = field(default_factory=list)
    listener: Callable[[Exchange], None] = lambda exchange: None

    def __post_init__(self) -> None:
        self.pipeline = Pipeline(
            read=self.read,
            write=self.write,
            deliverer=self.outbox,
            ledger=self.ledger,
            pace=self.pace,
            burst_s=self.burst_s,
            done=(self.ended.append, self.listener),
        )

    async def submit(self, *messages: Message) -> None:
        for each in messages:
            await self.pipeline.submit(each)

    async def settle(self) -> None:
        await self.pipeline.drain(5)


async def test_a_message_is_read_answered_and_recorded() -> None:
    """One private message: one answer, and a row that says sent, with the time of each stage."""
    bed, asked = Bed(), message("你好")
    await bed.submit(asked)
    await bed.settle()

    row = bed.ledger.of(asked.id)
    assert ["echo 你好"] == bed.outbox.texts()
    assert Outcome.SENT is row.outcome
    assert ["clean", "address", "reply", "deliver"] == [name for name, _ in row.stage_ms]


async def test_what_is_not_addressed_is_read_but_not_answered() -> None:
    """A group message without a call passes every reading stage and keeps the reason of silence."""
    bed, asked = Bed(), room_message("吃了吗")
    await bed.submit(asked)
    await bed.settle()

    row = bed.ledger.of(asked.id)
    assert [] == bed.outbox.sent
    assert (Gate.NOT_ADDRESSED, Outcome.SILENT, "吃了吗") == (row.gate, row.outcome, row.cleaned)


async def test_the_decision_is_recorded_before_delivery() -> None:
    """When delivery begins, the row already holds the reply that was decided."""
    bed = Bed()
    at_delivery: list[Outcome] = []

    async def deliver(exchange: Exchange) -> Exchange:
        at_delivery.append(bed.ledger.rows[exchange.id].outcome)
        return replace(exchange, outcome=Outcome.SENT)

    bed.outbox.deliver = deliver  # type: ignore[method-assign]
    await bed.submit(message())
    await bed.settle()

    assert [Outcome.DECIDED] == at_delivery


async def test_the_same_message_again_is_answered_once() -> None:
    """Five arrivals of one id are one answer and one row."""
    bed, asked = Bed(), message()
    await bed.submit(*[asked] * 5)
    await bed.settle()

    assert 1 == len(bed.outbox.sent) == len(bed.ledger.rows)


async def test_a_chat_is_answered_in_order_and_chats_side_by_side() -> None:
    """Forty messages in four chats: each chat's answers in its order, slow chats delay no other."""
    slow = asyncio.Event()

    async def write(exchange: Exchange) -> Exchange:
        if exchange.message.chat_id == "c0":
            await slow.wait()
        return echo(exchange)

    bed = Bed(write=write)
    for n in range(40):
        await bed.submit(message(str(n), chat_id=f"c{n % 4}", talker_id=f"c{n % 4}"))
    async with asyncio.timeout(2):
        while len(bed.outbox.sent) < 30:
            await asyncio.sleep(0.001)
    slow.set()
    await bed.settle()

    order = [[e.cleaned for e in bed.outbox.sent if e.message.chat_id == f"c{c}"] for c in range(4)]
    assert [[str(n) for n in range(c, 40, 4)] for c in range(4)] == order


async def test_a_burst_is_answered_once_together() -> None:
    """Three quick messages of one person get one answer to all; two rows name its exchange."""
    bed = Bed(burst_s=0.05)
    burst = [message(text) for text in ("在吗", "有个事", "能帮我吗")]
    await bed.submit(*burst)
    await asyncio.sleep(0.2)

    first, second, last = (bed.ledger.of(m.id) for m in burst)
    assert ["echo 在吗\n有个事\n能帮我吗"] == bed.outbox.texts()
    assert [Gate.MERGED] * 2 == [first.gate, second.gate]
    assert [last.id] * 2 == [first.detail, second.detail]
    assert "能帮我吗" == last.cleaned


async def test_another_person_closes_the_burst() -> None:
    """In a group, messages of two people are never merged into one answer."""
    bed = Bed(burst_s=0.05)
    texts = [("ming", "@一心 早"), ("hong", "@一心 晚")]
    await bed.submit(*[room_message(text, talker_id=who) for who, text in texts])
    await asyncio.sleep(0.2)

    assert ["echo @一心 早", "echo @一心 晚"] == bed.outbox.texts()


async def test_somebody_who_never_stops_typing_is_answered() -> None:
    """A burst ends after four quiet windows at the latest."""
    bed = Bed(burst_s=0.05)
    start = time.monotonic()
    while not bed.outbox.sent and time.monotonic() - start < 1:
        await bed.submit(message("还有"))
        await asyncio.sleep(0.02)

    assert bed.outbox.sent
    await bed.settle()


async def test_a_stage_that_breaks_ends_only_its_message() -> None:
    """An exception in a stage becomes gate error with its name; the next message is answered."""

    def fragile(exchange: Exchange) -> Exchange:
        if exchange.message.text == "boom":
            raise RuntimeError("kaputt")
        return exchange

    bed = Bed(read={"clean": cleaned, "fragile": fragile})
    bad, good = message("boom"), message("好")
    await bed.submit(bad, good)
    await bed.settle()

    row = bed.ledger.of(bad.id)
    assert (Gate.ERROR, "fragile: RuntimeError: kaputt") == (row.gate, row.detail)
    assert ["echo 好"] == bed.outbox.texts()


async def test_nothing_leaves_without_its_row() -> None:
    """While the audit log cannot be written nothing is sent; once it can, answers go on."""
    bed = Bed()
    hold = asyncio.Event()

    async def write(exchange: Exchange) -> Exchange:
        await hold.wait()
        return echo(exchange)

    bed = Bed(write=write)
    await bed.submit(message("满"))
    await asyncio.sleep(0.01)
    bed.ledger.error = OSError("disk full")
    hold.set()
    await asyncio.sleep(0.02)
    assert [] == bed.outbox.sent

    bed.ledger.error = None
    await bed.submit(message("又有了"))
    await bed.settle()
    assert ["echo 又有了"] == bed.outbox.texts()


@pytest.mark.parametrize("failing", [Outcome.DECIDED, Outcome.SENDING, Outcome.SENT])
async def test_a_row_that_failed_once_never_denies_what_left(failing: Outcome) -> None:
    """A disk full for one write: before the send nothing leaves, and the row says so; after it the
    row says that it was sent, or at least was about to be.
    """
    bed, chat = Bed(), RecordingChat()
    record, failed = bed.ledger.record, list[Outcome]()

    async def once(exchange: Exchange) -> None:
        if exchange.outcome is failing and not failed:
            failed.append(failing)
            raise OSError("disk full")
        await record(exchange)

    bed.ledger.record = once  # type: ignore[method-assign]
    at_once = settings.Deliver(delay_min_s=0, delay_max_s=0, delay_per_char_s=0)
    outlet = Deliverer(chat, bed.ledger, at_once, split_chars=90, governor=Governor(gap_s=0))
    bed.outbox.deliver = outlet.deliver  # type: ignore[method-assign]
    asked = message()
    await bed.submit(asked)
    await bed.settle()

    row, before = bed.ledger.of(asked.id), failing is not Outcome.SENT
    assert (0 if before else 1) == len(chat.sent)
    assert (Outcome.SILENT if before else Outcome.SENDING) is row.outcome
    assert (Gate.ERROR if before else None) is row.gate


async def test_a_full_chat_drops_with_a_row() -> None:
    """Over its bound a chat's chatter is dropped with a row each; handled + dropped = all, and
    every call is answered, in order.
    """
    bed = Bed(outbox=Outbox(delay_s=0.005))
    texts = [f"@一心 {n}" if n % 5 == 0 else str(n) for n in range(100)]
    messages = [room_message(text, mentions_me="@" in text) for text in texts]
    await bed.submit(*messages)
    await bed.settle()

    gates = [bed.ledger.of(m.id).gate for m in messages]
    assert [f"echo @一心 {n}" for n in range(0, 100, 5)] == bed.outbox.texts()
    assert 100 == gates.count(None) + gates.count(Gate.OVERLOADED) + gates.count(Gate.NOT_ADDRESSED)
    assert gates.count(Gate.OVERLOADED) > 0


async def test_what_waits_beyond_its_age_is_stale() -> None:
    """Messages that waited too long for their turn are not answered, and their rows say why; what
    was read in time and waited too long for its answer is not answered either.
    """
    clock, hold = Clock(NOW), asyncio.Event()
    still = admit(max_age_s=120, clock=clock)

    async def slow(exchange: Exchange) -> Exchange:
        await hold.wait()
        return exchange

    async def write(exchange: Exchange) -> Exchange:
        return echo(exchange)

    bed = Bed(read={"admit": still, "clean": cleaned, "slow": slow}, write=in_time(still, write))
    waiting = [message(str(n)) for n in range(10)]
    await bed.submit(*waiting)
    await asyncio.sleep(0.01)
    clock.pass_by(121)
    hold.set()
    late = message("新的", sent_at=clock())
    await bed.submit(late)
    await bed.settle()

    rows = [bed.ledger.of(m.id) for m in waiting]
    assert [(Gate.STALE, "121 s old; answer.max_age_s is 120")] * 10 == [
        (row.gate, row.detail) for row in rows
    ]
    assert ["echo 新的"] == bed.outbox.texts()


async def test_what_waits_to_be_read_can_still_be_dropped() -> None:
    """Only so many messages are with the model at once; the others wait where they are counted."""
    hold = asyncio.Event()

    async def slow(exchange: Exchange) -> Exchange:
        await hold.wait()
        return exchange

    bed = Bed(read={"slow": slow, "clean": cleaned}, pace=settings.Deliver(max_waiting=10))
    chats = [room_message("@一心", chat_id=f"r{n}", mentions_me=True) for n in range(AT_ONCE)]
    chatter = [room_message("吃了吗", chat_id=f"q{n}") for n in range(20)]
    await bed.submit(*chats)
    await asyncio.sleep(0.01)
    await bed.submit(*chatter)
    num_waiting = bed.pipeline.num_waiting
    hold.set()
    await bed.settle()

    assert 10 == num_waiting
    assert [Gate.OVERLOADED] * 10 == [bed.ledger.of(m.id).gate for m in chatter[:10]]
    assert [None] * AT_ONCE == [bed.ledger.of(m.id).gate for m in chats]


async def test_a_listener_that_breaks_is_in_nobodys_way() -> None:
    """Where a listener raises, the next one is told, and the next message is answered."""
    bed = Bed()

    def broken(exchange: Exchange) -> None:
        raise RuntimeError("kaputt")

    listened = Pipeline(
        read=bed.read,
        write=echo,
        deliverer=bed.outbox,
        ledger=bed.ledger,
        pace=PACE,
        burst_s=0,
        done=(broken, bed.ended.append),
    )
    for text in ("一", "二"):
        await listened.submit(message(text))
    await listened.drain(5)

    assert ["echo 一", "echo 二"] == bed.outbox.texts()
    assert 2 == len(bed.ended)


async def test_a_stop_accounts_for_what_was_being_read() -> None:
    """A message in a stage, one in an open burst and one that waits all get their row at a stop."""

    async def slow(exchange: Exchange) -> Exchange:
        if exchange.message.text == "慢":
            await asyncio.sleep(60)
        return exchange

    bed = Bed(read={"clean": cleaned, "slow": slow}, burst_s=60)
    first, second, third = message("在吗"), message("慢"), message("后面")
    await bed.submit(first, second, third)
    await asyncio.sleep(0.02)
    await bed.pipeline.drain(0.05)

    rows = [bed.ledger.of(m.id) for m in (first, second, third)]
    assert [Gate.STOPPING] * 3 == [row.gate for row in rows]
    assert ["在吗", "慢", ""] == [row.cleaned for row in rows]


async def test_a_stop_accounts_for_everything() -> None:
    """What a drain cannot finish in time is recorded as stopped; nothing new is taken after it."""
    bed = Bed(outbox=Outbox(delay_s=60))
    messages = [message(str(n)) for n in range(5)]
    await bed.submit(*messages)
    await asyncio.sleep(0.02)
    await bed.pipeline.drain(0.05)
    late = message("还在吗")
    await bed.submit(late)

    gates = [bed.ledger.of(m.id).gate for m in [*messages[1:], late]]
    assert [Gate.STOPPING] * 5 == gates


async def test_a_stop_accounts_for_what_was_being_decided() -> None:
    """Cancelled while its decision is written: the deliverer does not know of it yet."""
    bed, asked = Bed(), message()
    record = bed.ledger.record

    async def slow(exchange: Exchange) -> None:
        await record(exchange)
        await asyncio.sleep(60 if exchange.outcome is Outcome.DECIDED else 0)

    bed.ledger.record = slow  # type: ignore[method-assign]
    await bed.submit(asked)
    await asyncio.sleep(0.02)
    await bed.pipeline.drain(0.01)

    row = bed.ledger.of(asked.id)
    assert (Outcome.SILENT, Gate.STOPPING) == (row.outcome, row.gate)


async def test_a_stop_waits_for_what_an_end_has_said() -> None:
    """A word to the owner about the last message of all still leaves."""

    def tell(exchange: Exchange) -> None:
        bed.outbox.delay_s = 0.05
        if exchange.message.text == "在吗":
            note = Exchange(message("")).answered(Reply("没把握", Source.NOTICE))
            bed.pipeline.say(note)

    bed = Bed(listener=tell)
    await bed.submit(message("在吗"))
    await bed.settle()

    assert ["echo 在吗", "没把握"] == bed.outbox.texts()


async def test_a_stop_waits_for_no_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the audit log no longer answers, a stop leaves the rows to the next start, in time."""
    monkeypatch.setattr(pipeline, "ACCOUNT_S", 0.05)
    bed = Bed(outbox=Outbox(delay_s=60))
    await bed.submit(*[message(str(n)) for n in range(500)])

    async def stalled(exchange: Exchange) -> None:
        await asyncio.Event().wait()

    bed.ledger.record = stalled  # type: ignore[method-assign]
    start = time.monotonic()
    await bed.pipeline.drain(0.05)

    assert time.monotonic() - start < 1


async def test_a_notice_holds_nobody_up() -> None:
    """Saying something by itself returns at once, and a stop still waits until it has left."""
    bed = Bed(outbox=Outbox(delay_s=0.05))
    start = time.monotonic()
    bed.pipeline.say(Exchange(message()).answered(Reply("欢迎", Source.NOTICE, "welcome")))
    took = time.monotonic() - start
    await bed.settle()

    assert took < 0.02
    assert ["欢迎"] == bed.outbox.texts()


async def test_idle_chats_cost_nothing() -> None:
    """After 500 chats have been answered no task and no queue of theirs is left."""
    bed = Bed(pace=settings.Deliver(max_waiting=1000))
    for n in range(500):
        await bed.submit(message("hi", chat_id=f"c{n}", talker_id=f"c{n}"))
    async with asyncio.timeout(5):
        while len(bed.ended) < 500:
            await asyncio.sleep(0.005)
    await asyncio.sleep(0.01)

    assert 0 == bed.pipeline.num_waiting
    assert 1 == len(asyncio.all_tasks())


@pytest.mark.parametrize("make", [lambda e: e.stopped(Gate.OWN), lambda e: e])
async def test_listeners_are_told_of_every_end(make: Callable[[Exchange], Exchange]) -> None:
    """Answered or silent, each exchange is told to the listeners exactly once."""
    bed = Bed(read={"decide": make})
    await bed.submit(message("a"), message("b"))
    await bed.settle()

    assert 2 == len(bed.ended)
