"""Logs of earlier Yixins: brought up in place, every row as it was, vouched for from then on."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import pytest

from handlers.audit.conduct import ConductStore
from handlers.audit.erase import counted
from handlers.audit.errors import AuditError
from handlers.audit.finding import Fault
from handlers.audit.log import AuditLog
from handlers.audit.reader import Query, corrected, select
from handlers.audit.schema import Run
from handlers.audit.stored import stored
from handlers.audit.verify import verify
from handlers.conduct import Evidence
from handlers.exchange import Exchange
from settings import Audit
from tests.fakes import message

RUN = Run("bundled-small", "1d9614638d18", "bf16", "p1", "0123456789ab", "0.1.0")
#: What the Yixin of schema 2 made, word for word; schema 1 had no table voice.
SCHEMA_2 = """
CREATE TABLE yixin_schema (version INTEGER NOT NULL, PRIMARY KEY (version));
CREATE TABLE runs (
    id INTEGER NOT NULL, started_at DOUBLE NOT NULL, version TEXT NOT NULL, model TEXT NOT NULL,
    fingerprint TEXT NOT NULL, precision TEXT NOT NULL, prompt_version TEXT NOT NULL,
    settings_digest TEXT NOT NULL, PRIMARY KEY (id)
);
CREATE TABLE exchanges (
    id TEXT NOT NULL, seq INTEGER NOT NULL, run_id INTEGER NOT NULL, message_id TEXT NOT NULL,
    chat_id TEXT NOT NULL, room_name TEXT, talker_id TEXT NOT NULL, talker_name TEXT NOT NULL,
    kind TEXT NOT NULL, sent_at DOUBLE NOT NULL, received_at DOUBLE NOT NULL, raw TEXT NOT NULL,
    text TEXT NOT NULL, cleaned TEXT NOT NULL, quoted TEXT NOT NULL, mood TEXT, sentiment TEXT,
    polarity DOUBLE, offence DOUBLE, confidence DOUBLE, scores JSON, unsure BOOLEAN, mood_ms DOUBLE,
    action TEXT, rule TEXT, rule_detail TEXT, gate TEXT, detail TEXT NOT NULL, reply TEXT,
    reply_source TEXT, reply_name TEXT, reply_tokens INTEGER, reply_attempts INTEGER,
    outcome TEXT NOT NULL, updated_at DOUBLE NOT NULL, stage_ms JSON NOT NULL,
    PRIMARY KEY (id), UNIQUE (seq), FOREIGN KEY(run_id) REFERENCES runs (id), UNIQUE (message_id)
);
CREATE INDEX ix_received ON exchanges (received_at);
CREATE INDEX ix_outcome ON exchanges (outcome);
CREATE TABLE corrections (
    id INTEGER NOT NULL, text TEXT NOT NULL, label TEXT NOT NULL, kind TEXT NOT NULL,
    given_by TEXT NOT NULL, given_at DOUBLE NOT NULL, exchange_id TEXT, PRIMARY KEY (id),
    FOREIGN KEY(exchange_id) REFERENCES exchanges (id)
);
CREATE TABLE voice (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, message_id TEXT NOT NULL, chat_id TEXT NOT NULL,
    text TEXT NOT NULL, mood TEXT NOT NULL, reply TEXT NOT NULL, seen_at DOUBLE NOT NULL,
    UNIQUE (message_id)
);
INSERT INTO yixin_schema VALUES (2);
INSERT INTO runs VALUES (1, 5.5, '0.1.0', 'bundled', 'f', 'int8', 'p1', 's');
WITH RECURSIVE num AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM num LIMIT 1203)
INSERT INTO exchanges SELECT
    printf('%032x', n), n, 1, 'm-' || n, 'ming', NULL, 'ming', '小明', 'text', 6.5, 7.5 + n, '你好',
    '你好', '你好', '', 'happy', 'positive', 0.5, 0.1, 0.9, '{"happy": 0.9}', 0, 12.5, NULL, NULL,
    NULL, NULL, '', '在呢', 'model', '', 5, 1, 'sent', 8.5 + n, '{"mood": 12.5}'
