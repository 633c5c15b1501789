"""Ten times more messages than can be read, over 200 chats, on a real audit log (trap 20)."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

import psutil
import pytest

import settings
from handlers.address import address, overheard
from handlers.admit import admit, in_time
from handlers.audit.log import AuditLog
from handlers.audit.reader import Query, Record, select
from handlers.audit.schema import Run
from handlers.exchange import Exchange, Gate, Message, Outcome, Reply, Source
from handlers.pipeline import Pipeline
from handlers.sanitize import sanitize
from tests.fakes import message, room_message

RUN = Run("none", "none", "none", "none", "none", "none")
NUM_CHATS = 200
#: Of which so many are private.
NUM_PRIVATE = 20
#: Messages a second that the stages can read and answer; the model takes about as many.
CAPACITY = 5.0
OVERLOAD = 10
ANSWER = settings.Answer(group=("mention", "prefix"), max_age_s=120)


@dataclass
class Stages:
    """A model that takes its time, one message after another, and notes their order."""

    read: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    sent: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        self._turn = asyncio.Lock()

    async def mood(self, exchange: Exchange) -> Exchange:
        async with self._turn:
            await asyncio.sleep(1 / CAPACITY)
        self.read[exchange.message.chat_id].append(_number(exchange.message))
        return exchange

    async def reply(self, exchange: Exchange) -> Exchange:
        return exchange.answered(Reply("好。", Source.MODEL))

    async def deliver(self, exchange: Exchange) -> Exchange:
        self.sent[exchange.message.chat_id].append(_number(exchange.message))
        return replace(exchange, outcome=Outcome.SENT)


def _number(message: Message) -> int:
    return int(message.id.removeprefix("load-"))


def _arrival(number: int, chance: random.Random) -> Message:
    """One of a chat drawn at random; in a group one of ten calls the bot, by either way."""
    fields: dict[str, object] = {"id": f"load-{number}", "sent_at": time.time()}
    chat = chance.randrange(NUM_CHATS)
    if chat < NUM_PRIVATE:
        return message("在吗", chat_id=f"friend{chat}", talker_id=f"friend{chat}", **fields)
    fields["chat_id"] = f"room{chat}@chatroom"
    kind = chance.randrange(20)
    if kind == 0:
        return room_message("说句话", mentions_me=True, **fields)
    return room_message("一心，在吗" if kind == 1 else "吃了吗", **fields)


@dataclass
class Load:
    """What came of it.

    Attributes:
        rate: Messages taken in a second.
        lag_s: How much later than it asked the loop woke a probe, 99 of 100 times at most.
        growth_mb: Memory at the end over that at the start.
        stop_s: How long it took to account for what waited at the end.
    """

    stages: Stages
    rows: Mapping[int, Record]
    num_received: int
    rate: float
    lag_s: float
    growth_mb: float
    stop_s: float


async def _probe(lags: list[float]) -> None:
    while True:
        start = time.perf_counter()
        await asyncio.sleep(0.005)
        lags.append(time.perf_counter() - start - 0.005)


async def _overload(folder: Path, pace: settings.Deliver, seconds: float) -> Load:
    place, stages, lags = settings.Audit(folder=str(folder)), Stages(), list[float]()
    still = admit(max_age_s=ANSWER.max_age_s, clock=time.time)
    async with await AuditLog.open(place, RUN) as ledger:
        pipeline = Pipeline(
            read={
                "admit": still,
                "sanitize": sanitize,
                "mood": stages.mood,
                "address": address(ANSWER, "一心"),
            },
            write=in_time(still, stages.reply),
            deliverer=stages,
            ledger=ledger,
            pace=pace,
            burst_s=0.0,
            is_spare=overheard(ANSWER, "一心"),
        )
        before = psutil.Process().memory_info().rss
        probe = asyncio.create_task(_probe(lags))
        num, took = await _submit(pipeline, seconds)
        stop_s = await _drained(pipeline)
        probe.cancel()
        growth = psutil.Process().memory_info().rss - before
    rows = {_number_of(row): row for row in select(place, Query())}
    lag_s = sorted(lags)[int(len(lags) * 0.99)]
    return Load(stages, rows, num, num / took, lag_s, growth / 1e6, stop_s)


async def _drained(pipeline: Pipeline) -> float:
    start = time.monotonic()
    await pipeline.drain(0.1)
    return time.monotonic() - start


async def _submit(pipeline: Pipeline, seconds: float) -> tuple[int, float]:
    """One message after another, as a channel hands them over; those that are late at once."""
    chance, start = random.Random(20), time.monotonic()  # noqa: S311 - the same load each time
    for number in count():
        due = number / (OVERLOAD * CAPACITY)
        if due >= seconds:
            return number, time.monotonic() - start
        await asyncio.sleep(max(0.0, start + due - time.monotonic()))
        await pipeline.submit(_arrival(number, chance))
    raise AssertionError


def _number_of(row: Record) -> int:
    return int(row.message_id.removeprefix("load-"))


def _is_sorted(numbers: list[int]) -> bool:
    return sorted(numbers) == numbers


@pytest.mark.parametrize(
    ("seconds", "pace"),
    [
        (3, settings.Deliver(max_waiting_chat=5, max_waiting=40)),
        pytest.param(60, settings.Deliver(), marks=[pytest.mark.soak, pytest.mark.timeout(180)]),
    ],
)
async def test_overload(tmp_path: Path, seconds: float, pace: settings.Deliver) -> None:
    """Every message has a row that says how it ended; each chat keeps its order; what calls the bot
    is not dropped; the loop stays awake, and memory does not grow with what comes.
    """
    load = await _overload(tmp_path / "audit", pace, seconds)
    gates = Counter(row.gate for row in load.rows.values())
    outcomes = Counter(row.outcome for row in load.rows.values())
    handled = outcomes[Outcome.SENT] + gates[Gate.NOT_ADDRESSED]
    # One that the stop met on its way out is settled by the next start.
    at_the_stop = gates[Gate.STOPPING] + outcomes[Outcome.DECIDED]
    dropped = gates[Gate.OVERLOADED] + at_the_stop
    print(
        f"{load.num_received} messages at {load.rate:.0f}/s, {handled} handled, {dropped} dropped "
        f"({gates[Gate.OVERLOADED]} overloaded, {at_the_stop} at the stop), loop lag p99 "
        f"{load.lag_s * 1000:.1f} ms, memory +{load.growth_mb:.1f} MB, stop {load.stop_s:.1f} s"
    )

    assert load.num_received == len(load.rows) == handled + dropped
    assert load.num_received > 0.8 * OVERLOAD * handled
    assert gates[Gate.OVERLOADED] > 0
    assert all(map(_is_sorted, [*load.stages.read.values(), *load.stages.sent.values()]))
    shed = [row for row in load.rows.values() if row.gate == Gate.OVERLOADED]
    assert {"吃了吗"} == {row.text for row in shed}
    assert load.lag_s < 0.05
    assert load.growth_mb < 100
