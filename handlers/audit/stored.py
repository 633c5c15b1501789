"""All that the audit log holds about one person, to hand it over (PIPL 45)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from handlers.audit.database import Database
from handlers.audit.involved import involved
from handlers.audit.migration import require_current
from handlers.audit.person import ids_of, in_pages, is_given_by, learnt_with, people_of
from handlers.audit.schema import corrections, exchanges, voice
from settings import Audit


@dataclass(frozen=True, slots=True)
class Stored:
    """A row about a person: the table it is of, and its columns with their plain values."""

    table: str
    row: dict[str, object]


def stored(settings: Audit, said: str) -> Iterator[Stored]:
    """All that is stored about one person, table by table, oldest first; also while the bot runs.

    Not among it: what others wrote about them, or quoted of theirs, and what the bot told others.

    Raises:
        AuditError: See ``people_of`` and ``Database.to_read``; at the first row.
    """
    with closing(Database.to_read(settings)) as database:
        with database.begin() as connection:
            require_current(connection, database.place)
            person = people_of(connection, [said])
            ids = ids_of(connection, person)
            learnt = learnt_with(connection, person)
            elsewhere = list(involved(connection, person).rows())
        for page in in_pages(ids):
            with database.begin() as connection:
                found = sa.select(exchanges).where(exchanges.c.id.in_(page))
                rows = connection.execute(found.order_by(exchanges.c.seq)).all()
                about = corrections.c.exchange_id.in_(page) & ~is_given_by(person)
                put_right = connection.execute(sa.select(corrections).where(about)).all()
            yield from (_stored(exchanges, row) for row in rows)
            yield from (_stored(corrections, row) for row in put_right)
        with database.begin() as connection:
            given = sa.select(corrections).where(is_given_by(person))
            rows = connection.execute(given.order_by(corrections.c.id)).all()
        yield from (_stored(corrections, row) for row in rows)
        yield from (_stored(voice, row) for row in learnt)
        yield from (_stored(table, row) for table, row in elsewhere)


def _stored(table: sa.Table, row: sa.Row[Any]) -> Stored:
    return Stored(table.name, {name: row._mapping[name] for name in row._mapping if name != "salt"})
