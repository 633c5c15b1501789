"""The audit log: what happened to every message, on disk before anything leaves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self, TypeVar

import sqlalchemy as sa
import structlog

from engine.mood import Mood
from engine.talk import Turn
from handlers.audit_schema import (
    AuditError,
    AuditInUse,
    Database,
    corrections,
    exchanges,
    has_reply,
    is_merged,
    runs,
)
from handlers.exchange import Exchange, Gate, Outcome, Source
from settings import Audit

__all__ = [
    "AuditError",
    "AuditInUse",
    "AuditLog",
    "Correction",
    "CorrectionKind",
    "Entry",
    "Query",
    "Record",
    "Recovered",
    "Run",
    "Turn",
    "select",
    "show",
]

log = structlog.get_logger()
T = TypeVar("T")
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Run:
    """What answered: the model and settings of one start of the bot."""

    model: str
    fingerprint: str
    precision: str
    prompt_version: str
    settings_digest: str
    version: str


@dataclass(frozen=True, slots=True)
class Recovered:
    """Rows that the last run left unfinished, and what they were made into at the start."""

    uncertain: int
    interrupted: int


class CorrectionKind(StrEnum):
    MOOD = "mood"
    OFFENCE = "offence"


@dataclass(frozen=True, slots=True)
class Correction:
    """A label that a person gave to a text, to calibrate with.

    Attributes:
        given_by: Id of that person.
        exchange_id: The exchange whose reading is put right, where it was one.
    """

    text: str
    label: str
    kind: CorrectionKind
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
        worker: _Worker,
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
        worker = _Worker()
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
        """The last turns of a chat since its last /reset, oldest first, at most ``limit``.

        Only answers by the model or its stand-ins that left, or may have. Messages answered
        together (gate MERGED, the id of the answering exchange as detail) are one turn.
        """
        return await self._do(lambda connection: _turns(connection, chat_id, limit))

    async def said_since(self, chat_id: str, name: str, since: float) -> bool:
        """Whether a reply of that name left this chat since then (unix seconds), or may have."""
        said = (
            (exchanges.c.chat_id == chat_id)
            & (exchanges.c.reply_name == name)
            & has_reply
            & (exchanges.c.updated_at >= since)
            & exchanges.c.outcome.in_((Outcome.SENDING, Outcome.SENT, Outcome.UNCERTAIN))
        )
        query = sa.select(sa.exists().where(said))
        return await self._do(lambda connection: bool(connection.scalar(query)))

    async def _do(self, job: Callable[[sa.Connection], T]) -> T:
        def transaction() -> T:
            with self._database.begin() as connection:
                return job(connection)

        return await self._worker.do(transaction)

    def _values(self, exchange: Exchange) -> dict[str, object]:
        now = self._clock()
        return _columns(exchange) | {
            "run_id": self._run_id,
            "received_at": now,
            "updated_at": now,
        }


class _Worker:
    """One thread; jobs run in the order they were handed in, none is left out."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="audit")
        self.is_stopped = False

    def do(self, job: Callable[[], T]) -> asyncio.Future[T]:
        if self.is_stopped:
            raise AuditError("the audit log is closed; nothing can be written to it any more")
        done = asyncio.wrap_future(self._pool.submit(job))
        # Cancelling the future of a waiting job would take that job out of the queue.
        awaited = asyncio.shield(done)

        def watch(_: object) -> None:
            if awaited.cancelled():
                done.add_done_callback(_tell)

        awaited.add_done_callback(watch)
        return awaited

    def stop(self) -> None:
        """Takes no more jobs; those handed in are still done."""
        self.is_stopped = True
        self._pool.shutdown(wait=False)


def _tell(done: asyncio.Future[Any]) -> None:
    """Tells of the failure of a job whose caller has gone."""
    if not done.cancelled() and (error := done.exception()):
        log.error("audit.failed", error=str(error))


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


def _columns(exchange: Exchange) -> dict[str, object]:
    """The columns of a row that the exchange itself knows."""
    message, reading = exchange.message, exchange.reading
    verdict, reply = exchange.verdict, exchange.reply
    return {
        "id": exchange.id,
        "message_id": message.id,
        "chat_id": message.chat_id,
        "room_name": message.room_name,
        "talker_id": message.talker_id,
        "talker_name": message.talker_name,
        "kind": message.kind,
        "sent_at": message.sent_at,
        "raw": message.raw,
        "text": message.text,
        "cleaned": exchange.cleaned,
        "quoted": exchange.quoted,
        "mood": reading and reading.mood,
        "sentiment": reading and reading.sentiment,
        "polarity": reading and reading.polarity,
        "offence": reading and reading.offence,
        "confidence": reading and reading.confidence,
        "scores": reading and dict(reading.scores),
        "unsure": reading and reading.unsure,
        "mood_ms": reading and reading.ms,
        "action": verdict and verdict.action,
        "rule": verdict and verdict.rule,
        "rule_detail": verdict and verdict.detail,
        "gate": exchange.gate,
        "detail": exchange.detail,
        "reply": reply and reply.text,
        "reply_source": reply and reply.source,
        "reply_name": reply and reply.name,
        "reply_tokens": reply and reply.num_tokens,
        "reply_attempts": reply and reply.attempts,
        "outcome": exchange.outcome,
        "stage_ms": _by_stage(exchange.stage_ms),
    }


def _by_stage(stage_ms: tuple[tuple[str, float], ...]) -> dict[str, float]:
    """Milliseconds of each stage, in order; a stage that ran twice has the sum."""
    total: dict[str, float] = {}
    for stage, ms in stage_ms:
        total[stage] = total.get(stage, 0) + ms
    return total


