"""Orders, alerts and reminders in the audit log: plain, sealed, and with codes for ids."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from handlers.alert import Alert, AlertKind, Word
from handlers.audit.alerts import AlertStore
from handlers.audit.errors import AuditError
from handlers.audit.log import AuditLog
from handlers.audit.orders import OrderStore
from handlers.audit.reminders import ReminderStore
from handlers.exchange import Exchange, Outcome
from handlers.orders import Order, OrderKind, Orders
from settings import Audit
from tests.fakes import Clock, message
from tests.keepings import RUN, WAYS, in_files, place_of

ROOM, HONG, ADMIN = "room-wutong@chatroom", "wxid_hong", "wxid_admin"


@pytest.fixture(params=WAYS)
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Audit:
    return place_of(request.param, tmp_path, monkeypatch)


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[AuditLog]:
    async with await AuditLog.open(Audit(folder=str(tmp_path)), RUN) as log:
        yield log


async def test_orders_survive_a_restart(place: Audit) -> None:
    """What was ordered is found again by the ids it was given for, until it ends or is undone."""
    clock = Clock(100.0)
    async with await AuditLog.open(place, RUN) as log:
        orders = await Orders.load(OrderStore(log), clock=clock)
        await orders.give(OrderKind.EXEMPT, chat_id=ROOM, person_id=HONG, by=ADMIN)
        await orders.give(OrderKind.ROOM, person_id=ADMIN, value=ROOM)
        await orders.give(OrderKind.PAUSE, seconds=60)
        await orders.give(OrderKind.MODE, chat_id=ROOM, value="warn")
        await orders.take_back(OrderKind.MODE, chat_id=ROOM)
    clock.pass_by(50)
    async with await AuditLog.open(place, RUN) as log:
        again = await Orders.load(OrderStore(log), clock=clock)

    assert again.find(OrderKind.EXEMPT, ROOM, HONG) is not None
    assert Order(OrderKind.ROOM, person_id=ADMIN, value=ROOM, given_at=100.0) == again.find(
        OrderKind.ROOM, person_id=ADMIN
    )
    assert again.find(OrderKind.PAUSE) is not None
    assert again.find(OrderKind.MODE, ROOM) is None
    clock.pass_by(10)
    assert again.find(OrderKind.PAUSE) is None
    assert (set() if place.pseudonyms else {ROOM, HONG}) == in_files(place, ROOM, HONG)


async def test_a_later_order_takes_the_place_of_an_earlier(place: Audit) -> None:
    """One row about one thing, also where its ids were kept otherwise before; the latest counts."""
    plain = place.model_copy(update={"pseudonyms": False})
    for settings, value in ((plain, "shadow"), (place, "warn"), (place, "enforce")):
        async with await AuditLog.open(settings, RUN) as log:
            store = OrderStore(log)
            await store.put(Order(OrderKind.MODE, ROOM, value=value))
            kept = await store.all(0.0)

    assert (Order(OrderKind.MODE, ROOM, value="enforce"),) == kept


async def test_orders_that_are_over_are_forgotten(log: AuditLog) -> None:
    """Asked for all in force, the store lets go of the others."""
    store = OrderStore(log)
    for until in (10.0, 11.0, None):
        await store.put(Order(OrderKind.QUIET, f"room-{until}", until=until))

    assert ["room-11.0", "room-None"] == [order.chat_id for order in await store.all(10.0)]
    assert 2 == len(await store.all(0.0))


async def test_an_order_that_is_not_kept_does_not_count(tmp_path: Path) -> None:
    """Where the log refuses, nothing was ordered, and nothing taken back."""
    async with await AuditLog.open(Audit(folder=str(tmp_path)), RUN) as log:
        orders = await Orders.load(OrderStore(log))
        await orders.give(OrderKind.PAUSE)
    with pytest.raises(AuditError, match="closed"):
        await orders.give(OrderKind.QUIET, chat_id=ROOM)
    with pytest.raises(AuditError, match="closed"):
        await orders.take_back(OrderKind.PAUSE)

    assert orders.find(OrderKind.QUIET, ROOM) is None
    assert orders.find(OrderKind.PAUSE) is not None


HEAT = Alert(AlertKind.HEAT, "梧桐群里小红骂人了", ROOM, HONG, "e-1", 7)


async def test_an_alert_comes_back_as_it_was_raised(place: Audit) -> None:
    """With its ids and numbers, after a restart too; open until it expires, to whom it was told."""
    async with await AuditLog.open(place, RUN) as log:
        store = AlertStore(log)
        raised = await store.raise_(HEAT, ADMIN, 5.0, 50.0)
        bare = await store.raise_(Alert(AlertKind.RAID, "", ROOM), ADMIN, 6.0, 60.0)
        for number, notice in ((raised.number, "one"), (bare.number, "two")):
            await store.told(number, notice)
            await log.record(replace(Exchange(message(""), id=notice), outcome=Outcome.SENT))
    raised, bare = replace(raised, notice_id="one"), replace(bare, notice_id="two")
    async with await AuditLog.open(place, RUN) as log:
        store = AlertStore(log)

        assert (bare, raised) == await store.open_for(ADMIN, 49.9)
        assert (bare,) == await store.open_for(ADMIN, 50.0)
        assert () == await store.open_for(HONG, 0.0)
        assert raised == await store.find(raised.number)
        assert await store.find(99) is None


async def test_what_was_told_is_not_untold(log: AuditLog) -> None:
    """A crash before it was told leaves it untold; what is answered or too old is not among it."""
    store = AlertStore(log)
    numbers = [(await store.raise_(HEAT, ADMIN, at, 99.0)).number for at in (1.0, 2.0, 3.0, 4.0)]
    await store.told(numbers[1], "notice")
    await log.record(replace(Exchange(message(""), id="notice"), outcome=Outcome.SENT))
    await store.answer(numbers[2], Word.NO, 5.0)

    assert [numbers[3]] == [raised.number for raised in await store.untold(1.5)]
    told = await store.find(numbers[1])
    assert told is not None
    assert "notice" == told.notice_id


async def test_an_alert_is_answered_once(log: AuditLog) -> None:
    """Of two answers at once the first counts; the other learns that it came too late."""
    store = AlertStore(log)
    number = (await store.raise_(HEAT, ADMIN, 1.0, 9.0)).number
    taken = await asyncio.gather(
        store.answer(number, Word.YES, 2.0), store.answer(number, Word.HUSH, 2.0)
    )

    assert [True, False] == list(taken)
    assert () == await store.open_for(ADMIN, 3.0)
    answered = await store.find(number)
    assert answered is not None
    assert Word.YES is answered.answer
    assert not await store.answer(99, Word.YES, 2.0)


async def test_reminders_wait_until_they_are_said(place: Audit) -> None:
    """Across restarts, the first due first; each person's own; one that was cancelled is gone."""
    async with await AuditLog.open(place, RUN) as log:
        store = ReminderStore(log)
        late = await store.add(HONG, "梧桐开会", 300.0, 1.0)
        soon = await store.add(HONG, "喝水", 200.0, 2.0)
        other = await store.add(ADMIN, "浇花", 250.0, 3.0)
        gone = await store.add(HONG, "取快递", 100.0, 4.0)
        cancelled = [await store.cancel(gone, person) for person in (ADMIN, HONG, HONG)]
    async with await AuditLog.open(place, RUN) as log:
        store = ReminderStore(log)
        before = [one.id for one in await store.pending()]
        await store.said(soon, "notice")
        listed = await store.listed(HONG)

    assert [False, True, False] == cancelled
    assert [soon, other, late] == before
    assert [(late, HONG, "梧桐开会", 1.0, 300.0)] == [
        (one.id, one.person_id, one.text, one.given_at, one.due_at) for one in listed
    ]


async def test_what_was_said_cannot_be_cancelled(log: AuditLog) -> None:
    """A reminder that was said is no longer anybody's to cancel."""
    store = ReminderStore(log)
    number = await store.add(HONG, "喝水", 2.0, 1.0)
    await store.said(number, "notice")

    assert not await store.cancel(number, HONG)
