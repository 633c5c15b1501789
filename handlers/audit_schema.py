"""The tables of the audit log, and the two ways to open them: one writer, and readers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from filelock import FileLock, Timeout
from sqlalchemy.exc import ArgumentError, IntegrityError, NoSuchModuleError, SQLAlchemyError

from handlers.exchange import Gate
from settings import Audit

FILE = "audit.db"
#: Raised with every change of a table below.
SCHEMA = 1
_BUSY_S = 5.0
_ELSEWHERE = "name another folder by audit.folder or YIXIN_AUDIT__FOLDER"


class AuditError(Exception):
    """The audit log cannot be read or written; the message names the file and the way out."""


class AuditInUse(AuditError):
    """Another process writes this log: a running bot, so for a check no fault."""


class StorableText(sa.types.TypeDecorator[str]):
    """Text that every database takes and every reader sees.

    A lone surrogate is no UTF-8 (sqlite3 raises on it, trap 12), and a NUL ends the text for
    SQLite's own functions and is refused by PostgreSQL. They are stored as what ``repr`` shows of
    them, ``\\ud83d`` and ``\\x00``; all other text comes back as it went in. One way on purpose:
    escaping the backslash too would be reversible and spoil every ``¯\\_(ツ)_/¯``.
    """

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        return None if value is None else storable(value)


def storable(text: str) -> str:
    """``text`` as the log keeps it; idempotent."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\x00", "\\x00")


_metadata = sa.MetaData()

schema = sa.Table(
    "yixin_schema",
    _metadata,
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
)

#: One row a start of the bot.
runs = sa.Table(
    "runs",
    _metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("started_at", sa.Double, nullable=False),
    sa.Column("version", StorableText, nullable=False),
    sa.Column("model", StorableText, nullable=False),
    sa.Column("fingerprint", StorableText, nullable=False),
    sa.Column("precision", StorableText, nullable=False),
    sa.Column("prompt_version", StorableText, nullable=False),
    sa.Column("settings_digest", StorableText, nullable=False),
)

#: One row a message. Times are unix seconds, durations milliseconds.
exchanges = sa.Table(
    "exchanges",
    _metadata,
    sa.Column("id", StorableText, primary_key=True),
    # Order of arrival. received_at is not that: clocks are set back, and two may be equal.
    sa.Column("seq", sa.Integer, nullable=False, unique=True),
    sa.Column("run_id", sa.ForeignKey("runs.id"), nullable=False),
    # Unique by itself: a database belongs to one account, and the ids of chats and talkers cannot
    # help, since the web protocol deals new ones at every login, just when replays come (trap 2).
    sa.Column("message_id", StorableText, nullable=False, unique=True),
    sa.Column("chat_id", StorableText, nullable=False),
    sa.Column("room_name", StorableText),
    sa.Column("talker_id", StorableText, nullable=False),
    sa.Column("talker_name", StorableText, nullable=False),
    sa.Column("kind", StorableText, nullable=False),
    sa.Column("sent_at", sa.Double, nullable=False),
    sa.Column("received_at", sa.Double, nullable=False),
    sa.Column("raw", StorableText, nullable=False),
    sa.Column("text", StorableText, nullable=False),
    sa.Column("cleaned", StorableText, nullable=False),
    sa.Column("quoted", StorableText, nullable=False),
    sa.Column("mood", StorableText),
    sa.Column("sentiment", StorableText),
    sa.Column("polarity", sa.Double),
    sa.Column("offence", sa.Double),
    sa.Column("confidence", sa.Double),
    sa.Column("scores", sa.JSON(none_as_null=True)),
    sa.Column("unsure", sa.Boolean),
    sa.Column("mood_ms", sa.Double),
    sa.Column("action", StorableText),
    sa.Column("rule", StorableText),
    sa.Column("rule_detail", StorableText),
    sa.Column("gate", StorableText),
    sa.Column("detail", StorableText, nullable=False),
    sa.Column("reply", StorableText),
    sa.Column("reply_source", StorableText),
    sa.Column("reply_name", StorableText),
    sa.Column("reply_tokens", sa.Integer),
    sa.Column("reply_attempts", sa.Integer),
    sa.Column("outcome", StorableText, nullable=False),
    sa.Column("updated_at", sa.Double, nullable=False),
    sa.Column("stage_ms", sa.JSON(none_as_null=True), nullable=False),
)

#: Labels that people gave; calibration reads them as more labelled lines.
corrections = sa.Table(
    "corrections",
    _metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("text", StorableText, nullable=False),
    sa.Column("label", StorableText, nullable=False),
    sa.Column("kind", StorableText, nullable=False),
    sa.Column("given_by", StorableText, nullable=False),
    sa.Column("given_at", sa.Double, nullable=False),
    sa.Column("exchange_id", sa.ForeignKey("exchanges.id")),
)

#: A literal, as in the indexes: SQLite uses a partial index only where it sees its condition again.
is_merged = exchanges.c.gate == sa.literal(Gate.MERGED.value, StorableText, literal_execute=True)
has_reply = exchanges.c.reply_source.is_not(None)

