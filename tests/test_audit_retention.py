"""What the audit log lets go of: old rows, and the part of the journal that tells of nothing."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from engine.bank import Pair
from engine.labelled import Task
from engine.mood import Mood
from handlers.audit.errors import AuditError
from handlers.audit.finding import Fault
from handlers.audit.log import AuditLog, Correction
from handlers.audit.reader import Query, select
from handlers.audit.retention import DAY_S, Retention
from handlers.audit.schema import Run
from handlers.audit.verify import verify
from handlers.exchange import Exchange, Gate, Outcome
from settings import Audit
from tests.fakes import message

RUN = Run("bundled-small", "1d9614638d18", "bf16", "p1", "0123456789ab", "0.1.0")
SECRET = "梧桐树下的约定"


@pytest.fixture
def place(tmp_path: Path) -> Audit:
    return Audit(folder=str(tmp_path / "audit"))


@dataclass
class Clock:
    """Unix seconds, as told."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


async def fill(log: AuditLog, num: int, text: str = "你好") -> None:
    """So many messages that came in and got no answer."""
    silent = (Exchange(message(text)).stopped(Gate.NOT_ADDRESSED) for _ in range(num))
    await asyncio.gather(*(log.record(exchange) for exchange in silent))


def ask(place: Audit, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(place.path / "audit.db")) as connection:
        return connection.execute(sql).fetchall()


async def test_old_rows_go_and_the_chain_holds(place: Audit) -> None:
    """What came before the cutoff is deleted, the rest stays, and the journal tells of both."""
    clock = Clock()
    async with await AuditLog.open(place, RUN, clock=clock) as log:
        for clock.now in (0.0, 10.0):
            await fill(log, 3)
        count = await log.expire(10.0)

    assert 3 == count
    assert [10.0] * 3 == [record.received_at for record in select(place, Query())]
    assert [("expire", 3), ("start", 1), ("write", 6)] == ask(
        place, "SELECT kind, count(*) FROM journal GROUP BY kind ORDER BY kind"
    )
    assert verify(place).finding is None


async def test_what_is_still_at_work_stays(place: Audit) -> None:
    """A row whose outcome is open is some task's; only after it is settled can it go."""
    async with await AuditLog.open(place, RUN, clock=Clock()) as log:
        for outcome in Outcome:
            await log.record(replace(Exchange(message()), outcome=outcome))
        await log.expire(10.0)
        left = {record.outcome for record in select(place, Query())}

    assert {Outcome.RECEIVED, Outcome.DECIDED, Outcome.SENDING} == left


async def test_labels_and_learnt_answers_go_too(place: Audit) -> None:
    """Those of that age, and labels of any age whose exchange goes."""
    clock = Clock()
    old, new = (Exchange(message()).stopped(Gate.EMPTY) for _ in range(2))
    async with await AuditLog.open(place, RUN, clock=clock) as log:
        await log.record(old)
        await log.correct(Correction("old", "sad", Task.MOOD, "owner"))
        await log.learn("m-1", Pair("old", Mood.SAD, "old", "ming"), limit=9)
        clock.now = 20.0
        await log.record(new)
        await log.correct(Correction("of the old one", "sad", Task.MOOD, "owner", old.id))
        await log.correct(Correction("of the new one", "sad", Task.MOOD, "owner", new.id))
        await log.learn("m-2", Pair("new", Mood.SAD, "new", "ming"), limit=9)
        await log.expire(10.0)

    assert [("of the new one",)] == ask(place, "SELECT text FROM corrections")
    assert [("new",)] == ask(place, "SELECT text FROM voice")


async def test_the_journal_is_cut_where_nothing_is_left(place: Audit) -> None:
    """Its entries go with the rows that they tell of; runs go with their last row."""
    clock = Clock()
    for clock.now in (0.0, 10.0):
        async with await AuditLog.open(place, RUN, clock=clock) as log:
            await fill(log, 450)
    async with await AuditLog.open(place, RUN, clock=clock) as log:
        await fill(log, 450)
        await log.expire(10.0)
        first_cut = ask(place, "SELECT min(n), max(n) FROM journal")
        one = verify(place)
        clock.now = 20.0
        await log.expire(20.0)
        await fill(log, 1)
    two = verify(place)

    assert [(453, 1805)] == first_cut  # 450 rows and two runs; then 1,803, a cut, a run again
    assert [(None, 900), (None, 1)] == [(each.finding, each.exchanges) for each in (one, two)]
    assert two.entries < 10
    assert [(3,)] == ask(place, "SELECT id FROM runs")
    assert (10.0, 20.0) == (one.since, two.since)


async def test_a_head_that_was_cut_by_somebody_else_is_found(place: Audit) -> None:
    """One entry more than the journal itself says was cut off is one too many."""
    clock = Clock()
    async with await AuditLog.open(place, RUN, clock=clock) as log:
        await fill(log, 500)
        clock.now = 20.0
        await fill(log, 3)
        await log.expire(10.0)
    ask_and_keep(place, "DELETE FROM journal WHERE n = (SELECT min(n) FROM journal)")
    finding = verify(place).finding

    assert finding is not None
    assert Fault.HEAD_CUT == finding.fault


