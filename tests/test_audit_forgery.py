"""Forgeries that wait for the bot to seal them: it vouches only for what it wrote itself."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from handlers.audit.erase import erase
from handlers.audit.errors import AuditError
from handlers.audit.finding import Fault
from handlers.audit.keys import keys_from
from handlers.audit.log import AuditLog
from handlers.audit.schema import Run
from handlers.audit.verify import verify
from handlers.exchange import Exchange, Gate
from settings import AUDIT_KEY, Audit
from tests.fakes import message

RUN = Run("bundled-small", "1d9614638d18", "bf16", "p1", "0123456789ab", "0.1.0")
SECRET = "a key for the tests of forgeries"
DAY = 86_400.0


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Audit:
    """A log with a key: who forges has not got it."""
    monkeypatch.setenv(AUDIT_KEY, SECRET)
    return Audit(folder=str(tmp_path / "audit"))


async def write(place: Audit, now: float, num: int = 3, talker: str = "wxid_a") -> None:
    async with await AuditLog.open(place, RUN, clock=lambda: now) as log:
        exchanges = (Exchange(message("今天去爬山吧", talker_id=talker)) for _ in range(num))
        await asyncio.gather(
            *(log.record(one.stopped(Gate.NOT_ADDRESSED, "no mention")) for one in exchanges)
        )


def change(place: Audit, sql: str) -> None:
    with closing(sqlite3.connect(place.path / "audit.db")) as connection:
        connection.executescript(sql)


def found(place: Audit) -> tuple[Fault, str, int | None] | None:
    finding = verify(place, keys_from(SECRET)).finding
    return (finding.fault, finding.of, finding.number) if finding else None


@pytest.mark.parametrize("outcome", ["received", "decided", "sending"])
async def test_a_forged_row_is_not_sealed_as_one_left_open(place: Audit, outcome: str) -> None:
    """A start settles what a crash left open; a row that somebody opened anew stays found."""
    await write(place, 0.0)
    change(place, f"UPDATE exchanges SET raw = 'x', outcome = '{outcome}' WHERE seq = 2")  # noqa: S608

    await write(place, 1.0)

    assert (Fault.CHANGED, "exchange", 2) == found(place)


async def test_an_inserted_row_is_not_sealed_as_one_left_open(place: Audit) -> None:
    """Nor does it seal a row that it never wrote."""
    await write(place, 0.0)
    change(
        place,
        "CREATE TEMP TABLE t AS SELECT * FROM exchanges WHERE seq = 2;"
        "UPDATE t SET seq = 9, id = 'x', message_id = 'x', outcome = 'sending';"
        "INSERT INTO exchanges SELECT * FROM t",
    )

    await write(place, 1.0)

    assert (Fault.INSERTED, "exchange", 9) == found(place)


async def test_a_row_made_old_is_not_sealed_as_expired(place: Audit) -> None:
    """It goes, but nothing says that it was time."""
    await write(place, 10 * DAY)
    change(place, "UPDATE exchanges SET received_at = 0 WHERE seq = 2")

    async with await AuditLog.open(place, RUN, clock=lambda: 11 * DAY) as log:
        await log.expire(5 * DAY)

    assert (Fault.DELETED, "exchange", 2) == found(place)


async def test_the_oldest_rows_deleted_are_not_cut_off_the_journal(place: Audit) -> None:
    """Entries stay until their rows would have been too old, even if nothing of them is there."""
    await write(place, 10 * DAY, 500)
    change(place, "DELETE FROM exchanges WHERE seq <= 450")

    async with await AuditLog.open(place, RUN, clock=lambda: 11 * DAY) as log:
        await log.expire(5 * DAY)
        assert (Fault.DELETED, "exchange", 1) == found(place)
        await log.expire(10.5 * DAY)

    assert found(place) is None


async def test_a_changed_run_is_not_sealed_when_the_journal_is_cut(place: Audit) -> None:
    """A run that is entered anew is the one that was entered before."""
    await write(place, 0.0, 500)
    async with await AuditLog.open(place, RUN, clock=lambda: 9 * DAY) as log:
        await log.record(Exchange(message()).stopped(Gate.EMPTY))
    change(place, "UPDATE runs SET model = 'x' WHERE id = 2")

    async with await AuditLog.open(place, RUN, clock=lambda: 11 * DAY) as log:
        assert 500 == await log.expire(5 * DAY)

    assert (Fault.CHANGED, "run", 2) == found(place)


async def test_a_forged_row_is_not_sealed_by_an_erasure(place: Audit) -> None:
    """Emptied like the others, but not vouched for."""
    await write(place, 0.0, talker="wxid_b")
    change(place, "UPDATE exchanges SET sent_at = 77 WHERE seq = 2")

    assert 3 == erase(place, ["wxid_b"]).exchanges

    assert (Fault.CHANGED, "exchange", 2) == found(place)


async def test_a_trigger_in_the_file_is_refused(place: Audit) -> None:
    """It would change what the bot writes before the bot seals it."""
    await write(place, 0.0)
    change(
        place,
        "CREATE TRIGGER t AFTER INSERT ON exchanges BEGIN"
        " UPDATE exchanges SET raw = 'x' WHERE id = NEW.id; END",
    )

    with pytest.raises(AuditError, match="somebody added a trigger 't' to it"):
        await write(place, 1.0)


async def test_a_log_with_a_journal_is_not_brought_up_again(place: Audit) -> None:
    """That would enter all its rows anew, as they are."""
    await write(place, 0.0)
    change(place, "UPDATE exchanges SET raw = 'x'; UPDATE yixin_schema SET version = 2")

    with pytest.raises(AuditError, match="has a journal"):
        await write(place, 1.0)
    with pytest.raises(AuditError, match="has a journal"):
        verify(place)


async def test_a_log_that_lost_its_journal_is_known_by_the_anchor(place: Audit) -> None:
    """It passes for one of an earlier Yixin, but those had no anchor."""
    await write(place, 0.0)
    change(place, "DROP TABLE journal; UPDATE yixin_schema SET version = 2")

    await write(place, 1.0)

    assert (Fault.TAIL_CUT, "journal", None) == found(place)


@pytest.mark.parametrize("column", ["kind", "digest", "link", "exchange_id", "at", "number"])
async def test_a_blob_in_the_journal_is_a_finding(place: Audit, column: str) -> None:
    """SQLite keeps any value in any column."""
    await write(place, 0.0)
    change(place, f"UPDATE journal SET {column} = x'6b77' WHERE n = 3")  # noqa: S608

    assert (Fault.CHANGED, "journal entry", 3) == found(place)
