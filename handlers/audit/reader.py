"""The audit log for people and programs that only read it, also while the bot writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine.labelled import Labelled, Task
from engine.mood import Mood
from handlers.audit.database import Database
from handlers.audit.errors import AuditError
from handlers.audit.schema import Run, corrections, exchanges, runs
from handlers.exchange import Gate, Outcome
from settings import Audit

_PAGE = 500


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


def corrected(settings: Audit) -> list[Labelled]:
    """The labels that people gave, as lines to calibrate with, oldest first.

    Raises:
        AuditError: See ``Database.to_read``.
    """
    database = Database.to_read(settings)
    columns = (corrections.c.text, corrections.c.kind, corrections.c.label)
    try:
        with database.begin() as connection:
            rows = connection.execute(sa.select(*columns).order_by(corrections.c.id)).all()
    finally:
        database.close()
    return [Labelled(text, Task(kind), label, "corrections") for text, kind, label in rows]


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
