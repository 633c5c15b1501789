"""Whether the audit log is as it was written, and if not, which row is the first that is not."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from engine.progress import SILENT, Progress
from handlers.audit.anchor import Anchor, Known
from handlers.audit.comparison import first_wrong
from handlers.audit.database import Database, anchor_path
from handlers.audit.errors import AuditError
from handlers.audit.finding import Broken, Finding
from handlers.audit.keys import Keys, keys_from_environment
from handlers.audit.migration import count_of, version_of
from handlers.audit.schema import CHAINED, exchanges, journal
from handlers.audit.walk import Told, check_end, walk
from settings import Audit

#: From this many rows on, verifying takes seconds.
_MANY = 40_000


@dataclass(frozen=True, slots=True)
class Verified:
    """What verifying found.

    Attributes:
        exchanges: How many there are.
        entries: How many the journal has.
        since: From when on the chain vouches for the log, unix seconds; None for an empty one.
        finding: The first thing that is wrong; None: nothing is.
    """

    exchanges: int
    entries: int
    since: float | None
    finding: Finding | None


def verify(settings: Audit, keys: Keys | None = None, progress: Progress = SILENT) -> Verified:
    """Walks the journal, then compares every row with what it says; also while the bot runs.

    All in one read transaction: the bot writes on, only its WAL is not written back meanwhile.
    Keeps about 300 bytes an exchange in memory. Without a key it finds what was changed by whoever
    does not compute the chain anew; with one, what was changed by whoever has not the key. It
    finds neither an older copy of the whole folder put in its place, nor what was done to the
    other tables, of which the journal does not tell: corrections, what was learnt, and all of
    moderation and reminders.

    Args:
        keys: What seals the journal; None: those of the environment, if any.
        progress: Told of where there are many rows.

    Raises:
        AuditError: The log has no journal yet, or needs a key; or see ``Database.to_read``.
    """
    keys, path = keys or keys_from_environment(), anchor_path(settings)
    key = keys.chain if keys else None
    known = Anchor(path, key).read() if path else None  # first: it may be behind, never ahead
    with closing(Database.to_read(settings, keys)) as database, database.begin() as connection:
        _see_as_it_is(connection)
        version = version_of(connection, database.place)
        if version is None or version < CHAINED:
            raise AuditError(
                f"{database.place}: written by an earlier Yixin, which kept no journal; "
                "the next start of the bot begins one"
            )
        count, entries = (count_of(connection, table) for table in (exchanges, journal))
        shown = progress if count + entries >= _MANY else SILENT
        with shown.task("Verifying the audit log", count + entries, "rows") as advance:
            told = Told()
            try:
                for amount in walk(connection, told, known, key):
                    advance(amount)
                finding = _end(told, path, known, key) or first_wrong(connection, told, advance)
            except Broken as broken:
                finding = broken.finding
    return Verified(count, entries, told.since, finding)


def _end(told: Told, path: Path | None, known: Known | None, key: bytes | None) -> Finding | None:
    return (check_end(told.head, known, key) if path else None) or told.lost


def _see_as_it_is(connection: sa.Connection) -> None:
    """One moment of the log for all questions, and texts that are no UTF-8 as what they are."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    elif connection.dialect.name == "sqlite":
        raw: Any = connection.connection.driver_connection
        raw.text_factory = partial(str, encoding="utf-8", errors="surrogateescape")
