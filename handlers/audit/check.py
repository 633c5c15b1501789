"""Whether the audit log can be kept at all, asked before a bot stakes its answers on it."""

from __future__ import annotations

from contextlib import closing

import sqlalchemy as sa

from handlers.audit.database import Database
from handlers.audit.errors import ELSEWHERE, AuditError
from handlers.audit.schema import corrections, exchanges
from settings import Audit

#: Characters written as a probe: more than the 2 MB that SQLite keeps in memory until a commit.
_PROBE = 3_000_000


def check(settings: Audit) -> str:
    """Where the log is and how many exchanges it holds, once that it can be written is proven.

    Opens it the way the bot does, under the bot's lock, and makes it where there is none; but no
    run begins, and rows that a killed bot left stay for the next start to settle.

    Raises:
        AuditInUse: A bot writes it at this moment.
        AuditError: It cannot be opened or written, or it is damaged.
    """
    with closing(Database.to_write(settings)) as database:
        with database.begin() as connection:
            _look_through(connection, database.place)
            count = connection.scalar(sa.select(sa.func.count()).select_from(exchanges))
        with database.begin() as connection:
            _probe(connection)
    return f"{database.place}, {count} exchanges"


def _look_through(connection: sa.Connection, place: str) -> None:
    if connection.dialect.name != "sqlite":
        return
    found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
    if found != "ok":
        raise AuditError(
            f"{place}: damaged ({found}); keep a copy and move it away, or {ELSEWHERE}"
        )


def _probe(connection: sa.Connection) -> None:
    """Writes a row and takes it back; a small one would never leave memory."""
    row = {"text": "-" * _PROBE, "label": "", "kind": "probe", "given_by": "", "given_at": 0.0}
    connection.execute(corrections.insert().values(row))
    connection.rollback()
