"""New members and raids: who is new where, for how long, and who is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

import ruleset
from handlers.alert import Alert, AlertKind
from handlers.orders import Order, OrderKind, Orders
from moderation.newcomers import Newcomers
from tests.fakes import NOW, Clock, room_message

ROOM = "room@chatroom"


@dataclass
class MemoryOrders:
    """Orders on a disk that is none."""

    kept: dict[tuple[OrderKind, str, str], Order] = field(default_factory=dict)

    async def put(self, order: Order) -> None:
        self.kept[order.about] = order

    async def drop(self, kind: OrderKind, chat_id: str, person_id: str) -> None:
        self.kept.pop((kind, chat_id, person_id), None)

    async def all(self, now: float) -> Sequence[Order]:
        return tuple(self.kept.values())


@dataclass
class Modes:
    """Rooms that are all moderated in one way."""

    name: str = "warn"

    def mode(self, room_id: str) -> str:
        return self.name

    def admins(self, room_id: str) -> Sequence[str]:
        return ("boss", "admin")


@dataclass
class Alarm:
    """Keeps what was told, and to whom."""

    told: list[tuple[Alert, Sequence[str]]] = field(default_factory=list)

    async def tell(self, alert: Alert, to: Sequence[str]) -> None:
        self.told.append((alert, to))


@dataclass
class Gatehouse:
    """Newcomers of a room with a clock to turn, and a store that outlives them."""

    config: ruleset.NewMembers = field(default_factory=ruleset.NewMembers)
    modes: Modes = field(default_factory=Modes)
    alarm: Alarm = field(default_factory=Alarm)
    clock: Clock = field(default_factory=lambda: Clock(NOW))
    store: MemoryOrders = field(default_factory=MemoryOrders)

    async def opened(self) -> Newcomers:
        orders = await Orders.load(self.store, clock=self.clock)
        return Newcomers(self.config, orders, self.modes, self.alarm, clock=self.clock)


def people(*numbers: int) -> list[tuple[str, str]]:
    return [(f"p{n}", f"路人{n}") for n in numbers]


async def test_somebody_is_new_for_the_hours_of_grace() -> None:
    """In the room they came into and nowhere else, also after a restart."""
    house = Gatehouse()
    await (await house.opened()).joined(ROOM, "群", people(1))
    newcomers = await house.opened()
    at_first = [newcomers.is_new(ROOM, "p1"), newcomers.is_new("other", "p1")]
    house.clock.pass_by(24 * 3600 + 1)

    assert at_first == [True, False]
    assert not newcomers.is_new(ROOM, "p1")


async def test_twenty_who_come_at_once_are_a_raid_that_is_told_once() -> None:
    """By name, cleaned and few of them; whoever comes after is part of the same raid."""
    house = Gatehouse()
    newcomers = await house.opened()
    await newcomers.joined(ROOM, "同学\n群", [("x", "<\u202e甲\n>"), *people(*range(19))])
    await newcomers.joined(ROOM, "同学群", people(*range(20, 30)))

    [(alert, to)] = house.alarm.told

    assert (alert.kind, alert.chat_id, to) == (AlertKind.RAID, ROOM, ("boss", "admin"))
    assert "「同学 群」10 分钟里进来了 20 个人（<甲 >、路人0、路人1、路人2、路人3等）" in alert.text
    assert newcomers.is_raid(ROOM)


async def test_a_raid_that_comes_in_turn_is_one_even_over_a_restart() -> None:
    """Ten people one by one within ten minutes, the bot restarted amidst them."""
    house = Gatehouse()
    for n in range(10):
        await (await house.opened()).joined(ROOM, "群", people(n))
        house.clock.pass_by(30)

    assert len(house.alarm.told) == 1


async def test_a_raid_ends() -> None:
    """Ten minutes after, it is none, though all of them are still new."""
    house = Gatehouse()
    newcomers = await house.opened()
    await newcomers.joined(ROOM, "群", people(*range(10)))
    house.clock.pass_by(601)

    assert not newcomers.is_raid(ROOM)
    assert newcomers.is_new(ROOM, "p0")


async def test_those_who_come_day_by_day_are_no_raid() -> None:
    """Ninety people in ninety minutes, and one who leaves and comes back twenty times."""
    house = Gatehouse()
    newcomers = await house.opened()
    for n in range(90):
        await newcomers.joined(ROOM, "群", people(n))
        house.clock.pass_by(67)
    for _ in range(20):
        await newcomers.joined("other", "群", people(1))

    assert house.alarm.told == []


@pytest.mark.parametrize(
    ("mode", "state", "num_told"),
    [
        ("warn", "on", 1),
        ("enforce", "on", 1),
        ("shadow", "on", 0),
        ("off", "on", 0),
        ("warn", "dry", 0),
        ("warn", "off", 0),
    ],
)
async def test_a_raid_is_told_where_the_room_says_so(mode: str, state: str, num_told: int) -> None:
    """In shadow, and where the rule is dry, the log alone has it."""
    config = ruleset.NewMembers.model_validate({"state": state})
    house = Gatehouse(config, Modes(mode))
    await (await house.opened()).joined(ROOM, "群", people(*range(12)))

    assert len(house.alarm.told) == num_told


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("on", (2.0, "a new member: counts 2 times")),
        ("dry", (1.0, "dry: as a new member it would count 2 times")),
        ("off", (1.0, "")),
    ],
)
async def test_what_a_new_member_does_weighs_more(state: str, expected: tuple[float, str]) -> None:
    """Twice, or only said to, or not at all."""
    house = Gatehouse(ruleset.NewMembers.model_validate({"state": state}))
    newcomers = await house.opened()
    await newcomers.joined(ROOM, "群", [("ming", "小明")])

    assert newcomers.weigh(room_message(), is_raiders=True) == expected


async def test_a_raid_is_of_one_room() -> None:
    """People who come into several rooms are a raid of none of them."""
    house = Gatehouse()
    newcomers = await house.opened()
    for n in range(20):
        await newcomers.joined(f"{n % 4}@chatroom", "群", people(n))

    assert house.alarm.told == []


async def test_without_grace_a_raid_is_still_one() -> None:
    """Nobody is new for any time, yet all who came are counted."""
    house = Gatehouse(ruleset.NewMembers(grace_h=0))
    newcomers = await house.opened()
    await newcomers.joined(ROOM, "群", people(*range(10)))

    assert len(house.alarm.told) == 1
    assert not newcomers.is_new(ROOM, "p0")
