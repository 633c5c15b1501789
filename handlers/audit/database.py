"""The two ways to open the audit log: one writer, and readers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import structlog
from filelock import FileLock, Timeout
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from handlers.audit.anchor import SUFFIX, Anchor
from handlers.audit.errors import BUSY_S, ELSEWHERE, AuditError, AuditInUse, explained
from handlers.audit.journal import Journal
from handlers.audit.keeping import settle
from handlers.audit.keys import Keys, keys_from_environment
from handlers.audit.migration import bring_up, version_of
from handlers.audit.scrub import is_owed, scrub
from settings import Audit

log = structlog.get_logger()

FILE = "audit.db"


class Database:
    """One connection to the audit log, for one thread at a time.

    The journal is a WAL with FULL sync: one fsync a commit, where a rollback journal needs five.
    Measured on a disk with a slow fsync, median and 95th percentile of 1,500 commits of one row:
    WAL 4.0 and 4.7 ms, DELETE 20 and 24 ms, TRUNCATE 23 and 28 ms; a message costs about four.

    SQLite 3.7.0 to 3.51.2 can corrupt a WAL when one connection commits while *another* runs a
    checkpoint (sqlite.org/wal.html#walresetbug, trap 17). So only one connection ever does either:
    the writer holds a lock file, and readers open with ``mode=ro``, which cannot checkpoint.
    ``PRAGMA query_only`` would not do: it forbids writes, yet its checkpoint went through (ran).
    """

    def __init__(
        self, engine: sa.Engine, place: str, lock: FileLock | None, journal: Journal
    ) -> None:
        self.place = place
        self.journal = journal
        self._engine = engine
        self._lock = lock

    @classmethod
    def to_write(cls, settings: Audit, keys: Keys | None = None) -> Database:
        """Opens the database for the only writer; creates folder, file and tables where missing.

        Args:
            keys: Seal texts and journal from now on; None: those of the environment, if any.

        Raises:
            AuditInUse: Another process writes it.
            AuditError: No access, no room, a file that is not this schema, or not the log's keys.
        """
        url, path, place = _url(settings)
        keys = keys or keys_from_environment()
        key = keys.chain if keys else None
        with explained(place):
            lock = _private(path) if path else None
            journal = Journal(_anchor(settings, key), key)
            database = cls(_engine(url, "BEGIN IMMEDIATE"), place, lock, journal)
            try:
                with database.begin() as connection:
                    bring_up(connection, version_of(connection, place), journal)
                    settle(connection, settings, keys, place, is_writer=True)
                    is_due = is_owed(connection)
                database._use_wal()
                if is_due:
                    database._scrub_late()
            except BaseException:
                database.close()
                raise
        return database

    @classmethod
    def to_read(cls, settings: Audit, keys: Keys | None = None) -> Database:
        """Opens an existing database for reading, also while the bot writes.

        Raises:
            AuditError: There is none, no access, a file that is not this schema, or not the keys
                it was written with.
        """
        url, path, place = _url(settings)
        missing = f"{place}: no audit log here yet; the first start of the bot writes it, or "
        if path:
            if not path.exists():
                raise AuditError(missing + ELSEWHERE)
            url = url.set(database=path.absolute().as_uri(), query={"mode": "ro", "uri": "true"})
        with explained(place):
            engine = _engine(url, "BEGIN", postgresql_readonly=True)
            database = cls(engine, place, None, Journal(None, None))
            try:
                with database.begin() as connection:
                    if version_of(connection, place) is None:
                        raise AuditError(missing + ELSEWHERE)
                    keys = keys or keys_from_environment()
                    settle(connection, settings, keys, place, is_writer=False)
            except BaseException:
                database.close()
                raise
        return database

    @contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """A transaction: committed when the block ends, rolled back when it raises.

        Raises:
            AuditError: The database refused.
        """
        try:
            with explained(self.place), self._engine.begin() as connection:
                yield connection
        except BaseException:
            self.journal.rolled_back()
            raise
        self.journal.committed()

    def scrub(self) -> None:
        """See ``scrub``; while others write or read, too.

        Raises:
            AuditError: It could not be done now; what was deleted is deleted all the same.
        """
        scrub(self._engine, self.place)

    def _scrub_late(self) -> None:
        try:
            self.scrub()
        except AuditError as error:  # no reason not to answer anybody
            log.warning("audit.not_scrubbed", error=str(error))

    def close(self) -> None:
        self._engine.dispose()
        if self._lock:
            self._lock.release()

    def _use_wal(self) -> None:
        # Only now: the mode is a property of the file, and a foreign one must stay as it was.
        if self._engine.dialect.name == "sqlite":
            raw = self._engine.raw_connection()
            try:
                raw.cursor().execute("PRAGMA journal_mode=WAL")
            finally:
                raw.close()


def _url(settings: Audit) -> tuple[sa.URL, Path | None, str]:
    """Where the log lives, the file it is, if it is one that we look after, and its name."""
    if not settings.url:
        path = settings.path / FILE
        return sa.URL.create("sqlite", database=str(path)), path, str(path)
    try:
        url = sa.make_url(settings.url)
    except ArgumentError:  # not shown: a password may stand in it
        raise AuditError(
            "audit.url is no database URL such as postgresql+psycopg://user@host/yixin"
        ) from None
    plain = url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:")
    if plain and not str(url.database).startswith("file:"):
        return url, Path(str(url.database)), str(url.database)
    return url, None, url.set(query={}).render_as_string()  # a password may stand there too


def anchor_path(settings: Audit) -> Path | None:
    """Where the end of the chain is named; None for a database that ends with the program."""
    url, path, _ = _url(settings)
    if path:
        return path.with_suffix(SUFFIX)
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        return None
    return settings.path / f"audit{SUFFIX}"


def _anchor(settings: Audit, key: bytes | None) -> Anchor | None:
    path = anchor_path(settings)
    if path is None:
        return None
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Anchor(path, key)


def _private(path: Path) -> FileLock:
    """Folder and file for this user's eyes only, and the lock of the only writer."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = FileLock(path.with_name(path.name + ".lock"), timeout=0, mode=0o600)
    try:
        lock.acquire()
    except Timeout:
        raise AuditInUse(
            f"{path}: another Yixin writes this audit log; stop that one, or {ELSEWHERE}"
        ) from None
    # Before SQLite creates it by the umask; its journal takes over the mode of the file.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    return lock


def _engine(url: sa.URL, begin: str, **options: Any) -> sa.Engine:
    arguments: dict[str, Any] = {}
    if url.get_backend_name() == "sqlite":
        arguments = {"connect_args": {"timeout": BUSY_S, "check_same_thread": False}}
    try:
        engine = sa.create_engine(
            url,
            poolclass=sa.QueuePool,
            pool_size=1,
            max_overflow=0,
            pool_pre_ping=True,  # a server may have been restarted since
            hide_parameters=True,  # they are people's messages
            execution_options=options,
            **arguments,
        )
    except NoSuchModuleError:
        raise AuditError(f"audit.url: SQLAlchemy knows no database {url.drivername!r}") from None
    except ModuleNotFoundError as error:
        raise AuditError(
            f"audit.url: {url.drivername} needs the Python package {error.name}; install it, "
            "for PostgreSQL with: pip install 'yixin[postgres]'"
        ) from None
    if engine.dialect.name == "sqlite":
        _govern(engine, begin)
    return engine


def _govern(engine: sa.Engine, begin: str) -> None:
    """Begins transactions here, as SQLAlchemy's page on pysqlite says: sqlite3 begins them late."""

    @sa.event.listens_for(engine, "connect")
    def connected(connection: Any, _: object) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        # What is erased leaves no trace in the file's free pages.
        connection.execute("PRAGMA secure_delete=ON")

    @sa.event.listens_for(engine, "begin")
    def begun(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)
