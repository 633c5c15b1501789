"""A person in the tables of moderation and of the assistant: erased, handed over, forgotten."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from engine.labelled import Task
from handlers.alert import Alert, AlertKind, Raised, Word
from handlers.audit.alerts import AlertStore
from handlers.audit.conduct import ConductStore
from handlers.audit.database import Database
from handlers.audit.erase import NOBODY, counted, erase
from handlers.audit.footprint import Erased
from handlers.audit.log import AuditLog, Correction
from handlers.audit.orders import OrderStore
from handlers.audit.reader import Query, corrected, select
from handlers.audit.reminders import ReminderStore
from handlers.audit.scrub import is_owed
from handlers.audit.stored import stored
from handlers.audit.traces import ERASED
from handlers.audit.verify import verify
from handlers.conduct import Evidence, Mark, Step, StepState
from handlers.exchange import Action, Exchange, Reply, Source
from handlers.orders import Order, OrderKind
from settings import Audit
from tests.fakes import message, room_message
from tests.keepings import RUN, WAYS, in_files, place_of

ROOM, HONG, GANG, ADMIN = "room@chatroom", "wxid_hong", "wxid_gang", "wxid_admin"
WORDS = "梧桐树下有个笨蛋"


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def place(way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Audit:
    return place_of(way, tmp_path, monkeypatch)


@pytest.fixture
def plain(tmp_path: Path) -> Audit:
    return Audit(folder=str(tmp_path / "audit"))


def said(who: str, name: str, text: str) -> Exchange:
    message = room_message(text, chat_id=ROOM, talker_id=who, talker_name=name)
    return Exchange(message, cleaned=text)


def step(person_id: str, at: float = 1.0, other_id: str = "", detail: str = "") -> Step:
    return Step(
        room_id=ROOM,
        room_name="同学群",
        person_id=person_id,
        person_name="小红" if person_id == HONG else "小刚",
        at=at,
        action=Action.WARN,
        rule="heat",
        detail=detail,
        points=3.2,
        mode="warn",
        state=StepState.DONE,
        exchange_id="e-1",
        other_id=other_id,
    )


def heat(person_id: str, target_id: str, at: float = 1.0) -> Evidence:
    return Evidence("e-1", ROOM, person_id, target_id, at, "heat", 1.5)


async def fill(place: Audit) -> None:
    """小红 and 小刚 quarrel, an admin is told and decides, and each has something to remember."""
    async with await AuditLog.open(place, RUN) as log:
        for one in (said(HONG, "小红", WORDS), said(GANG, "小刚", "你才是")):
            await log.record(one)
        conduct, alerts = ConductStore(log), AlertStore(log)
        orders, reminders = OrderStore(log), ReminderStore(log)
        await conduct.add(heat(HONG, GANG), heat(GANG, HONG), heat(GANG, ""))
        await conduct.take(step(HONG))
        await conduct.take(step(GANG, other_id=HONG))
        third = await conduct.take(step(GANG, detail=f"回了「{WORDS}」"))
        await conduct.mark(third, Mark.RIGHT, HONG, 2.0)
        for kind, about, by in (
            (OrderKind.EXEMPT, HONG, ADMIN),
            (OrderKind.EXEMPT, GANG, HONG),
            (OrderKind.NEW, GANG, ADMIN),
        ):
            await orders.put(Order(kind, ROOM, about, given_by=by))
        for alert, to in (
            (Alert(AlertKind.HEAT, "小红吵架", ROOM, HONG), ADMIN),
            (Alert(AlertKind.HEAT, f"小刚对小红吵架：{WORDS}", ROOM, GANG), ADMIN),
            (Alert(AlertKind.HEAT, "小刚又来", ROOM, GANG), HONG),
            (Alert(AlertKind.HEAT, "小刚又来", ROOM, GANG), ADMIN),
        ):
            await alerts.raise_(alert, to, 1.0, 9e9)
        await reminders.add(HONG, "梧桐开会", 9e9, 1.0)
        await reminders.add(GANG, "喝水", 9e9, 1.0)


async def test_nothing_of_it_shows_where_it_is_hidden(place: Audit, way: str) -> None:
    """Sealed, the files have neither ids nor names nor texts; with codes alone, no ids."""
    await fill(place)
    ids, texts = {ROOM, HONG, GANG, ADMIN}, {"小红", "小刚", WORDS, "梧桐开会", "同学群"}
    hidden: dict[str, set[str]] = {"plain": set(), "coded": ids | {"同学群"}, "sealed": ids | texts}

    assert hidden[way] == (ids | texts) - in_files(place, *ids, *texts)


GONE = Erased(1, 0, conduct=5, orders=2, alerts=3, reminders=1)


async def test_a_person_is_taken_out_of_every_table(place: Audit) -> None:
    """What is about them goes; what is about others stays, and names them no more."""
    await fill(place)
    hidden = place.pseudonyms  # then no name is known that could be looked for in texts

    assert GONE == counted(place, [HONG])
    assert GONE == erase(place, [HONG])

    async with await AuditLog.open(place, RUN) as log:
        evidence = await ConductStore(log).evidence_since(0.0)
        steps = await ConductStore(log).steps(0.0)
        orders = await OrderStore(log).all(0.0)
        alerts = [await AlertStore(log).find(number) for number in (1, 2, 3, 4)]
        reminders = await ReminderStore(log).pending()
    assert [(GANG, ""), (GANG, "")] == [(one.person_id, one.target_id) for one in evidence]
    assert [(GANG, f"回了「{ERASED}」", Mark.RIGHT)] == [
        (one.person_id, one.detail, one.mark) for one in steps
    ]
    assert [GANG, GANG] == [order.person_id for order in orders]
    assert NOBODY == orders[0].given_by
    name = "小红" if hidden else ERASED
    assert [f"小刚对{name}吵架：{ERASED}", "小刚又来"] == [one.alert.text for one in alerts if one]
    assert ["喝水"] == [one.text for one in reminders]
    assert set() == in_files(place, WORDS, "梧桐开会")
    assert verify(place).finding is None


async def test_a_person_is_handed_what_is_about_them(place: Audit) -> None:
    """What they did, what was done about them, what they ordered and asked for; nobody else's."""
    await fill(place)

    rows = [one for one in stored(place, HONG) if one.table != "exchanges"]

    tables = ("evidence", "steps", "orders", "alerts", "reminders")
    assert {"evidence": 2, "steps": 3, "orders": 2, "alerts": 2, "reminders": 1} == {
        table: sum(row.table == table for row in rows) for table in tables
    }
    assert {HONG, GANG} == {row.row["person_id"] for row in rows}


