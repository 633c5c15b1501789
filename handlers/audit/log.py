"""The writer of the audit log."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from typing import Any, Self, TypeVar

import sqlalchemy as sa

from engine.bank import Pair
from engine.labelled import Task
from engine.talk import Turn
from handlers.audit import history, voice
from handlers.audit.database import Database
from handlers.audit.schema import Run, corrections, exchanges, row_of, runs
from handlers.audit.worker import Worker
from handlers.exchange import Exchange, Gate, Outcome
from settings import Audit

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Recovered:
    """Rows that the last run left unfinished, and what they were made into at the start."""

    uncertain: int
    interrupted: int


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

    Each method returns after its own transaction is on disk, or raises ``AuditError``; then nothing
    of it was written, and the next call tries anew: room on a full disk is all that is needed.
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
        self._worker = worker
        self._database = database
        self._run_id = run_id
        self._clock = clock

    @classmethod
    async def open(
        cls, settings: Audit, run: Run, *, clock: Callable[[], float] = time.time
    ) -> AuditLog:
        """Opens the log and settles what the last run left unfinished.

        Rows at SENDING become UNCERTAIN: they may have left and are never sent again (trap 16).
        Rows at RECEIVED or DECIDED become SILENT, gate INTERRUPTED, the old outcome as detail.

        Args:
            run: Written once; every row names it.
            clock: Unix seconds now.

        Raises:
            AuditError: See ``Database.to_write``.
        """
        worker = Worker()
        opened = ExitStack()

        def start() -> tuple[Database, int, Recovered]:
            database = opened.enter_context(closing(Database.to_write(settings)))
            with database.begin() as connection:
                recovered = _recover(connection, clock())
                return database, _add_run(connection, run, clock()), recovered

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
        values = self._values(exchange)

        def job(connection: sa.Connection) -> bool:
            known = exchanges.c.message_id == exchange.message.id
            if connection.scalar(sa.select(sa.exists().where(known))):
                return False
            _insert(connection, values)
            return True

        return await self._do(job)

    async def record(self, exchange: Exchange) -> None:
        """Writes all that is known now over the row, which is made if there is none."""
        values = self._values(exchange)
        first = ("received_at", "run_id")
        changed = {name: value for name, value in values.items() if name not in first}

        def job(connection: sa.Connection) -> None:
            update = sa.update(exchanges).where(exchanges.c.id == exchange.id)
            if not connection.execute(update.values(changed)).rowcount:
                _insert(connection, values)

        await self._do(job)

    async def correct(self, correction: Correction) -> None:
        """Keeps a label that a person gave."""
        values = asdict(correction) | {"given_at": self._clock()}
        await self._do(lambda connection: connection.execute(corrections.insert().values(values)))

    async def turns(self, chat_id: str, limit: int) -> tuple[Turn, ...]:
        """The last turns of a chat, oldest first, at most ``limit``; see ``history``."""
        return await self._do(lambda connection: history.turns(connection, chat_id, limit))

    async def said_since(self, chat_id: str, name: str, since: float) -> bool:
        """Whether a reply of that name left this chat since then (unix seconds), or may have."""
        return await self._do(lambda connection: history.was_said(connection, chat_id, name, since))

    async def replies_since(self, chat_id: str, since: float) -> tuple[str, ...]:
        """What the bot said or was about to say in a chat since then (unix seconds)."""
        return await self._do(lambda connection: history.replies_since(connection, chat_id, since))

    async def learn(self, message_id: str, pair: Pair, *, limit: int) -> bool:
        """Keeps how the owner answered, by the id of their message; see ``voice.keep``."""
        now = self._clock()
        return await self._do(
            lambda connection: voice.keep(connection, message_id, pair, now, limit)
        )

    async def learnt(self, limit: int) -> tuple[Pair, ...]:
        """How the owner answered, the newest ``limit``; what is older is erased."""
        return await self._do(lambda connection: voice.kept(connection, limit))

    async def _do(self, job: Callable[[sa.Connection], T]) -> T:
        def transaction() -> T:
            with self._database.begin() as connection:
                return job(connection)

        return await self._worker.do(transaction)

    def _values(self, exchange: Exchange) -> dict[str, object]:
        now = self._clock()
        return row_of(exchange) | {
            "run_id": self._run_id,
            "received_at": now,
            "updated_at": now,
        }


def _add_run(connection: sa.Connection, run: Run, now: float) -> int:
    run_id: int = connection.scalar(_next(runs.c.id)) or 1
    connection.execute(runs.insert().values(asdict(run) | {"id": run_id, "started_at": now}))
    return run_id


def _recover(connection: sa.Connection, now: float) -> Recovered:
    outcome = exchanges.c.outcome
    settle = sa.update(exchanges).values(updated_at=now)
    uncertain = connection.execute(
        settle.where(outcome == Outcome.SENDING).values(outcome=Outcome.UNCERTAIN)
    )
    interrupted = connection.execute(
        settle.where(outcome.in_((Outcome.RECEIVED, Outcome.DECIDED))).values(
            outcome=Outcome.SILENT, gate=Gate.INTERRUPTED, detail=outcome
        )
    )
    return Recovered(uncertain.rowcount, interrupted.rowcount)


def _insert(connection: sa.Connection, values: Mapping[str, object]) -> None:
    seq = _next(exchanges.c.seq).scalar_subquery()
    connection.execute(exchanges.insert().values({**values, "seq": seq}))


def _next(column: sa.Column[Any]) -> sa.Select[int]:
    return sa.select(sa.func.coalesce(sa.func.max(column), 0) + 1)