FROM num;
INSERT INTO corrections VALUES (1, '呵呵', 'angry', 'mood', 'owner', 9.5, printf('%032x', 3));
INSERT INTO voice VALUES (4, 'own', 'ming', '吃了吗', 'happy', '吃了', 9.5);
"""


@pytest.fixture(params=[1, 2])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Audit:
    """A log of that schema with 1,203 exchanges."""
    (tmp_path / "audit").mkdir()
    with closing(sqlite3.connect(tmp_path / "audit" / "audit.db")) as connection, connection:
        connection.executescript(SCHEMA_2)
        if request.param == 1:
            connection.executescript("DROP TABLE voice; UPDATE yixin_schema SET version = 1")
    return Audit(folder=str(tmp_path / "audit"))


def ask(place: Audit, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(place.path / "audit.db")) as connection:
        return connection.execute(sql).fetchall()


def dump(place: Audit) -> list[str]:
    with closing(sqlite3.connect(place.path / "audit.db")) as connection:
        return list(connection.iterdump())


async def test_an_earlier_log_is_brought_up_in_place(place: Audit) -> None:
    """Its rows read as before, each has a salt and an entry, and the log goes on behind them."""
    before = [asdict(record) for record in select(place, Query())]
    async with await AuditLog.open(place, RUN) as log:
        await log.receive(Exchange(message(id="new")))
    after = [asdict(record) for record in select(place, Query())]

    assert before == after[:-1]
    assert [(4,)] == ask(place, "SELECT version FROM yixin_schema")
    assert [(1204, 32)] == ask(
        place, "SELECT count(DISTINCT salt), min(length(salt)) FROM exchanges"
    )
    assert [("start", 2), ("write", 1204)] == ask(
        place, "SELECT kind, count(*) FROM journal GROUP BY kind ORDER BY kind"
    )
    assert None is verify(place).finding


async def test_what_is_changed_after_that_is_found(place: Audit) -> None:
    """The old rows are vouched for from the migration on."""
    async with await AuditLog.open(place, RUN):
        pass
    with closing(sqlite3.connect(place.path / "audit.db")) as connection, connection:
        connection.execute("UPDATE exchanges SET reply = 'x' WHERE seq = 700")
    finding = verify(place).finding

    assert finding is not None
    assert (Fault.CHANGED, 700) == (finding.fault, finding.number)


def test_an_earlier_log_has_nothing_to_verify(place: Audit) -> None:
    """Before it is brought up the error says so, and verifying changes nothing."""
    before = dump(place)
    with pytest.raises(AuditError, match="kept no journal; the next start of the bot begins one"):
        verify(place)

    assert before == dump(place)


def test_nobody_is_looked_for_in_an_earlier_log(place: Audit) -> None:
    """Its tables have not all that is asked for; the error says what brings them up."""
    for ask_for in (lambda: counted(place, ["ming"]), lambda: next(stored(place, "ming"))):
        with pytest.raises(AuditError, match="start the bot once, which brings it up"):
            ask_for()


async def test_a_migration_that_fails_leaves_the_log_as_it_was(place: Audit) -> None:
    """It is one transaction: where its last step fails, there is no half of it."""
    with closing(sqlite3.connect(place.path / "audit.db")) as connection, connection:
        connection.execute("CREATE TABLE journal (n CHECK (n IS NULL))")
    before = dump(place)
    with pytest.raises(AuditError, match="CHECK constraint"):
        await AuditLog.open(place, RUN)

    assert before == dump(place)
    assert not (place.path / "audit.anchor").exists()


TABLES = Path(__file__).parent / "tables"


@pytest.fixture
def third(tmp_path: Path) -> Audit:
    """A log that the Yixin of schema 3 wrote, with its journal, its anchor and a row half done."""
    (tmp_path / "audit").mkdir()
    with closing(sqlite3.connect(tmp_path / "audit" / "audit.db")) as connection, connection:
        connection.executescript((TABLES / "audit-schema-3.sql").read_text(encoding="utf-8"))
    shutil.copyfile(TABLES / "audit-schema-3.anchor", tmp_path / "audit" / "audit.anchor")
    return Audit(folder=str(tmp_path / "audit"))


async def test_a_log_of_schema_3_goes_on_behind_its_chain(third: Audit) -> None:
    """Its rows and entries stay word for word, and what 4 added is there to be written to."""
    before = [asdict(record) for record in select(third, Query())]
    entries = ask(third, "SELECT * FROM journal ORDER BY n")
    async with await AuditLog.open(third, RUN) as log:
        await ConductStore(log).add(Evidence("x", "room", "hong", "", 5.0, "heat", 1.0))
        kept = await ConductStore(log).evidence_since(0.0)
    after = [asdict(record) for record in select(third, Query())]

    assert 3 == len(before)
    assert before[:2] == after[:2]
    assert ("interrupted", "received") == (after[2]["gate"], after[2]["detail"])
    assert entries == ask(third, "SELECT * FROM journal ORDER BY n")[: len(entries)]
    assert [(4,)] == ask(third, "SELECT version FROM yixin_schema")
    assert 1 == len(kept)
    assert ["在吗"] == [line.text for line in corrected(third)]
    assert verify(third).finding is None


def test_a_log_of_schema_3_can_be_verified_as_it_is(third: Audit) -> None:
    """It has a journal: what somebody changed in it is found before it is brought up."""
    assert verify(third).finding is None
    with closing(sqlite3.connect(third.path / "audit.db")) as connection, connection:
        connection.execute("UPDATE exchanges SET reply = 'x' WHERE seq = 1")
    finding = verify(third).finding

    assert finding is not None
    assert (Fault.CHANGED, 1) == (finding.fault, finding.number)


async def test_a_journal_that_is_gone_is_missed(third: Audit) -> None:
    """Emptied before the migration, with the anchor left: the next start enters the loss."""
    with closing(sqlite3.connect(third.path / "audit.db")) as connection, connection:
        connection.execute("DELETE FROM journal")
    async with await AuditLog.open(third, RUN):
        pass
    finding = verify(third).finding

    assert finding is not None
    assert Fault.TAIL_CUT is finding.fault


def test_nobody_makes_a_log_pass_for_an_earlier_one(third: Audit) -> None:
    """A version without a journal, in a log with one: refused, or the chain would begin anew."""
    with closing(sqlite3.connect(third.path / "audit.db")) as connection, connection:
        connection.execute("UPDATE yixin_schema SET version = 2")

    with pytest.raises(AuditError, match=r"pass for schema 2.*only those from 3 on have"):
        verify(third)
