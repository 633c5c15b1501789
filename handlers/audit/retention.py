"""What grew older than the log is to keep: rows that go, and the part of the journal they leave."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Iterator
from typing import Protocol

import sqlalchemy as sa
import structlog

from handlers.audit.chain import SHOWS, Event, Note
from handlers.audit.errors import AuditError
from handlers.audit.journal import Journal
from handlers.audit.schema import corrections, exchanges, journal, runs, voice
from handlers.audit.scrub import owe
from handlers.audit.tables import alerts, evidence, orders, reminders, steps
from handlers.exchange import Outcome

log = structlog.get_logger()

DAY_S = 86_400.0
EVERY_S = 3600.0
#: Exchanges that one transaction deletes: messages that come meanwhile wait for no more.
BATCH = 500
#: Entries that one transaction cuts off the journal, and below which it is not worth an entry.
_CUT_MOST, _CUT_LEAST = 4000, 400
#: Some task is still at work on such a row.
_OPEN = (Outcome.RECEIVED, Outcome.DECIDED, Outcome.SENDING)


class Expiring(Protocol):
    async def expire(self, before: float) -> int: ...

    async def scrub(self) -> None: ...


class Retention:
    """Deletes what is older than so many days, at once and then every hour.

    The first time, and then once a day, it also has the files forget what was deleted, which holds
    up the writing of messages for a second or two.

    Args:
        keep_days: 0: nothing ever.
        clock: Unix seconds now. One that runs ahead makes rows old before their time, and nothing
            here can know it.
    """

    def __init__(
        self, audit: Expiring, keep_days: int, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._audit, self._keep_days, self._clock = audit, keep_days, clock
        self._scrub_at = -math.inf
        self._is_dirty = False

    async def run(self, every_s: float = EVERY_S) -> None:
        """Ends at once where nothing is ever deleted, else never."""
        while self._keep_days:
            try:
                await self._expire()
            except AuditError as error:  # a full disk: the next hour may have room
                log.error("audit.expiry_failed", error=str(error))
            await asyncio.sleep(every_s)

    async def _expire(self) -> None:
        now = self._clock()
        if count := await self._audit.expire(now - self._keep_days * DAY_S):
            self._is_dirty = True
            log.info("audit.expired", exchanges=count, keep_days=self._keep_days)
        if self._is_dirty and not self._scrub_at <= now < self._scrub_at + DAY_S:
            await self._audit.scrub()
            self._scrub_at, self._is_dirty = now, False


def expire(connection: sa.Connection, entries: Journal, before: float, now: float) -> int:
    """Deletes up to ``BATCH`` exchanges received before then (unix seconds); how many there were.

    With them go the labels that were given to them, and whatever else is as old. Each exchange
    gets an entry in the journal, unless it was made to look old by somebody.
    """
    connection.execute(orders.delete().where(orders.c.until <= now))
    others = [connection.execute(table.delete().where(old)) for table, old in _old(before, now)]
    if any(result.rowcount for result in others):
        owe(connection)
    row = exchanges.c
    old = connection.execute(
        sa.select(row.id, row.seq)
        .where(row.received_at < before, row.outcome.not_in(_OPEN))
        .order_by(row.received_at)
        .limit(BATCH)
    ).all()
    ids = [id_ for id_, _ in old]
    if ids:
        vouched = entries.vouched(connection, ids)
        connection.execute(corrections.delete().where(corrections.c.exchange_id.in_(ids)))
        connection.execute(exchanges.delete().where(row.id.in_(ids)))
        gone = [Note(Event.EXPIRE, id_, seq) for id_, seq in old if id_ in vouched]
        entries.append(connection, now, gone)
        owe(connection)
    return len(ids)


def _old(before: float, now: float) -> Iterator[tuple[sa.Table, sa.ColumnElement[bool]]]:
    """What goes of the other tables: all that is as old, but what still waits for its time."""
    yield voice, voice.c.seen_at < before
    yield corrections, corrections.c.given_at < before
    yield evidence, evidence.c.at < before
    yield steps, steps.c.at < before
    is_closed = alerts.c.answer.is_not(None) | (alerts.c.expires_at <= now)
    yield alerts, (alerts.c.raised_at < before) & is_closed
    yield reminders, (reminders.c.due_at < before) & reminders.c.notice_id.is_not(None)


def compact(connection: sa.Connection, entries: Journal, before: float, now: float) -> int:
    """Cuts off the entries before the first that is still needed; how many.

    One entry records the last of them and its link, so that the rest can be told from a journal
    that somebody cut. Runs that nothing is left of go too, the others are entered anew, as they
    were entered before.
    """
    first: int = connection.scalar(sa.select(sa.func.min(journal.c.n))) or 0
    last = _last_useless(connection, first + _CUT_MOST - 1, before)
    if last - first + 1 < _CUT_LEAST:
        return 0
    cut = journal.c.n <= last
    link = connection.scalar(sa.select(journal.c.link).where(journal.c.n == last))
    begun = sa.select(journal.c.number, journal.c.digest).where(cut)
    begun = begun.where(journal.c.kind == Event.START.value).order_by(journal.c.n)
    started = {row.number: row.digest for row in connection.execute(begun)}
    used = set(connection.scalars(sa.select(exchanges.c.run_id).distinct()))
    used.add(connection.scalar(sa.select(sa.func.max(runs.c.id))) or 0)  # this one
    anew = [Note(Event.START, number=run, digest=started[run]) for run in sorted(used & {*started})]
    # Before the deletion: the next number must not begin again at 1.
    entries.append(connection, now, [Note(Event.CUT, number=last, digest=link or ""), *anew])
    connection.execute(runs.delete().where(runs.c.id.in_({*started} - used)))
    return connection.execute(journal.delete().where(cut)).rowcount


def _last_useless(connection: sa.Connection, most: int, before: float) -> int:
    """The last entry, up to ``most``, that comes before all that are needed.

    Needed is what tells of a row that is there, or that should be: one that never expired is told
    of until it would have. Else whoever deletes the oldest rows would have the proof cut off too.
    """
    other = journal.alias()
    there = sa.exists().where(exchanges.c.id == journal.c.exchange_id)
    expired = sa.exists().where(
        other.c.exchange_id == journal.c.exchange_id, other.c.kind == Event.EXPIRE.value
    )
    proof = journal.c.kind.in_([kind.value for kind in (*SHOWS, Event.LOSS)])
    needed = there | (proof & (journal.c.at >= before) & ~expired)
    first: int | None = connection.scalar(
        sa.select(journal.c.n).where(journal.c.n <= most, needed).order_by(journal.c.n).limit(1)
    )
    end: int = connection.scalar(sa.select(sa.func.max(journal.c.n))) or 0
    return min(end, most) if first is None else first - 1
