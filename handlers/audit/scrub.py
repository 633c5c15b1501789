"""Having a database's files forget what was deleted from it."""

from __future__ import annotations

import sqlalchemy as sa

from handlers.audit.errors import AuditError, explained

#: SQLite leaves this number in the file's head to applications; it is part of a transaction.
_OWED = 1


def owe(connection: sa.Connection) -> None:
    """Notes that the files are to be scrubbed, in the transaction that deletes.

    So a crash or a full disk between the two only puts it off, to the next start of a writer.
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA user_version={_OWED}")


def is_owed(connection: sa.Connection) -> bool:
    is_sqlite = connection.dialect.name == "sqlite"
    return is_sqlite and connection.exec_driver_sql("PRAGMA user_version").scalar() == _OWED


def scrub(engine: sa.Engine, place: str) -> None:
    """Leaves nothing of what was deleted in any file of the database; for SQLite alone.

    ``secure_delete`` zeroes what is deleted, but not the copies that stay behind in a page when
    its rows move to another (11 of 400 erased strings were still there), and the WAL holds
    pages as they were until it is used again.

    Raises:
        AuditError: No room, or somebody reads the database and holds on to its old pages.
    """
    if engine.dialect.name != "sqlite":
        return
    try:
        with explained(place):
            _scrub(engine)
    except AuditError as error:
        raise AuditError(
            f"{error}. What was deleted is out of the log, but its files hold traces of it until "
            "the next start of the bot"
        ) from error


def _scrub(engine: sa.Engine) -> None:
    raw = engine.raw_connection()
    try:
        cursor = raw.cursor()
        # Not in the system's folder for temporary files: it may be another disk.
        cursor.execute("PRAGMA temp_store=MEMORY")
        cursor.execute("VACUUM")
        (is_busy, *_) = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if is_busy:
            raise AuditError("another program reads this audit log; close it")
        cursor.execute("PRAGMA user_version=0")
    finally:
        raw.close()