sa.Index("ix_received", exchanges.c.received_at)
sa.Index("ix_outcome", exchanges.c.outcome)
# Most rows of a group have no reply; the turns of a chat must not read through them.
for _name, _columns, _where in (
    ("ix_replies", ("chat_id", "seq"), has_reply),
    ("ix_reply_names", ("chat_id", "reply_name", "seq"), has_reply),
    ("ix_merged", ("detail",), is_merged),
):
    sa.Index(
        _name,
        *(exchanges.c[column] for column in _columns),
        sqlite_where=_where,
        postgresql_where=_where,
    )


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

    def __init__(self, engine: sa.Engine, place: str, lock: FileLock | None) -> None:
        self.place = place
        self._engine = engine
        self._lock = lock

    @classmethod
    def to_write(cls, settings: Audit) -> Database:
        """Opens the database for the only writer; creates folder, file and tables where missing.

        Raises:
            AuditInUse: Another process writes it.
            AuditError: No access, no room, or a file that is not this schema.
        """
        url, path = _url(settings)
        place = str(path or url.render_as_string())
        with _explained(place):
            lock = _private(path) if path else None
            database = cls(_engine(url, "BEGIN IMMEDIATE"), place, lock)
            try:
                with database.begin() as connection:
                    if not _is_ours(connection, place):
                        _metadata.create_all(connection)
                        connection.execute(schema.insert().values(version=SCHEMA))
                database._use_wal()
            except BaseException:
                database.close()
                raise
        return database

    @classmethod
    def to_read(cls, settings: Audit) -> Database:
        """Opens an existing database for reading, also while the bot writes.

        Raises:
            AuditError: There is none, no access, or a file that is not this schema.
        """
        url, path = _url(settings)
        place = str(path or url.render_as_string())
        missing = f"{place}: no audit log here yet; the first start of the bot writes it, or "
        if path:
            if not path.exists():
                raise AuditError(missing + _ELSEWHERE)
            url = url.set(database=path.absolute().as_uri(), query={"mode": "ro", "uri": "true"})
        with _explained(place):
            database = cls(_engine(url, "BEGIN", postgresql_readonly=True), place, None)
            try:
                with database.begin() as connection:
                    if not _is_ours(connection, place):
                        raise AuditError(missing + _ELSEWHERE)
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
        with _explained(self.place), self._engine.begin() as connection:
            yield connection

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


def _url(settings: Audit) -> tuple[sa.URL, Path | None]:
    """Where the log lives, and the file it is, if it is one that we look after."""
    if not settings.url:
        path = settings.path / FILE
        return sa.URL.create("sqlite", database=str(path)), path
    try:
        url = sa.make_url(settings.url)
    except ArgumentError:  # not shown: a password may stand in it
        raise AuditError(
            "audit.url is no database URL such as postgresql+psycopg://user@host/yixin"
        ) from None
    plain = url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:")
    if plain and not str(url.database).startswith("file:"):
        return url, Path(str(url.database))
    return url, None


def _private(path: Path) -> FileLock:
    """Folder and file for this user's eyes only, and the lock of the only writer."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = FileLock(path.with_name(path.name + ".lock"), timeout=0, mode=0o600)
    try:
        lock.acquire()
    except Timeout:
        raise AuditInUse(
            f"{path}: another Yixin writes this audit log; stop that one, or {_ELSEWHERE}"
        ) from None
    # Before SQLite creates it by the umask; its journal takes over the mode of the file.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    return lock


def _engine(url: sa.URL, begin: str, **options: Any) -> sa.Engine:
    arguments: dict[str, Any] = {}
    if url.get_backend_name() == "sqlite":
        arguments = {"connect_args": {"timeout": _BUSY_S, "check_same_thread": False}}
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

    @sa.event.listens_for(engine, "begin")
    def begun(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)


def _is_ours(connection: sa.Connection, place: str) -> bool:
    """Whether the tables are there; False for an empty database.

    Raises:
        AuditError: Somebody else's tables, or those of another version.
    """
    names = sa.inspect(connection).get_table_names()
    if not names:
        return False
    if schema.name not in names:
        raise AuditError(
            f"{place}: this database is not an audit log of Yixin (it has a table {names[0]!r}); "
            f"{_ELSEWHERE}"
        )
    version = connection.scalar(sa.select(schema.c.version))
    if version != SCHEMA:
        raise AuditError(
            f"{place}: written with schema {version}, this Yixin knows {SCHEMA}; "
            f"use the Yixin that wrote it, or {_ELSEWHERE}"
        )
    return True


_WAYS_OUT = {
    "SQLITE_FULL": "the disk is full; free some room on it",
    "SQLITE_IOERR": "the disk refused (full, over a quota, or failing); free some room or check it",
    "SQLITE_READONLY": f"it is read-only; make it writable for this user, or {_ELSEWHERE}",
    "SQLITE_CANTOPEN": f"it cannot be opened; give this user access to it and its folder, or "
    f"{_ELSEWHERE}",
    "SQLITE_BUSY": f"another program has held it for {_BUSY_S:g} s; close that program",
    "SQLITE_NOTADB": f"it is no SQLite database; move it away, or {_ELSEWHERE}",
    "SQLITE_CORRUPT": f"it is damaged; keep a copy and move it away, or {_ELSEWHERE}",
}


@contextmanager
def _explained(place: str) -> Iterator[None]:
    """Turns what the database and the file system raise into an AuditError with a way out."""
    try:
        yield
    except IntegrityError as error:
        raise AuditError(f"{place}: {_first_line(error.orig or error)}") from error
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        code = "_".join(getattr(cause, "sqlite_errorname", "").split("_")[:2])
        raise AuditError(f"{place}: {_WAYS_OUT.get(code, _first_line(cause))}") from error
    except OSError as error:
        raise AuditError(f"{place}: {error.strerror}; give access, or {_ELSEWHERE}") from error


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]
