"""A copy of the audit log that can be put back, taken while the bot writes."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.progress import SILENT, Progress
from handlers.audit.anchor import SUFFIX, steady
from handlers.audit.database import Database, anchor_path
from handlers.audit.errors import AuditError
from handlers.audit.keeping import CODES_FILE
from handlers.audit.migration import count_of
from handlers.audit.schema import exchanges
from settings import Audit

#: Pages of the database copied between two looks at the progress.
_STEP = 4096
#: From so many bytes on, copying takes seconds.
_MUCH = 200_000_000


@dataclass(frozen=True, slots=True)
class Copied:
    """What a backup holds: all of these files belong together."""

    exchanges: int
    files: tuple[Path, ...]


def backup(settings: Audit, file: Path, progress: Progress = SILENT) -> Copied:
    """Copies the log as it is at one moment to ``file``; nothing is overwritten.

    Beside it go the anchor, as ``file`` with the ending ``.anchor``, and the key of the codes where
    that is a file, with the ending ``.pseudonyms.key``. To restore, stop the bot, empty the audit
    folder and put them there as ``audit.db``, ``audit.anchor`` and ``pseudonyms.key``; a WAL left
    from before would be played into the copy.

    Read through a connection that cannot write: it cannot run a checkpoint beside the bot's own
    (see ``Database``). The copy is checked, private to this user, and one file without a WAL.

    Raises:
        AuditError: ``file`` exists or cannot be written, the log is none of SQLite's, or see
            ``Database.to_read``.
    """
    files = _copies(settings, file)
    for copy, _ in files:
        if copy.exists():
            raise AuditError(f"{copy}: is there already; name another file")
    made: list[Path] = []
    try:
        for copy, source in files[1:]:  # the anchor first: it may be behind the chain, never ahead
            _write(copy, steady(source), made)
        _write(file, b"", made)
        count = _copy(settings, file, progress)
    except BaseException:
        for copy in made:
            with suppress(OSError):
                copy.unlink()
        raise
    return Copied(count, tuple(copy for copy, _ in files))


def _copies(settings: Audit, file: Path) -> list[tuple[Path, Path]]:
    """Where to, and where from; the database first, for which the source is not read here."""
    anchor, codes = anchor_path(settings), settings.path / CODES_FILE
    beside = [(file.with_suffix(SUFFIX), anchor)] if anchor else []
    beside.append((file.with_suffix(f".{CODES_FILE}"), codes))
    return [(file, file), *((copy, source) for copy, source in beside if source.exists())]


def _write(copy: Path, content: bytes, made: list[Path]) -> None:
    try:
        descriptor = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise AuditError(f"{copy}: {error.strerror}; name a file that can be made") from error
    made.append(copy)
    with open(descriptor, "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())


def _copy(settings: Audit, file: Path, progress: Progress) -> int:
    with closing(Database.to_read(settings)) as database, database.begin() as connection:
        if connection.dialect.name != "sqlite":
            raise AuditError(
                f"{database.place}: only a log in SQLite is copied; use the tools of "
                f"{connection.dialect.name}, and copy the anchor before the database"
            )
        # Also takes the moment that is copied: else each commit of the bot would begin it anew.
        count = count_of(connection, exchanges)
        num_pages = connection.exec_driver_sql("PRAGMA page_count").scalar() or 0
        page = connection.exec_driver_sql("PRAGMA page_size").scalar() or 0
        shown = progress if num_pages * page >= _MUCH else SILENT
        with shown.task("Copying the audit log", num_pages * page, "B") as advance:
            _fill(connection.connection.driver_connection, file, lambda num: advance(num * page))
    return count


def _fill(source: Any, file: Path, advance: Callable[[int], None]) -> None:
    left = 0

    def step(_: int, remaining: int, total: int) -> None:
        nonlocal left
        advance((left or total) - remaining)
        left = remaining

    try:
        with closing(sqlite3.connect(file)) as target:
            source.backup(target, pages=_STEP, progress=step)
            target.execute("PRAGMA journal_mode=DELETE")
            (found,) = target.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        raise AuditError(
            f"{file}: not copied: {error}; free some room or look at the disk"
        ) from error
    if found != "ok":
        raise AuditError(f"{file}: not kept, for the audit log itself is damaged: {found}")
