"""The process dies before each write in turn: no points are lost, and nothing is said twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest
import sqlalchemy as sa

from handlers.audit.log import AuditLog
from handlers.audit.orders import OrderStore
from handlers.conduct import StepState
from handlers.exchange import Action, Exchange, Outcome, Verdict
from handlers.orders import Orders
from ruleset import Moderation
from settings import Audit
from tests.fakes import NOW, Clock, room_message
from tests.moderated import NAMES, OWNER, ROOM, RUN, Account, House, angry

T = TypeVar("T")

#: Who wrote to whom, with how many points, a minute after each other.
SAID = (("jia", "yi", 2.2), ("yi", "jia", 2.0), ("jia", "yi", 2.0), ("jia", "yi", 1.8))


class Died(BaseException):
    """The power went."""


class Mortal(AuditLog):
    """An audit log whose process dies before one of its writes."""

    num_left = 1_000_000

    async def do(self, job: Callable[[sa.Connection], T]) -> T:
        if self.num_left == 0:
            raise Died
        self.num_left -= 1
        return await super().do(job)


class World:
    """What is outside the process: the log's folder, the clock, and what the group has read."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock = folder, Clock(NOW)
        self.account = Account()
        self.read: list[str] = []
        self.messages = [
            room_message(f"{to} {points}", talker_id=who, talker_name=NAMES[who], sent_at=at)
            for n, (who, to, points) in enumerate(SAID)
            if (at := NOW + 60 * n)
        ]

    async def lives(self, num_writes: int) -> House | None:
        """One life of the process, in which messages still to come come; None where it died."""
        audit = await Mortal.open(Audit(folder=str(self.folder)), RUN, clock=self.clock)
        assert isinstance(audit, Mortal)
        try:
            orders = await Orders.load(OrderStore(audit), clock=self.clock)
            house = House(audit, self.clock, Moderation(mode="warn"), orders, self.account, OWNER)
            await house.moderator.restore()
            audit.num_left = num_writes
            await self._live(house)
        except Died:
            return None
        finally:
            audit.num_left = -1
            await audit.close()
        return house

    async def _live(self, house: House) -> None:
        await house.carrier.resume()
        await self._deliver(house)
        await house.moderator.resume([judged])
        for message in self.messages:
            self.clock.now = max(self.clock.now, message.sent_at)
            exchange = Exchange(message)
            if await house.audit.receive(exchange):  # the gateway replays what it may have sent
                ended = await house.moderator.stage(await judged(exchange))
                await house.audit.record(replace(ended, outcome=Outcome.SILENT))
                await self._deliver(house)
        self.points = house.tally.of_room(ROOM)
        self.steps = await house.steps()

    async def _deliver(self, house: House) -> None:
        """What the pipeline and the deliverer do with a line."""
        while house.said:
            line = house.said.pop(0)
            for outcome in (Outcome.DECIDED, Outcome.SENDING):
                await house.audit.record(replace(line, outcome=outcome))
            self.read.append(line.reply.name if line.reply else "")
            ended = replace(line, outcome=Outcome.SENT)
            await house.audit.record(ended)
            house.carrier.ended(ended)
            await house.carrier.settled()


async def judged(exchange: Exchange) -> Exchange:
    to, points = exchange.message.text.split()
    verdict = Verdict(Action.NOTE, "heat", "angry 0.93", float(points), to)
    return replace(exchange, cleaned=exchange.message.text, reading=angry(), verdict=verdict)


@pytest.mark.parametrize("every", [6, pytest.param(1, marks=pytest.mark.soak)])
async def test_a_death_before_any_write_loses_no_points_and_says_nothing_twice(
    tmp_path: Path, every: int
) -> None:
    """All points are there after the next start, no line twice, no step left undecided."""
    whole = World(tmp_path / "whole")
    await whole.lives(1_000_000)
    assert {"calm": 1, "warn": 1} == Counter(whole.read)
    deaths = 0
    for num_writes in range(0, 1_000, every):
        world = World(tmp_path / str(num_writes))
        has_died = await world.lives(num_writes) is None
        await world.lives(1_000_000)
        if not has_died:
            break
        deaths += 1

        assert whole.points == pytest.approx(world.points)
        assert max(Counter(world.read).values(), default=0) <= 1
        assert {step.state for step in world.steps} <= {StepState.DONE}
    print(f"\nkilled before {deaths} writes, restarted: no point lost, no line said twice")
    assert deaths * every >= 36
