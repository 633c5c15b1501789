"""Whether the audit log can be kept: asked of real files, and it changes none of their rows."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from handlers.audit.check import check
from handlers.audit.errors import AuditError, AuditInUse
from handlers.audit.log import AuditLog
from handlers.audit.schema import Run
from handlers.exchange import Exchange, Outcome
from settings import Audit
from tests.fakes import message

RUN = Run("bundled-small", "1d9614638d18", "bf16", "p1", "0123456789ab", "0.1.0")


@pytest.fixture
def place(tmp_path: Path) -> Audit:
    return Audit(folder=str(tmp_path / "audit"))


async def keep(place: Audit, *exchanges: Exchange) -> None:
    async with await AuditLog.open(place, RUN) as log:
        for exchange in exchanges:
            await log.record(exchange)


def dump(place: Audit) -> list[str]:
    """Everything in the file, as plain SQLite tells it."""
    with closing(sqlite3.connect(place.path / "audit.db")) as connection:
        return list(connection.iterdump())


def refusal(place: Audit) -> str:
    with pytest.raises(AuditError) as error:
        check(place)
    return str(error.value)


async def test_a_writable_log_is_told_with_its_rows(place: Audit) -> None:
    """A log that can be written is named by its file and the number of its exchanges."""
    await keep(place, Exchange(message()), Exchange(message()))

    assert f"{place.path / 'audit.db'}, 2 exchanges" == check(place)


def test_a_log_is_made_where_there_is_none(place: Audit) -> None:
    """Before the first start the check makes the file, for only that proves that it can."""
    assert f"{place.path / 'audit.db'}, 0 exchanges" == check(place)


async def test_a_check_changes_no_row(place: Audit) -> None:
    """No run is added, no probe stays, and what a killed bot left is for the next start."""
    await keep(place, *(replace(Exchange(message()), outcome=outcome) for outcome in Outcome))
    before = dump(place)

    check(place)

    assert before == dump(place)


async def test_a_log_in_use_is_told_apart(place: Audit) -> None:
    """While a bot runs the check says just that, and once it has gone the log is free again."""
    async with await AuditLog.open(place, RUN):
        with pytest.raises(AuditInUse):
            check(place)

    check(place)
    await keep(place, Exchange(message()))


async def test_a_read_only_log_is_a_fault(place: Audit) -> None:
    """Where nothing can be written the check says so, though all of it can be read."""
    await keep(place, Exchange(message()))
    file = (place.path / "audit.db").as_uri()

    assert "read-only; make it writable" in refusal(Audit(url=f"sqlite:///{file}?mode=ro&uri=true"))


def test_a_foreign_file_is_a_fault_and_left_alone(place: Audit) -> None:
    """Somebody else's database is named as such, and no byte of it changes."""
    place.path.mkdir()
    with closing(sqlite3.connect(place.path / "audit.db")) as connection:
        connection.execute("CREATE TABLE contacts (id)")
    before = (place.path / "audit.db").read_bytes()

    assert "not an audit log of Yixin (it has a table 'contacts')" in refusal(place)
    assert before == (place.path / "audit.db").read_bytes()


async def test_a_damaged_log_is_a_fault(place: Audit) -> None:
    """Pages overwritten behind SQLite's back are found, though the log opens and takes rows."""
    await keep(place, *(Exchange(message("长" * 500)) for _ in range(20)))
    file = place.path / "audit.db"
    size = file.stat().st_size
    with file.open("r+b") as raw:
        raw.seek(size - 4096)
        raw.write(b"\xff" * 4096)

    assert "damaged" in refusal(place)


def test_a_password_is_not_shown(tmp_path: Path) -> None:
    """A URL with a password in it never comes back whole."""
    message_ = refusal(Audit(url="nosuch://me:s3cret@host/db"))

    assert "s3cret" not in message_


FULL = """
import resource, sys
from handlers.audit.check import check
from handlers.audit.errors import AuditError
from settings import Audit
place = Audit(folder=sys.argv[1])
check(place)
resource.setrlimit(resource.RLIMIT_FSIZE, (512 * 1024, resource.RLIM_INFINITY))
try:
    print(check(place))
except AuditError as error:
    print(error)
"""


def test_a_disk_about_to_be_full_is_a_fault(place: Audit) -> None:
    """Where the log opens but has no room to grow, the check says so: a probe reaches the disk."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", FULL, place.folder],
        check=True,
        capture_output=True,
        text=True,
        env=environment,
    )

    assert "audit.db: the disk" in done.stdout
    assert "free some room" in done.stdout
