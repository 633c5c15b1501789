"""The writer of the audit log."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from typing import Self, TypeVar

import sqlalchemy as sa

from engine.bank import Pair
from engine.labelled import Task
from engine.talk import Turn
from handlers.audit import history, retention, voice
from handlers.audit.batches import Batches
from handlers.audit.beginning import Recovered, add_run, next_of, recover
from handlers.audit.columns import is_meant
from handlers.audit.database import Database
from handlers.audit.keys import Keys
from handlers.audit.schema import Run, corrections, exchanges, new_salt, rewritten, row_of
from handlers.audit.worker import Worker
from handlers.budgets import Past
from handlers.exchange import Exchange
from settings import Audit

T = TypeVar("T")

# Values go beside a statement, not into it: building one of 40 values takes a millisecond.
_INSERT = exchanges.insert().values(seq=next_of(exchanges.c.seq).scalar_subquery())
_UPDATE = exchanges.update().where(exchanges.c.id == sa.bindparam("its_id"))


@dataclass(frozen=True, slots=True)
class Correction:
    """A label that a person gave to a text, to calibrate with.

    Attributes:
        kind: The question that the label answers.
        given_by: Id of that person.
        exchange_id: The exchange whose reading is put right, where it was one.
    """

    text: str
    label: str
    kind: Task
    given_by: str
    exchange_id: str | None = None


class AuditLog:
    """The only writer of the log. All its database work happens on one thread, in call order.

    Each method returns after its own writes are on disk, or raises ``AuditError``; then nothing
    of them was kept, and the next call tries anew: room on a full disk is all that is needed.
    A call that was made is carried out even when its caller is cancelled meanwhile, so that what
    has left is never missing and later calls never overtake it.
    """

    def __init__(
        self,
        worker: Worker,
        database: Database,
        run_id: int,
        recovered: Recovered,
        clock: Callable[[], float],
    ) -> None:
        self.recovered = recovered
        self._worker, self._batches = worker, Batches(worker, database)
        self._database = database
        self._run_id = run_id
        self._clock = clock

    @classmethod
    async def open(
        cls,
        settings: Audit,
        run: Run,
        *,
        clock: Callable[[], float] = time.time,
        keys: Keys | None = None,
    ) -> AuditLog:
        """Opens the log and settles what the last run left unfinished.

        Rows at SENDING become UNCERTAIN: they may have left and are never sent again (trap 16).
        Rows at RECEIVED or DECIDED become SILENT, gate INTERRUPTED, the old outcome as detail.

        Args:
            run: Written once; every row names it.
            clock: Unix seconds now.
            keys: See ``Database.to_write``.

        Raises:
            AuditError: See ``Database.to_write``.
        """
        worker = Worker()
        opened = ExitStack()

        def start() -> tuple[Database, int, Recovered]:
            database = opened.enter_context(closing(Database.to_write(settings, keys)))
            with database.begin() as connection:
                recovered = recover(connection, database.journal, clock())
                run_id = add_run(connection, database.journal, run, clock())
                return database, run_id, recovered

        try:
            database, run_id, recovered = await worker.do(start)
        except BaseException:
            worker.do(opened.close)  # after start, even when only our caller gave up
            worker.stop()
            raise
        return cls(worker, database, run_id, recovered, clock)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Finishes the writes under way and lets go of the file. Later calls raise AuditError."""
        if not self._worker.is_stopped:
            closed = self._worker.do(self._database.close)
            self._worker.stop()
            await closed

    async def receive(self, exchange: Exchange) -> bool:
        """Writes a message that just came in; False if its message id is known (trap 2)."""
        now = self._clock()
        values = self._values(exchange, now)

        def job(connection: sa.Connection) -> bool:
            known = is_meant(exchanges.c.message_id, exchange.message.id)
            if connection.scalar(sa.select(sa.exists().where(known))):
                return False
            _insert(connection, values)
            self._database.journal.wrote(connection, now, [exchange.id])
            return True

        return await self.do(job)

    async def record(self, exchange: Exchange) -> None:
        """Writes all that is known now over the row, which is made if there is none."""
        now = self._clock()
        values = self._values(exchange, now)
        first = ("received_at", "run_id", "salt")
        changed = {name: value for name, value in values.items() if name not in first}

        def job(connection: sa.Connection) -> None:
            if not connection.execute(_UPDATE, changed | {"its_id": exchange.id}).rowcount:
                _insert(connection, values)
            self._database.journal.wrote(connection, now, [exchange.id])

        await self.do(job)

    async def correct(self, correction: Correction) -> None:
        """Keeps a label that a person gave."""
        values = asdict(correction) | {"given_at": self._clock()}
        await self.do(lambda connection: connection.execute(corrections.insert().values(values)))

    async def uncorrect(self, exchange_id: str, kind: Task) -> int:
        """Forgets the labels that people gave to an exchange; how many there were."""
        row = corrections.c
        wrong = corrections.delete().where(row.exchange_id == exchange_id, row.kind == kind)
        return await self.do(lambda connection: connection.execute(wrong).rowcount)

    async def turns(self, chat_id: str, limit: int) -> tuple[Turn, ...]:
        """The last turns of a chat, oldest first, at most ``limit``; see ``history``."""
        return await self.do(lambda connection: history.turns(connection, chat_id, limit))

    async def said_since(self, chat_id: str, name: str, since: float) -> bool:
        """Whether a reply of that name left this chat since then (unix seconds), or may have."""
        return await self.do(lambda connection: history.was_said(connection, chat_id, name, since))

    async def replies_since(self, chat_id: str, since: float) -> tuple[str, ...]:
        """What the bot said or was about to say in a chat since then (unix seconds)."""
        return await self.do(lambda connection: history.replies_since(connection, chat_id, since))

    async def past(self, split_chars: int) -> Past:
        """What left of late by the channel of this run; see ``history.past``."""
        now = self._clock()
        return await self.do(
            lambda connection: history.past(connection, self._run_id, now, split_chars)
        )

    async def learn(self, message_id: str, pair: Pair, *, limit: int) -> bool:
        """Keeps how the owner answered, by the id of their message; see ``voice.keep``."""
        now = self._clock()
        return await self.do(
            lambda connection: voice.keep(connection, message_id, pair, now, limit)
        )

    async def learnt(self, limit: int) -> tuple[Pair, ...]:
        """How the owner answered, the newest ``limit``; what is older is erased."""
        return await self.do(lambda connection: voice.kept(connection, limit))

    async def expire(self, before: float) -> int:
        """Deletes what is older than that (unix seconds); how many exchanges. See ``retention``.

        Messages that come meanwhile are written between one batch and the next.
        """
        num, journal = 0, self._database.journal
        while count := await self.do(
            lambda connection: retention.expire(connection, journal, before, self._clock())
        ):
            num += count
        while await self.do(
            lambda connection: retention.compact(connection, journal, before, self._clock())
        ):
            pass
        return num

    async def scrub(self) -> None:
        """Leaves no trace of what was deleted in the files.

        For each 100 MB they have it takes a second, and 100 MB of memory until it is done.

        Raises:
            AuditError: There is not as much room on the disk as the log takes, or see ``Database``.
        """
        await self._worker.do(self._database.scrub)

    async def touch(self) -> None:
        """Goes the way of a write down to the disk, and leaves everything as it was.

        Raises:
            AuditError: A message that came now could not be recorded.
        """
        await self.do(rewritten)

    async def do(self, job: Callable[[sa.Connection], T]) -> T:
        """What ``job`` does to the tables, on the log's one thread, in one transaction.

        Raises:
            AuditError: It could not be written; nothing of it was kept.
        """
        return await self._batches.do(job)

    def _values(self, exchange: Exchange, now: float) -> dict[str, object]:
        return row_of(exchange) | {
            "run_id": self._run_id,
            "received_at": now,
            "updated_at": now,
            "salt": new_salt(),
        }


def _insert(connection: sa.Connection, values: Mapping[str, object]) -> None:
    connection.execute(_INSERT, values)
