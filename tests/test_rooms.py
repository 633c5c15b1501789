"""How each room is moderated, by the settings and by what was ordered since."""

from __future__ import annotations

import ruleset
from handlers.orders import Order, OrderKind, Orders
from moderation.rooms import Rooms
from tests.fakes import NOW, Clock

CONFIG = ruleset.Moderation(
    mode="warn",
    admins=("chen",),
    rooms={"a": ruleset.Room(mode="enforce", admins=("li", "chen"), digest_to="nobody")},
)


class Nowhere:
    """Keeps orders as long as the test runs."""

    async def put(self, order: Order) -> None: ...
    async def drop(self, kind: OrderKind, chat_id: str, person_id: str) -> None: ...
    async def all(self, now: float) -> tuple[Order, ...]:
        return ()


def rooms(owner: str = "boss") -> tuple[Rooms, Orders, Clock]:
    clock = Clock(NOW)
    orders = Orders(Nowhere(), clock=clock)
    return Rooms(CONFIG, orders, owner), orders, clock


async def test_an_order_wins_over_the_room_and_the_room_over_all() -> None:
    """The mode ordered, else that of the room, else that of all rooms; taken back, as before."""
    known, orders, _ = rooms()
    await orders.give(OrderKind.MODE, chat_id="a", value="off")
    ordered = known.mode("a")
    await orders.take_back(OrderKind.MODE, chat_id="a")

    assert ("off", "enforce", "warn") == (ordered, known.mode("a"), known.mode("b"))


async def test_a_mode_that_is_none_is_not_believed() -> None:
    """A row that a later version wrote leaves the settings in force."""
    known, orders, _ = rooms()
    await orders.give(OrderKind.MODE, chat_id="a", value="strict")

    assert "enforce" == known.mode("a")


def test_who_decides() -> None:
    """The owner first, the admins of all rooms, those of the room; each once, and no empty id."""
    known, nobodys = rooms()[0], rooms(owner="")[0]

    assert ("boss", "chen", "li") == known.admins("a")
    assert ("boss", "chen") == known.admins("b")
    assert ("chen",) == nobodys.admins("b")
    assert [True, False, False] == [known.is_admin("a", id_) for id_ in ("li", "ming", "")]
    assert [True, True, False] == [known.is_any_admin(id_) for id_ in ("li", "boss", "ming")]
    assert not nobodys.is_any_admin("")


async def test_orders_run_out() -> None:
    """Quiet and exemption count for their room, and for as long as they were given."""
    known, orders, clock = rooms()
    await orders.give(OrderKind.QUIET, chat_id="a", seconds=60)
    await orders.give(OrderKind.EXEMPT, chat_id="a", person_id="ming")

    assert (True, False) == (known.is_quiet("a"), known.is_quiet("b"))
    clock.pass_by(60)
    assert not known.is_quiet("a")
    assert (True, False) == (known.is_exempt("a", "ming"), known.is_exempt("b", "ming"))


async def test_a_quiet_of_one_admin_is_not_the_rooms() -> None:
    """静 on an alert about a room leaves what is said in the room as it was."""
    known, orders, _ = rooms()
    await orders.give(OrderKind.QUIET, chat_id="a", person_id="boss", value="heat")

    assert not known.is_quiet("a")


def test_who_gets_the_digest() -> None:
    """As the room says, else as all rooms do."""
    assert ("nobody", "admins") == tuple(map(rooms()[0].digest_to, ("a", "b")))
