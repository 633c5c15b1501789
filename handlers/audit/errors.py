"""What can be wrong with the audit log, in words that name the file and the way out."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import IntegrityError, SQLAlchemyError

#: Seconds to wait for another program that holds the file.
BUSY_S = 5.0
ELSEWHERE = "name another folder by audit.folder or YIXIN_AUDIT__FOLDER"


class AuditError(Exception):
    """The audit log cannot be read or written; the message names the file and the way out."""


class AuditInUse(AuditError):
    """Another process writes this log: a running bot, so for a check no fault."""


_WAYS_OUT = {
    "SQLITE_FULL": "the disk is full; free some room on it",
    "SQLITE_IOERR": "the disk refused (full, over a quota, or failing); free some room or check it",
    "SQLITE_READONLY": f"it is read-only; make it writable for this user, or {ELSEWHERE}",
    "SQLITE_CANTOPEN": f"it cannot be opened; give this user access to it and its folder, or "
    f"{ELSEWHERE}",
    "SQLITE_BUSY": f"another program has held it for {BUSY_S:g} s; close that program",
    "SQLITE_NOTADB": f"it is no SQLite database; move it away, or {ELSEWHERE}",
    "SQLITE_CORRUPT": f"it is damaged; keep a copy and move it away, or {ELSEWHERE}",
}


@contextmanager
def explained(place: str) -> Iterator[None]:
    """Turns what the database and the file system raise into an AuditError with a way out."""
    try:
        yield
    except IntegrityError as error:
        raise AuditError(f"{place}: {_first_line(error.orig or error)}") from error
    except (SQLAlchemyError, sqlite3.Error) as error:  # the latter of a raw connection
        cause = getattr(error, "orig", None) or error
        code = "_".join(getattr(cause, "sqlite_errorname", "").split("_")[:2])
        raise AuditError(f"{place}: {_WAYS_OUT.get(code, _first_line(cause))}") from error
    except OSError as error:
        raise AuditError(f"{place}: {error.strerror}; give access, or {ELSEWHERE}") from error


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]
