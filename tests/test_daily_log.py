"""Days told out of a real audit log, in each of the ways in which it keeps ids and texts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import pytest

import ruleset
import settings
from engine.mood import Mood
from handlers.audit.conduct import ConductStore
from handlers.audit.day import DayStore
from handlers.audit.log import AuditLog
from handlers.audit.orders import OrderStore
from handlers.exchange import Exchange, Gate, Outcome
from handlers.orders import Orders
from moderation.daily import Daily
from moderation.digest import Digest
from moderation.rooms import Rooms
from tests.fakes import Clock, reading, room_message
from tests.keepings import RUN, WAYS, place_of

ROOM = "room@chatroom"
EVENING = datetime(2026, 11, 23, 21, 0).timestamp()  # noqa: DTZ001 - the local wall is meant
CONFIG = ruleset.Moderation(rooms={ROOM: ruleset.Room(mode="warn", admins=("admin",))})


@dataclass
class Bot:
    """Told of days at half past nine; what it says is on record, and leaves or is cut off."""

    audit: AuditLog
    clock: Clock
    said: list[Exchange] = field(default_factory=list)

    async def tell(self, outcome: Outcome) -> None:
        """Say what is due, with that end to it."""
        orders = await Orders.load(OrderStore(self.audit), clock=self.clock)
        days = DayStore(self.audit)
        digest = Digest(days, ConductStore(self.audit), clock=self.clock)
        rooms = Rooms(CONFIG, orders)
        daily = Daily(digest, days, orders, rooms, self.said.append, at="21:30", clock=self.clock)
        await daily.tell_due()
        for exchange in self.said:
            await self.audit.record(replace(exchange, outcome=outcome))

    async def hear(self, num: int) -> None:
        for n in range(num):
            message = room_message(f"今天真开心啊{n}", id=f"m{n}", sent_at=self.clock.now)
            exchange = Exchange(message, cleaned=message.text, reading=reading(Mood.HAPPY))
            await self.audit.record(exchange.stopped(Gate.NOT_ADDRESSED))


@pytest.fixture(params=WAYS)
def place(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> settings.Audit:
    return place_of(request.param, tmp_path, monkeypatch)


@asynccontextmanager
async def started(place: settings.Audit, clock: Clock) -> AsyncIterator[Bot]:
    async with await AuditLog.open(place, RUN, clock=clock) as audit:
        yield Bot(audit, clock)


@pytest.mark.parametrize(
    ("outcome", "told_again"),
    [(Outcome.SENT, 0), (Outcome.SENDING, 0), (Outcome.DECIDED, 1), (Outcome.FAILED, 1)],
)
async def test_a_restart_neither_skips_a_day_nor_repeats_one(
    tmp_path: Path, outcome: Outcome, told_again: int
) -> None:
    """What may have left is not told again; what a crash cut off before that is."""
    place, clock = settings.Audit(folder=str(tmp_path)), Clock(EVENING)
    async with started(place, clock) as bot:
        await bot.hear(12)
        clock.pass_by(3600)
        await bot.tell(outcome)
        first = [exchange.message.chat_id for exchange in bot.said]
    clock.pass_by(3600)
    async with started(place, clock) as bot:
        await bot.tell(Outcome.SENT)
        again = list(bot.said)

    assert (first, len(again)) == (["admin"], told_again)


async def test_a_day_is_told_once_from_what_the_log_holds(place: settings.Audit) -> None:
    """Its messages, their mood and a quote; with codes for ids, of the rooms that are named."""
    clock = Clock(EVENING)
    async with started(place, clock) as bot:
        await bot.hear(12)
        clock.pass_by(3600)
        await bot.tell(Outcome.SENT)
        [exchange] = bot.said
        await bot.tell(Outcome.SENT)
        num_told = len(bot.said)

    assert num_told == 1
    assert exchange.reply is not None
    assert "12 条消息，1 个人说话" in exchange.reply.text
    assert "开心 100%" in exchange.reply.text
    name = "有人" if place.pseudonyms else "小明"
    assert f"，{name}：「今天真开心啊0」" in exchange.reply.text