def ask_and_keep(place: Audit, sql: str) -> None:
    with closing(sqlite3.connect(place.path / "audit.db")) as connection, connection:
        connection.execute(sql)


async def test_an_emptied_log_goes_on(place: Audit) -> None:
    """With every row gone, what comes next is numbered on and verifies."""
    clock = Clock()
    async with await AuditLog.open(place, RUN, clock=clock) as log:
        await fill(log, 1200)
        clock.now = 20.0
        count = await log.expire(10.0)
        empty = verify(place)
        await fill(log, 2)
    found = verify(place)

    assert 1200 == count
    assert (None, 0, None, 2) == (empty.finding, empty.exchanges, found.finding, found.exchanges)


async def test_messages_are_written_while_old_ones_go(place: Audit) -> None:
    """Between one batch and the next a message gets in; it does not wait for all of them."""
    clock = Clock()
    async with await AuditLog.open(place, RUN, clock=clock) as log:
        await fill(log, 3000)
        clock.now = 20.0
        expiring = asyncio.create_task(log.expire(10.0))
        await asyncio.sleep(0)
        start = time.perf_counter()
        await log.receive(Exchange(message()))
        waited = time.perf_counter() - start
        was_done = expiring.done()
        count = await expiring

    assert 3000 == count
    assert not was_done
    assert waited < 1


@dataclass
class Shelf:
    """A log that notes what it is asked for, and fails where it was told to."""

    counts: list[int | AuditError]
    asked: list[float] = field(default_factory=list)
    scrubs: int = 0

    async def expire(self, before: float) -> int:
        self.asked.append(before)
        count = self.counts.pop(0) if self.counts else 0
        if isinstance(count, AuditError):
            raise count
        return count

    async def scrub(self) -> None:
        self.scrubs += 1


async def kept(shelf: Shelf, days: int, clock: Clock, hours: int) -> None:
    """Retention over so many hours, each as long as a turn of the loop."""

    def step() -> float:
        clock.now += 3600
        return clock.now

    running = asyncio.create_task(Retention(shelf, days, clock=step).run(every_s=0))
    while len(shelf.asked) < hours and not running.done():
        await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_every_hour_what_is_too_old_goes() -> None:
    """The cutoff moves with the clock, and a failure of one hour is made good in the next."""
    shelf, clock = Shelf([1, AuditError("the disk is full"), 2]), Clock(100 * DAY_S)
    with capture_logs() as logs:
        await kept(shelf, 90, clock, 3)

    assert [10 * DAY_S + 3600 * hour for hour in (1, 2, 3)] == shelf.asked
    assert ["audit.expired", "audit.expiry_failed", "audit.expired"] == [
        line["event"] for line in logs
    ]


async def test_files_forget_once_a_day() -> None:
    """The first deletion and then one a day has the files scrubbed, and none without deletions."""
    busy, idle = Shelf([1] * 49), Shelf([])
    for shelf in (busy, idle):
        await kept(shelf, 90, Clock(), 49)

    assert (3, 0) == (busy.scrubs, idle.scrubs)


async def test_zero_days_keep_everything() -> None:
    """With keep_days 0 nothing is ever asked for."""
    shelf = Shelf([])
    await Retention(shelf, 0).run()

    assert [] == shelf.asked


async def test_a_start_has_the_files_forget_what_the_last_run_did_not(place: Audit) -> None:
    """A bot that was stopped between deleting and scrubbing owes it: the next start does it."""
    clock = Clock()
    async with await AuditLog.open(place, RUN, clock=clock) as log:
        await fill(log, 40)
        clock.now = 20.0
        await log.expire(10.0)
    owed = ask(place, "PRAGMA user_version")
    async with await AuditLog.open(place, RUN, clock=clock):
        pass

    assert [(1,)] == owed
    assert [(0,)] == ask(place, "PRAGMA user_version")


async def test_nothing_of_an_old_text_is_left_in_any_file(place: Audit) -> None:
    """After the scrub its bytes are in neither database nor WAL, while the bot runs on."""
    clock = Clock()
    async with await AuditLog.open(place, RUN, clock=clock) as log:
        await fill(log, 40, SECRET)
        clock.now = 20.0
        await fill(log, 40)
        with_it = b"".join(path.read_bytes() for path in place.path.iterdir())
        await log.expire(10.0)
        await log.scrub()
        without = b"".join(path.read_bytes() for path in place.path.iterdir())

    assert SECRET.encode() in with_it
    assert SECRET.encode() not in without


async def test_files_that_cannot_be_scrubbed_are_told_as_such(
    place: Audit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program that writes, or a full disk: an AuditError, so that the next hour tries."""
    monkeypatch.setattr("handlers.audit.database.BUSY_S", 0.05)
    async with await AuditLog.open(place, RUN) as log:
        with closing(sqlite3.connect(place.path / "audit.db")) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(AuditError, match="What was deleted is out of the log"):
                await log.scrub()
        await log.scrub()