@pytest.mark.parametrize("way", ["plain", "coded"])
async def test_who_wrote_nothing_can_be_erased(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody of whom only an order or a reminder is kept is known by the id, as by its code."""
    place = place_of(way, tmp_path, monkeypatch)
    async with await AuditLog.open(place, RUN) as log:
        await OrderStore(log).put(Order(OrderKind.MET, person_id=HONG))
        await ConductStore(log).add(heat(GANG, HONG))
        await OrderStore(log).put(Order(OrderKind.QUIET, person_id=GANG, given_by=ADMIN))

    assert Erased(conduct=1, orders=1) == counted(place, [HONG])
    assert Erased(conduct=1, orders=1) == erase(place, [GANG])
    assert Erased(orders=1) == erase(place, [HONG])


async def test_what_the_bot_answered_about_them_goes(plain: Audit) -> None:
    """A /why of an admin names them and repeats their words, however short: both are taken out."""
    ask = Exchange(message("/why 小红", chat_id=ADMIN, talker_id=ADMIN, talker_name="管理员"))
    told = ask.answered(Reply("小红说「你有病吧」，1.5 分", Source.COMMAND, name="why"))
    async with await AuditLog.open(plain, RUN) as log:
        for one in (said(HONG, "小红", "你有病吧"), told):
            await log.record(one)

    assert Erased(1, 1) == erase(plain, [HONG])

    (_, row) = select(plain, Query())
    assert (f"/why {ERASED}", f"{ERASED}说「{ERASED}」，1.5 分") == (row.text, row.reply)


async def test_what_is_old_is_forgotten(plain: Audit) -> None:
    """Evidence, steps, alerts that are closed and reminders that were said; orders that ended.

    What somebody may still answer, or waits to be said, stays, and so does an order without end.
    """
    async with await AuditLog.open(plain, RUN, clock=lambda: 50.0) as log:
        conduct, alerts = ConductStore(log), AlertStore(log)
        orders, reminders = OrderStore(log), ReminderStore(log)
        for at in (5.0, 10.0):
            await conduct.add(heat(HONG, GANG, at))
            await conduct.take(step(HONG, at))
        raised: list[Raised] = []
        for at, expires_at in ((5.0, 40.0), (5.0, 60.0), (5.0, 60.0), (10.0, 40.0)):
            alert = Alert(AlertKind.HEAT, "", ROOM)
            raised.append(await alerts.raise_(alert, ADMIN, at, expires_at))
        await alerts.answer(raised[1].number, Word.NO, 6.0)
        for due_at in (5.0, 5.0, 10.0):
            await reminders.add(HONG, "喝水", due_at, 1.0)
        for number in (2, 3):
            await reminders.said(number, "notice")
        for until in (50.0, 51.0, None):
            await orders.put(Order(OrderKind.PAUSE, f"chat-{until}", until=until))

        await log.expire(10.0)

        assert [10.0] == [one.at for one in await conduct.evidence_since(0.0)]
        assert [10.0] == [one.at for one in await conduct.steps(0.0)]
        left = [number for number in range(1, 5) if await alerts.find(number)]
        assert [raised[2].number, raised[3].number] == left
        assert [1] == [one.id for one in await reminders.pending()]
        kept = await orders.all(0.0)
        assert ["chat-51.0", "chat-None"] == [order.chat_id for order in kept]
    with closing(Database.to_read(plain)) as database, database.begin() as connection:
        assert is_owed(connection)


async def test_nothing_is_owed_where_nothing_was_old(plain: Audit) -> None:
    """Orders that ended hold no words: for them the files are not written anew."""
    async with await AuditLog.open(plain, RUN, clock=lambda: 50.0) as log:
        await OrderStore(log).put(Order(OrderKind.PAUSE, "chat", until=20.0))
        await log.expire(10.0)
    with closing(Database.to_read(plain)) as database, database.begin() as connection:
        assert not is_owed(connection)


async def test_a_forgiven_mark_is_taken_back(plain: Audit) -> None:
    """A label that was given by mistake is forgotten, and only that of its exchange and kind."""
    one, other = said(HONG, "小红", "哈哈"), said(HONG, "小红", "呵呵")
    async with await AuditLog.open(plain, RUN) as log:
        for exchange in (one, other):
            await log.record(exchange)
            for task in (Task.MOOD, Task.OFFENCE):
                label = Correction(exchange.message.text, "neutral", task, ADMIN, exchange.id)
                await log.correct(label)
        count = await log.uncorrect(one.id, Task.MOOD)

    assert 1 == count
    assert [("哈哈", Task.OFFENCE), ("呵呵", Task.MOOD), ("呵呵", Task.OFFENCE)] == [
        (line.text, line.task) for line in corrected(plain)
    ]
