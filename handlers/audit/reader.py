"""The audit log for people and programs that only read it, also while the bot writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import sqlalchemy as sa

from engine.labelled import Labelled, Task
from engine.mood import Mood
from handlers.audit.columns import is_meant, keeping_of, storable
from handlers.audit.conduct import led_to
from handlers.audit.database import Database
from handlers.audit.errors import AuditError
from handlers.audit.schema import Run, corrections, exchanges, runs
from handlers.audit.sealed import Codes
from handlers.audit.tables import evidence
from handlers.conduct import Shown, Step
from handlers.exchange import Gate, Outcome
from settings import Audit

_PAGE = 500


@dataclass(frozen=True, slots=True)
class Record:
    """One row of ``exchanges``, column by column but for the salt; absent parts are None."""

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
    erased_at: float | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A record, and the run that handled it with the time of its start (unix seconds).

    Attributes:
        evidence: What the message is evidence of, forgiven or not.
        steps: What it led to.
    """

    record: Record
    run: Run
    started_at: float
    evidence: tuple[Shown, ...] = ()
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """Which records are asked for; None is any.

    Attributes:
        chat: Id of a chat, or part of a room's or (in private) talker's name, in either case.
        talker: Id of a talker, or part of the name, in either case.
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
            asked, columns = _asked(connection, query), _columns(connection)
        for start in range(0, len(asked), _PAGE):
            page = asked[start : start + _PAGE]
            with database.begin() as connection:
                rows = connection.execute(_page(columns, page)).all()
            yield from (Record(**row._mapping) for row in rows)
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


def show(settings: Audit, prefix: str) -> Entry:
    """The one exchange whose id begins so, or whose message id is just that (as the logs name it).

    Raises:
        AuditError: None or several are meant, or see ``Database.to_read``.
    """
    id_ = exchanges.c.id
    meant = id_.startswith(prefix, autoescape=True) | is_meant(exchanges.c.message_id, prefix)
    database = Database.to_read(settings)
    try:
        with database.begin() as connection:
            records = connection.execute(
                sa.select(*_columns(connection)).where(meant).limit(2)
            ).all()
            if len(records) != 1:
                many = "several exchanges" if records else "no exchange"
                raise AuditError(f"{prefix!r} names {many}; 'audit list' shows their ids")
            record = Record(**records[0]._mapping)
            run = connection.execute(sa.select(runs).where(runs.c.id == record.run_id)).one()
            is_late = sa.inspect(connection).has_table(evidence.name)  # else of an earlier Yixin
            found, steps = led_to(connection, record.id) if is_late else ((), ())
            keeping = keeping_of(connection.dialect)
    finally:
        database.close()
    named = {name: value for name, value in run._mapping.items() if name in Run.__slots__}
    if keeping.codes and keeping.is_coded:  # as all other ids are shown
        found = tuple(replace(x, target_id=keeping.codes.code(x.target_id)) for x in found)
    return Entry(record, Run(**named), run.started_at, found, steps)


def _page(columns: list[sa.Column[Any]], seqs: list[int]) -> sa.Select[Any]:
    return sa.select(*columns).where(exchanges.c.seq.in_(seqs)).order_by(exchanges.c.seq)


def _columns(connection: sa.Connection) -> list[sa.Column[Any]]:
    """Those of a record that the table has: an earlier Yixin made it with fewer."""
    there = {column["name"] for column in sa.inspect(connection).get_columns(exchanges.name)}
    return [exchanges.c[name] for name in Record.__slots__ if name in there]


def _asked(connection: sa.Connection, query: Query) -> list[int]:
    """The seq of every record that is asked for, ascending.

    Names are looked at here, since SQL cannot look into those that are sealed.
    """
    row, codes = exchanges.c, keeping_of(connection.dialect).codes
    is_by_name = query.chat is not None or query.talker is not None
    columns: list[sa.Column[Any]] = [row.seq]
    if is_by_name:
        columns += row.chat_id, row.room_name, row.talker_id, row.talker_name
    newest = sa.select(*columns).where(*_conditions(query))
    newest = newest.order_by(row.seq.desc()).limit(None if is_by_name else query.limit)
    lines = connection.execute(newest)
    found = (line.seq for line in lines if not is_by_name or _is_named(line, query, codes))
    return sorted(islice(found, query.limit))


def _is_named(line: sa.Row[Any], query: Query, codes: Codes | None) -> bool:
    title = line.talker_name if line.room_name is None else line.room_name
    asked = (query.chat, line.chat_id, title), (query.talker, line.talker_id, line.talker_name)
    return all(
        text is None
        or storable(text).casefold() in name.casefold()
        or id_ in (storable(text), codes and codes.code(text))
        for text, id_, name in asked
    )


def _conditions(query: Query) -> Iterator[sa.ColumnElement[bool]]:
    row = exchanges.c
    if query.since is not None:
        yield row.received_at >= query.since
    for column, value in (
        (row.gate, query.gate),
        (row.mood, query.mood),
        (row.outcome, query.outcome),
    ):
        if value is not None:
            yield column == value
