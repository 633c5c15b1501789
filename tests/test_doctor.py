"""What doctor says of the audit log, as a person reads it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from cli.doctor import Finding, examine
from handlers.audit.log import AuditLog
from handlers.audit.schema import Run
from handlers.exchange import Exchange
from ruleset import Moderation
from settings import Audit, Engine, Settings
from tests.fakes import message

RUN = Run("bundled-small", "1d9614638d18", "bf16", "p1", "0123456789ab", "0.1.0")


@pytest.fixture
def config(tmp_path: Path) -> Settings:
    """A model that is not fetched yet, so that nothing is loaded."""
    engine = Engine(cache_dir=str(tmp_path / "cache"))
    return Settings(audit=Audit(folder=str(tmp_path / "audit")), engine=engine)


def audit_of(config: Settings) -> Finding:
    return next(finding for finding in examine(config) if finding.name == "audit")


def rows(config: Settings, table: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(config.audit.path / "audit.db")) as connection:
        return connection.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()  # noqa: S608


async def test_a_log_in_use_is_fine(config: Settings) -> None:
    """While a bot runs, its log being in use is no fault."""
    async with await AuditLog.open(config.audit, RUN):
        finding = audit_of(config)

    assert finding.is_fine
    assert finding.detail.startswith("in use by a running Yixin, ")


async def test_a_log_at_rest_is_told_and_stays_as_it_was(config: Settings) -> None:
    """Doctor names the file, its rows and the free disk; it adds no run and settles no row."""
    async with await AuditLog.open(config.audit, RUN) as log:
        await log.receive(Exchange(message()))
    before = [rows(config, table) for table in ("runs", "exchanges")]

    finding = audit_of(config)

    assert finding.is_fine
    assert finding.detail.startswith(f"{config.audit.path / 'audit.db'}, 1 exchanges, ")
    assert before == [rows(config, table) for table in ("runs", "exchanges")]


def test_a_log_that_cannot_be_written_is_a_fault(config: Settings) -> None:
    """A foreign file where the log should be is told with a way out."""
    config.audit.path.mkdir()
    (config.audit.path / "audit.db").write_text("these are my notes, not a database\n" * 99)

    finding = audit_of(config)

    assert "no SQLite database" in finding.detail
    assert finding.way_out


@pytest.mark.parametrize(
    ("moderation", "is_fine", "detail"),
    [
        pytest.param({}, True, "mode shadow, groups named 0, admins 0", id="as shipped"),
        pytest.param({"mode": "warn"}, False, "mode warn, groups named 0", id="nobody to tell"),
        pytest.param({"mode": "warn", "admins": ["li"]}, True, "admins 1", id="an admin"),
        pytest.param({"lines": "/no/such.yaml"}, False, "/no/such.yaml", id="no such lines"),
    ],
)
def test_moderation_that_nobody_would_hear_of_is_a_fault(
    config: Settings, moderation: dict[str, object], is_fine: bool, detail: str
) -> None:
    """Lines that are missing, and warnings with no owner and no admin, are told with a way out."""
    own = config.model_copy(update={"moderation": Moderation.model_validate(moderation)})
    finding = next(one for one in examine(own) if one.name == "moderation")

    assert is_fine == finding.is_fine
    assert detail in finding.detail
