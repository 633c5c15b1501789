"""Which version the tables are of, and how those of an earlier one are brought up."""

from __future__ import annotations

import time

import sqlalchemy as sa
import structlog

from handlers.audit.errors import ELSEWHERE, AuditError
from handlers.audit.journal import Journal
from handlers.audit.schema import CHAINED, READABLE, SCHEMA, exchanges, new_salt, runs, schema
from handlers.audit.schema import journal as entries
from handlers.audit.tables import metadata

log = structlog.get_logger()

_AT_ONCE = 500
#: A trigger would change rows before they are sealed: the chain would vouch for what it made.
_ADDED = "SELECT type, name FROM sqlite_master WHERE type IN ('trigger', 'view')"
#: From so many exchanges on it takes seconds.
_MANY = 20_000


def version_of(connection: sa.Connection, place: str) -> int | None:
    """The schema that the tables are of; None for an empty database.

    Raises:
        AuditError: Somebody else's tables, those of a version not known here, or more than these.
    """
    names = sa.inspect(connection).get_table_names()
    if not names:
        return None
    if schema.name not in names:
        raise AuditError(
            f"{place}: this database is not an audit log of Yixin (it has a table {names[0]!r}); "
            f"{ELSEWHERE}"
        )
    is_sqlite = connection.dialect.name == "sqlite"
    if is_sqlite and (added := connection.exec_driver_sql(_ADDED).first()):
        raise AuditError(
            f"{place}: somebody added a {added.type} {added.name!r} to it, which can change what "
            f"is written; keep a copy, then drop it, or {ELSEWHERE}"
        )
    version: int | None = connection.scalar(sa.select(schema.c.version))
    if version not in READABLE:
        raise AuditError(
            f"{place}: written with schema {version}, this Yixin knows {SCHEMA}; "
            f"use the Yixin that wrote it, or {ELSEWHERE}"
        )
    entry = sa.select(entries.c.n).limit(1)
    if version < CHAINED and entries.name in names and connection.scalar(entry):
        raise AuditError(
            f"{place}: somebody made it pass for schema {version}, but it has a journal, which "
            f"only those from {CHAINED} on have; put a backup in its place, or {ELSEWHERE}"
        )
    return version


def require_current(connection: sa.Connection, place: str) -> None:
    """For readers of what earlier versions had not.

    Raises:
        AuditError: It is a log of an earlier version, or see ``version_of``.
    """
    if version_of(connection, place) != SCHEMA:
        raise AuditError(
            f"{place}: written by an earlier Yixin; start the bot once, which brings it up"
        )


def bring_up(connection: sa.Connection, version: int | None, journal: Journal) -> None:
    """Makes the tables, or what an earlier version had not of them, in the caller's transaction."""
    if version == SCHEMA:
        journal.check_end(connection, time.time())
        return
    metadata.create_all(connection)
    for table in metadata.sorted_tables:
        _complete(connection, table)
    if version is None:
        connection.execute(schema.insert().values(version=SCHEMA))
        return
    connection.execute(schema.update().values(version=SCHEMA))
    if (count := count_of(connection, exchanges)) >= _MANY:
        log.info("audit.migrating", schema=SCHEMA, exchanges=count)
    journal.check_end(connection, time.time())  # an anchor without a journal: it was deleted
    if version < CHAINED:
        _begin_chain(connection, journal)
    log.info("audit.migrated", schema=SCHEMA, before=version, exchanges=count)


def _complete(connection: sa.Connection, table: sa.Table) -> None:
    """Adds the columns that the table has not, empty in all rows, and the indexes."""
    there = {column["name"] for column in sa.inspect(connection).get_columns(table.name)}
    for column in table.c:
        if column.name not in there:
            kind = column.type.compile(connection.dialect)
            empty = "" if column.nullable else " DEFAULT '' NOT NULL"
            connection.exec_driver_sql(
                f"ALTER TABLE {table.name} ADD COLUMN {column.name} {kind}{empty}"
            )
    for index in table.indexes:
        index.create(connection, checkfirst=True)


def _begin_chain(connection: sa.Connection, journal: Journal) -> None:
    """A salt for every exchange, and the first entries of the journal, of the rows as they are.

    They vouch for the rows from now on; nothing tells what was done to them before.
    """
    now = time.time()
    journal.started(connection, now, list(connection.scalars(sa.select(runs.c.id))))
    salted = exchanges.update().where(exchanges.c.id == sa.bindparam("of"))
    last = 0
    while ids := list(
        connection.execute(
            sa.select(exchanges.c.seq, exchanges.c.id)
            .where(exchanges.c.seq > last)
            .order_by(exchanges.c.seq)
            .limit(_AT_ONCE)
        )
    ):
        rows = [{"of": row.id, "new": new_salt()} for row in ids]
        connection.execute(salted.values(salt=sa.bindparam("new")), rows)
        journal.wrote(connection, now, [row.id for row in ids])
        last = ids[-1].seq


def count_of(connection: sa.Connection, table: sa.Table) -> int:
    """How many rows it has."""
    return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