def _turns(connection: sa.Connection, chat_id: str, limit: int) -> tuple[Turn, ...]:
    row = exchanges.c
    here = row.chat_id == chat_id
    reset = connection.scalar(
        sa.select(row.seq)
        .where(here, has_reply, row.reply_name == "reset", row.reply_source == Source.COMMAND)
        .order_by(row.seq.desc())
        .limit(1)
    )
    here &= row.seq > (reset or 0)
    answered = connection.execute(
        sa.select(row.id, row.cleaned, row.reply)
        .where(here, has_reply, row.reply_source.in_((Source.MODEL, Source.CANNED)))
        .where(row.outcome.in_((Outcome.SENT, Outcome.UNCERTAIN)))
        .order_by(row.seq.desc())
        .limit(limit)
    ).all()
    merged: dict[str, list[str]] = {id_: [] for id_, _, _ in answered}
    for into, cleaned in connection.execute(
        sa.select(row.detail, row.cleaned)
        .where(here, is_merged, row.detail.in_(list(merged)))
        .order_by(row.seq)
    ):
        merged[into].append(cleaned)
    return tuple(
        Turn("\n".join((*merged[id_], cleaned)), reply)
        for id_, cleaned, reply in reversed(answered)
    )


@dataclass(frozen=True, slots=True)
class Record:
    """One row of ``exchanges``, column by column; absent parts are None."""

    id: str
    seq: int
    run_id: int
    message_id: str
    chat_id: str
    room_name: str | None
    talker_id: str
    talker_name: str
    kind: str
    sent_at: float
    received_at: float
    raw: str
    text: str
    cleaned: str
    quoted: str
    mood: str | None
    sentiment: str | None
    polarity: float | None
    offence: float | None
    confidence: float | None
    scores: Mapping[str, float] | None
    unsure: bool | None
    mood_ms: float | None
    action: str | None
    rule: str | None
    rule_detail: str | None
    gate: str | None
    detail: str
    reply: str | None
    reply_source: str | None
    reply_name: str | None
    reply_tokens: int | None
    reply_attempts: int | None
    outcome: str
    updated_at: float
    stage_ms: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Entry:
    """A record, and the run that handled it with the time of its start (unix seconds)."""

    record: Record
    run: Run
    started_at: float


@dataclass(frozen=True, slots=True)
class Query:
    """Which records are asked for; None is any.

    Attributes:
        chat: Id of a chat, or part of a room's or (in private) talker's name.
        talker: Id of a talker, or part of the name.
        since: Received at or after, unix seconds.
        limit: The newest so many.
    """

    chat: str | None = None
    talker: str | None = None
    since: float | None = None
    gate: Gate | None = None
    mood: Mood | None = None
    outcome: Outcome | None = None
    limit: int | None = None


def select(settings: Audit, query: Query) -> Iterator[Record]:
    """The records asked for, oldest first, without keeping the bot waiting.

    They come in pages, each a transaction of its own: one that stays open while a person reads
    ``audit export | less`` would keep the bot's WAL from ever being written back. What arrives
    after the first page is not among them.

    Raises:
        AuditError: See ``Database.to_read``; at the first record.
    """
    database = Database.to_read(settings)
    try:
        with database.begin() as connection:
            low, high = connection.execute(_span(query)).one()
        while low is not None and high is not None:
            with database.begin() as connection:
                rows = connection.execute(_page(query, low, high)).all()
            yield from (Record(**row._mapping) for row in rows)
            low = rows[-1].seq + 1 if len(rows) == _PAGE else None
    finally:
        database.close()


def _span(query: Query) -> sa.Select[int | None, int | None]:
    """First and last seq of what is asked for; None and None where nothing is."""
    seq = exchanges.c.seq
    newest = sa.select(seq).where(*_conditions(query)).order_by(seq.desc()).limit(query.limit)
    asked = newest.subquery().c.seq
    return sa.select(sa.func.min(asked), sa.func.max(asked))


def _page(query: Query, low: int, high: int) -> sa.Select[Any]:
    seq = exchanges.c.seq
    asked = sa.select(exchanges).where(*_conditions(query), seq.between(low, high))
    return asked.order_by(seq).limit(_PAGE)


def show(settings: Audit, prefix: str) -> Entry:
    """The one exchange whose id begins so, or whose message id is just that (as the logs name it).

    Raises:
        AuditError: None or several are meant, or see ``Database.to_read``.
    """
    id_ = exchanges.c.id
    meant = id_.startswith(prefix, autoescape=True) | (exchanges.c.message_id == prefix)
    database = Database.to_read(settings)
    try:
        with database.begin() as connection:
            records = connection.execute(sa.select(exchanges).where(meant).limit(2)).all()
            if len(records) != 1:
                found = "several exchanges" if records else "no exchange"
                raise AuditError(f"{prefix!r} names {found}; 'audit list' shows their ids")
            record = Record(**records[0]._mapping)
            run = connection.execute(sa.select(runs).where(runs.c.id == record.run_id)).one()
    finally:
        database.close()
    named = {name: value for name, value in run._mapping.items() if name in Run.__slots__}
    return Entry(record, Run(**named), run.started_at)


def _conditions(query: Query) -> Iterator[sa.ColumnElement[bool]]:
    row = exchanges.c
    if query.chat is not None:
        title = sa.func.coalesce(row.room_name, row.talker_name)
        yield (row.chat_id == query.chat) | title.contains(query.chat, autoescape=True)
    if query.talker is not None:
        is_named = row.talker_name.contains(query.talker, autoescape=True)
        yield (row.talker_id == query.talker) | is_named
    if query.since is not None:
        yield row.received_at >= query.since
    for column, value in (
        (row.gate, query.gate),
        (row.mood, query.mood),
        (row.outcome, query.outcome),
    ):
        if value is not None:
            yield column == value
