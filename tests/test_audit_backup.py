"""Copies of the audit log: taken while it is written, put back elsewhere, whole."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from handlers.audit.backup import Copied, backup
from handlers.audit.errors import AuditError
from handlers.audit.keys import keys_from
from handlers.audit.log import AuditLog
from handlers.audit.reader import Query, select
from handlers.audit.schema import Run
from handlers.audit.verify import verify
from handlers.exchange import Exchange
from settings import AUDIT_KEY, Audit
from tests.fakes import message

RUN = Run("bundled-small", "1d9614638d18", "bf16", "p1", "0123456789ab", "0.1.0")
SECRET = "a key for the tests of backups"
#: Bytes, of the database.
PAGE = 4096


@pytest.fixture
def place(tmp_path: Path) -> Audit:
    return Audit(folder=str(tmp_path / "audit"))


async def fill(log: AuditLog, num: int) -> None:
    await asyncio.gather(*(log.receive(Exchange(message())) for _ in range(num)))


def restored(copied: Copied, folder: Path) -> Audit:
    """The copies put where the documentation says."""
    folder.mkdir()
    names = {".db": "audit.db", ".anchor": "audit.anchor", ".key": "pseudonyms.key"}
    for file in copied.files:
        shutil.copy(file, folder / names[file.suffix])
    return Audit(folder=str(folder))


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def damage(file: Path) -> None:
    """Spoils a page of the messages, which counting them by an index does not look at."""
    at = file.read_bytes().index("你好".encode()) // PAGE * PAGE
    with open(file, "r+b") as opened:
        opened.seek(at)
        opened.write(b"\xff" * PAGE)


def quick_check(file: Path) -> object:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute("PRAGMA quick_check").fetchone()[0]


async def test_a_copy_taken_while_the_bot_writes_can_be_put_back(
    place: Audit, tmp_path: Path
) -> None:
    """Copied, restored elsewhere: it verifies, passes SQLite's check, and a bot goes on with it."""
    async with await AuditLog.open(place, RUN) as log:
        await fill(log, 20)
        writing = asyncio.create_task(fill(log, 400))
        await asyncio.sleep(0)
        copied = await asyncio.to_thread(backup, place, tmp_path / "copy.db")
        await writing
    there = restored(copied, tmp_path / "other")
    found = verify(there)
    async with await AuditLog.open(there, RUN) as log:
        await fill(log, 1)

    assert (None, copied.exchanges) == (found.finding, found.exchanges)
    assert 20 <= copied.exchanges <= 420
    assert "ok" == quick_check(tmp_path / "copy.db")
    assert (None, copied.exchanges + 1) == (verify(there).finding, verify(there).exchanges)


async def test_a_copy_is_private_and_in_one_piece(place: Audit, tmp_path: Path) -> None:
    """Only the files that are told, 0600 whatever the umask; no WAL that could be forgotten."""
    umask = os.umask(0)
    try:
        async with await AuditLog.open(place, RUN) as log:
            await fill(log, 3)
            (tmp_path / "copies").mkdir()
            copied = backup(place, tmp_path / "copies" / "copy.db")
    finally:
        os.umask(umask)
    modes = {path: path.stat().st_mode & 0o777 for path in (tmp_path / "copies").iterdir()}

    assert dict.fromkeys(copied.files, 0o600) == modes
    assert ["copy.db", "copy.anchor"] == [path.name for path in copied.files]


async def test_copying_changes_nothing_and_cannot_checkpoint(place: Audit, tmp_path: Path) -> None:
    """Database and WAL stay as they are, byte for byte: two that checkpoint can corrupt a WAL."""
    async with await AuditLog.open(place, RUN) as log:
        await fill(log, 30)
        before = contents(place)
        backup(place, tmp_path / "copy.db")
        after = contents(place)

    assert before == after
    assert before["audit.db-wal"]


def contents(place: Audit) -> dict[str, bytes]:
    names = ("audit.db", "audit.db-wal", "audit.anchor")
    return {name: (place.path / name).read_bytes() for name in names}


@pytest.mark.parametrize("there", ["copy.db", "copy.anchor"])
async def test_nothing_is_overwritten(place: Audit, tmp_path: Path, there: str) -> None:
    """Where one of the files is there already, none is written, and the error names it."""
    (tmp_path / there).write_text("mine")
    async with await AuditLog.open(place, RUN):
        with pytest.raises(AuditError, match=f"{there}: is there already; name another"):
            backup(place, tmp_path / "copy.db")

    assert {there, "audit"} == names(tmp_path)
    assert "mine" == (tmp_path / there).read_text()


async def test_a_copy_that_cannot_be_made_leaves_nothing(place: Audit, tmp_path: Path) -> None:
    """No folder, and a log that is damaged: an error with the file's name, and no file."""
    async with await AuditLog.open(place, RUN) as log:
        await fill(log, 400)
    with pytest.raises(AuditError, match="No such file or directory; name a file"):
        backup(place, tmp_path / "nowhere" / "copy.db")
    damage(place.path / "audit.db")
    with pytest.raises(AuditError, match="the audit log itself is damaged"):
        backup(place, tmp_path / "copy.db")

    assert {"audit"} == names(tmp_path)


async def test_a_log_with_key_and_codes_comes_back_with_both(
    place: Audit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sealed texts open in the copy with the same key; the codes' own key goes along."""
    coded = place.model_copy(update={"pseudonyms": True})
    async with await AuditLog.open(coded, RUN) as log:
        await log.receive(Exchange(message("明文")))
    monkeypatch.setenv(AUDIT_KEY, SECRET)
    async with await AuditLog.open(coded, RUN, keys=keys_from(SECRET)) as log:
        await log.receive(Exchange(message("密文")))
    copied = backup(coded, tmp_path / "copy.db")
    there = restored(copied, tmp_path / "other").model_copy(update={"pseudonyms": True})

    assert ["copy.db", "copy.anchor", "copy.pseudonyms.key"] == [path.name for path in copied.files]
    assert ["明文", "密文"] == [record.text for record in select(there, Query())]
    assert None is verify(there).finding
