"""Whether the audit log can be written, asked of a real one on a real disk."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from handlers.audit.errors import AuditError
from handlers.audit.log import AuditLog
from handlers.audit.reader import Query, select
from handlers.audit.schema import Run
from handlers.exchange import Exchange
from settings import Audit
from tests.fakes import message

RUN = Run(
    model="tiny",
    fingerprint="0",
    precision="fp32",
    prompt_version="1",
    settings_digest="0",
    version="0",
)


@pytest.fixture
async def opened(small_disk: Path) -> AsyncIterator[AuditLog]:
    audit = await AuditLog.open(Audit(folder=str(small_disk / "audit")), RUN)
    yield audit
    await audit.close()


async def test_a_full_disk_is_noticed_and_so_is_room(opened: AuditLog, small_disk: Path) -> None:
    """A touch fails where no message could be recorded, and succeeds again once there is room."""
    ballast = small_disk / "ballast"
    await opened.touch()
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(b"\0" * 4096):
            pass
    with pytest.raises(AuditError):
        await touch_often(opened)
    ballast.unlink()

    await opened.touch()


async def touch_often(audit: AuditLog) -> None:
    """More often than a journal that was there before has room for."""
    for _ in range(2000):
        await audit.touch()


async def test_a_touch_changes_nothing(tmp_path: Path) -> None:
    """The rows and the file's size are the same after many, and each reaches the disk."""
    place = Audit(folder=str(tmp_path))
    async with await AuditLog.open(place, RUN) as audit:
        await audit.receive(Exchange(message("你好")))
        before = list(select(place, Query()))
        began = time.perf_counter()
        for _ in range(100):
            await audit.touch()
        took = time.perf_counter() - began
        journal = (tmp_path / "audit.db-wal").stat().st_size
        after = list(select(place, Query()))
    print(f"{took * 10:.2f} ms a touch")

    assert before == after
    assert journal > 100 * 4096
