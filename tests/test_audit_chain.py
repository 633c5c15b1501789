"""The chain of the audit log: what is done to its files behind its back is found, at the row."""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from itertools import count
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from engine.mood import Mood, Reading
from handlers.audit import chain
from handlers.audit.anchor import Anchor
from handlers.audit.chain import Head
from handlers.audit.database import Database
from handlers.audit.errors import AuditError
from handlers.audit.finding import Fault
from handlers.audit.keys import Keys, keys_from
from handlers.audit.log import AuditLog
from handlers.audit.schema import Run
from handlers.audit.verify import Verified, verify
from handlers.exchange import Exchange, Gate, Outcome, Reply, Source
from settings import Audit
from tests.fakes import message
from tests.tamperers import ALL, tamper

RUN = Run("bundled-small", "1d9614638d18", "bf16", "p1", "0123456789ab", "0.1.0")
DAY = 86_400.0
KEYS = keys_from("a key for the tests of the chain")


@pytest.fixture
def place(tmp_path: Path) -> Audit:
    return Audit(folder=str(tmp_path / "audit"))


async def write(place: Audit, num: int, now: float, keys: Keys | None = None) -> None:
    """A run that takes so many messages through all their states."""
    async with await AuditLog.open(place, RUN, clock=lambda: now, keys=keys) as log:
        exchanges = (Exchange(message(f"第{step}句", id=f"m-{now}-{step}")) for step in range(num))
        await asyncio.gather(*(through(log, *one) for one in zip(exchanges, count(), strict=False)))


async def through(log: AuditLog, exchange: Exchange, step: int) -> None:
    await log.receive(exchange)
    if step % 3 == 0:
        await log.record(exchange.stopped(Gate.NOT_ADDRESSED, "no mention"))
        return
    exchange = exchange.answered(Reply(f"第{step}答", Source.MODEL))
    for outcome in (Outcome.DECIDED, Outcome.SENDING, Outcome.SENT):
        await log.record(replace(exchange, outcome=outcome))


async def lived(place: Audit, keys: Keys | None) -> None:
    """A log as it is after weeks: several runs, old rows gone, the journal cut."""
    for day in range(4):
        await write(place, 70, day * DAY, keys)
    async with await AuditLog.open(place, RUN, clock=lambda: 5 * DAY, keys=keys) as log:
        assert 140 == await log.expire(1.5 * DAY)
    await write(place, 20, 6 * DAY, keys)


@pytest.fixture(scope="module", params=[None, KEYS], ids=["plain", "keyed"])
def log_of_weeks(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Keys | None]:
    """Its folder, and its keys."""
    folder, keys = tmp_path_factory.mktemp("audit"), request.param
    asyncio.run(lived(Audit(folder=str(folder)), keys))
    return folder, keys


def found_in(log_of_weeks: tuple[Path, Keys | None], copy: Path, num: int) -> None:
    """Tampers so many times, each time with a fresh copy, and looks for what was done."""
    folder, keys = log_of_weeks
    for number in range(num):
        random, how = Random(number), ALL[number % len(ALL)]  # noqa: S311
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(folder, copy)
        wrong = tamper(copy, how, random)

        finding = verify(Audit(folder=str(copy)), keys).finding

        assert finding is not None, (number, how.__name__, wrong)
        named = finding.exchange_id if finding.of == "exchange" else finding.number
        where = (finding.of, named in wrong.names or not wrong.names)
        assert (wrong.of, True) == where, (number, how.__name__, wrong, finding)


def test_a_log_of_weeks_is_whole(log_of_weeks: tuple[Path, Keys | None]) -> None:
    """Runs, states, expiry and cuts of the journal all leave a chain that verifies."""
    folder, keys = log_of_weeks

    found = verify(Audit(folder=str(folder)), keys)

    assert (None, 160) == (found.finding, found.exchanges)
    assert found.since is not None
    assert found.since > 1.5 * DAY


def test_what_is_done_to_the_files_is_found_at_the_row(
    log_of_weeks: tuple[Path, Keys | None], tmp_path: Path
) -> None:
    """30 edits, deletions, insertions, swaps and cuts of rows, journal, runs, anchor: 30 found."""
    found_in(log_of_weeks, tmp_path / "copy", 30)


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_of_500_tamperings_500_are_found(
    log_of_weeks: tuple[Path, Keys | None], tmp_path: Path
) -> None:
    """500 edits, deletions, insertions, swaps and cuts: 500 found, at the right row."""
    found_in(log_of_weeks, tmp_path / "copy", 500)
    print("500 of 500 found")


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("UPDATE exchanges SET reply = 'x' WHERE seq = 5", "exchange 5 (id e5): changed after"),
        ("UPDATE exchanges SET gate = NULL WHERE seq = 4", "exchange 4 (id e4): changed after"),
        ("UPDATE exchanges SET text = CAST(x'ff' AS TEXT) WHERE seq = 3", "exchange 3 (id e3)"),
        ("UPDATE exchanges SET text = CAST(text AS BLOB) WHERE seq = 3", "exchange 3 (id e3)"),
        ("DELETE FROM exchanges WHERE seq = 6", "exchange 6 (id e6): deleted"),
        ("UPDATE exchanges SET id = 'x' WHERE seq = 2", "exchange 2 (id e2): deleted"),
        (
            "UPDATE exchanges SET seq = -seq WHERE seq IN (3, 6);"
            "UPDATE exchanges SET seq = 9 + seq WHERE seq < 0",
            "exchange 3 (id e6): swapped with another (exchange 6)",
        ),
        ("UPDATE journal SET at = at + 1 WHERE n = 7", "journal entry 7 (id e3): changed after"),
        ("DELETE FROM journal WHERE n IN (8, 9)", "journal entry 8: deleted (and all up to 9)"),
        ("DELETE FROM journal WHERE n < 3", "journal: its beginning was cut off"),
        ("DELETE FROM journal WHERE n > 9", "it ends with entry 9, and 15 was there"),
        ("UPDATE runs SET model = 'x'", "run 1: changed after it was written"),
    ],
)
async def test_a_finding_says_where_and_what(place: Audit, sql: str, words: str) -> None:
    """The first bad row is named by its kind, number and id, with what was done to it."""
    async with await AuditLog.open(place, RUN) as log:
        for step in range(1, 8):
            exchange = Exchange(message(), id=f"e{step}")
            await log.receive(exchange)
            await log.record(exchange.stopped(Gate.EMPTY))
    with closing(sqlite3.connect(place.path / "audit.db")) as connection:
        connection.executescript(sql)

    assert words in str(verify(place).finding)


# The end of the chain


def cut_tail(place: Audit, num: int) -> None:
    """The last entries gone, and the rows that only they vouched for."""
    with closing(sqlite3.connect(place.path / "audit.db")) as connection, connection:
        [(last,)] = connection.execute("SELECT max(n) FROM journal").fetchall()
        gone = "(SELECT exchange_id FROM journal WHERE n > ? AND kind = 'write')"
        connection.execute(f"DELETE FROM exchanges WHERE id IN {gone}", (last - num,))  # noqa: S608
        connection.execute("DELETE FROM journal WHERE n > ?", (last - num,))


async def test_a_cut_tail_is_found_also_after_the_next_start(place: Audit) -> None:
    """The start that meets a cut tail enters it in the journal before the anchor moves on."""
    await write(place, 7, 0.0)
    cut_tail(place, 4)
    found = verify(place).finding
    await write(place, 1, DAY)
    later = verify(place).finding

    assert found is not None
    assert later is not None
    assert (Fault.TAIL_CUT, Fault.TAIL_CUT) == (found.fault, later.fault)
    assert "was once the last; the start at entry" in later.detail


async def test_a_journal_that_was_emptied_is_found_also_after_the_next_start(place: Audit) -> None:
    """With all rows and entries gone, the anchor still knows that there were some."""
    await write(place, 3, 0.0)
    cut_tail(place, 99)
    found = verify(place).finding
    await write(place, 1, DAY)
    later = verify(place).finding

    assert found is not None
    assert later is not None
    assert [Fault.TAIL_CUT] * 2 == [found.fault, later.fault]


async def test_without_an_anchor_the_log_is_vouched_for_from_the_next_start(place: Audit) -> None:
    """What nothing can tell is no longer claimed: "intact since" is then the time of that start."""
    await write(place, 3, 0.0)
    (place.path / "audit.anchor").unlink()
    missing = verify(place).finding
    before = time.time()
    await write(place, 1, DAY)
    found = verify(place)

    assert missing is not None
    assert Fault.NO_ANCHOR == missing.fault
    assert (None, True) == (found.finding, (found.since or 0) >= before)


async def test_a_crash_between_commit_and_anchor_is_no_cut(place: Audit) -> None:
    """An anchor that is some entries behind names one that is there: nothing is missing."""
    async with await AuditLog.open(place, RUN) as log:
        await log.receive(Exchange(message()))
        behind = (place.path / "audit.anchor").read_bytes()
        await log.receive(Exchange(message()))
    (place.path / "audit.anchor").write_bytes(behind)
    found = verify(place).finding
    await write(place, 1, DAY)

    assert [None, None] == [found, verify(place).finding]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        "[1]",
        '{"n": "x", "link": 1}',
        '{"n": 3}',
        '{"n": Infinity, "link": ""}',
        '{"n": 3, "link": "", "seal": "\\ud800"}',
        '{"n": 3, "link": "\\ud800"}',
        f'{{"n": {2**63}, "link": "{64 * "0"}"}}',
        "[" * 100_000,
        "\x00" * 256,
    ],
)
async def test_a_torn_anchor_is_as_none(place: Audit, content: str) -> None:
    """Whatever a power cut leaves in that file, it is told as missing and nothing else breaks."""
    await write(place, 1, 0.0)
    (place.path / "audit.anchor").write_text(content)
    found = verify(place).finding
    await write(place, 1, DAY)

    assert found is not None
    assert Fault.NO_ANCHOR == found.fault
    assert verify(place).finding is None


async def test_an_anchor_that_cannot_be_written_stops_no_message(place: Audit) -> None:
    """The row is on the disk; the anchor catches up with a later write."""
    async with await AuditLog.open(place, RUN) as log:
        (place.path / "audit.anchor").rename(place.path / "away")
        (place.path / "audit.anchor").mkdir()
        await log.receive(Exchange(message()))
        behind = Anchor(place.path / "away", None).read()
        (place.path / "audit.anchor").rmdir()
        await log.receive(Exchange(message()))
        caught_up = Anchor(place.path / "audit.anchor", None).read()

    assert [1, 3] == [known and known.head.n for known in (behind, caught_up)]


async def test_a_write_that_fails_leaves_no_entry(place: Audit) -> None:
    """Entries come and go with their rows, also where others shared the transaction."""
    async with await AuditLog.open(place, RUN) as log:
        first = Exchange(message())
        await log.receive(first)
        writes = [log.receive(Exchange(message())) for _ in range(3)]
        failing = log.record(Exchange(first.message))
        *_, error, last = await asyncio.gather(
            *writes, failing, log.receive(Exchange(message())), return_exceptions=True
        )
        await log.receive(Exchange(message()))

    assert isinstance(error, AuditError)
    assert last is True
    assert Verified(6, 7, verify(place).since, None) == verify(place)


async def test_verifying_keeps_nobody_waiting(place: Audit) -> None:
    """While the bot writes, every look at the log finds it whole, and the bot writes on."""
    async with await AuditLog.open(place, RUN) as log:
        for _ in range(5):
            writes = [through(log, Exchange(message()), step) for step in range(1, 15)]
            writing = asyncio.gather(*writes)
            found = await asyncio.to_thread(verify, place)
            await writing

            assert found.finding is None

    assert 70 == verify(place).exchanges


# Keys


def forge(place: Audit, key: bytes | None) -> None:
    """Changes a row and computes journal and anchor anew, as somebody does who knows how."""
    with closing(sqlite3.connect(place.path / "audit.db")) as connection, connection:
        connection.row_factory = sqlite3.Row
        connection.execute("UPDATE exchanges SET reply = 'forged' WHERE seq = 2")
        head = Head()
        for row in connection.execute("SELECT * FROM journal ORDER BY n").fetchall():
            digest = row["digest"]
            if row["number"] == 2 and row["kind"] == "write":
                [changed] = connection.execute("SELECT * FROM exchanges WHERE seq = 2").fetchall()
                digest = chain.digest(dict(changed))
            said = (row["n"], row["at"], row["kind"], row["exchange_id"], row["number"], digest)
            head = Head(row["n"], chain.link(head.link, *said, key))
            values = (digest, head.link, head.n)
            connection.execute("UPDATE journal SET digest = ?, link = ? WHERE n = ?", values)
    Anchor(place.path / "audit.anchor", key).write(head)


@pytest.mark.parametrize("key", [None, b"a key of their own", KEYS.chain])
async def test_only_who_has_the_key_can_write_the_chain_anew(
    place: Audit, key: bytes | None
) -> None:
    """Journal and anchor made anew without the key, or with another, are found."""
    await write(place, 3, 0.0, KEYS)
    forge(place, key)

    assert (key == KEYS.chain) == (verify(place, KEYS).finding is None)


async def test_an_anchor_without_the_key_is_none(place: Audit) -> None:
    """A tail cannot be cut by writing the anchor anew: that takes the key too."""
    await write(place, 3, 0.0, KEYS)
    known = Anchor(place.path / "audit.anchor", KEYS.chain).read()
    cut_tail(place, 2)
    with closing(Database.to_read(place, KEYS)) as database, database.begin() as connection:
        [(n, link)] = connection.exec_driver_sql(
            "SELECT n, link FROM journal ORDER BY n DESC LIMIT 1"
        ).fetchall()
    (place.path / "audit.anchor").write_text(json.dumps({"n": n, "link": link}))
    found = verify(place, KEYS).finding

    assert known is not None
    assert known.is_sealed
    assert found is not None
    assert Fault.NO_ANCHOR == found.fault


async def test_a_log_can_get_its_key_later(place: Audit) -> None:
    """From the first start with a key on the chain is sealed, and vouches for what it found."""
    await write(place, 3, 0.0)
    without = verify(place).finding
    early = verify(place, KEYS).finding
    await write(place, 3, DAY, KEYS)
    found = verify(place, KEYS)
    forge(place, None)
    forged = verify(place, KEYS).finding

    assert without is None
    assert early is not None
    assert Fault.UNSEALED == early.fault
    assert (None, DAY) == (found.finding, found.since)
    assert forged is not None
    with pytest.raises(AuditError, match="YIXIN_AUDIT_KEY"):
        verify(place)


# Canonical

values = st.none() | st.text() | st.integers() | st.floats(allow_nan=False) | st.binary()
rows = st.dictionaries(st.sampled_from(["id", "seq", "text", "reply", "polarity"]), values)


def shape(row: dict[str, object]) -> dict[str, tuple[str, object]]:
    """What SQLite tells apart: 1 from 1.0, a text from a blob; NULL is as absent."""
    return {name: (type(v).__name__, repr(v)) for name, v in row.items() if v is not None}


@given(one=rows, other=rows)
@hypothesis_settings(max_examples=300, deadline=None)
def test_a_digest_tells_rows_apart(one: dict[str, object], other: dict[str, object]) -> None:
    """Two rows have the same digest exactly when SQLite holds the same values in both."""
    assert (shape(one) == shape(other)) == (chain.digest(one) == chain.digest(other))
    assert chain.digest(one) == chain.digest(dict(reversed(one.items())))


@given(texts=st.tuples(*[st.text()] * 4), number=st.none() | st.integers(), at=st.floats(0, 1e10))
@hypothesis_settings(max_examples=200, deadline=None)
def test_a_link_is_the_hash_of_one_json_text(
    texts: tuple[str, str, str, str], number: int | None, at: float
) -> None:
    """Whoever wants to verify a log by other means can: SHA-256 of a compact JSON array."""
    previous, kind, exchange_id, digest = texts
    said = json.dumps([previous, 7, at, kind, exchange_id, number, digest], separators=(",", ":"))

    found = chain.link(previous, 7, at, kind, exchange_id, number, digest, None)

    assert hashlib.sha256(said.encode()).hexdigest() == found


# How long it takes


def multiply(place: Audit, total: int, keys: Keys | None) -> None:
    """A log with so many exchanges of four entries each, made of the first, in one transaction."""
    with closing(Database.to_write(place, keys)) as database, database.begin() as connection:
        now, names = time.time(), "id, message_id, seq"
        others = [
            column["name"]
            for column in connection.exec_driver_sql("PRAGMA table_info(exchanges)").mappings()
            if column["name"] not in ("id", "message_id", "seq")
        ]
        rest = ", ".join(others)
        connection.exec_driver_sql(
            "WITH RECURSIVE num AS (SELECT 2 AS n UNION ALL SELECT n + 1 FROM num LIMIT ?) "  # noqa: S608
            f"INSERT INTO exchanges ({names}, {rest}) "
            f"SELECT printf('%032x', n), 'copy-' || n, n, {rest} FROM num, "
            f"(SELECT {rest} FROM exchanges WHERE seq = 1)",
            (total - 1,),
        )
        ids = [f"{n:032x}" for n in range(2, total + 1)]
        for start in range(0, len(ids), 500):
            for _ in range(4):
                database.journal.wrote(connection, now, ids[start : start + 500])


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("keys", [None, KEYS], ids=["plain", "keyed"])
async def test_100_000_exchanges_verify_in_ten_seconds(place: Audit, keys: Keys | None) -> None:
    """100,000 rows with four entries each are walked and compared in ten seconds of one core."""
    scores = dict.fromkeys(Mood, 0.02) | {Mood.ANGRY: 0.9}
    reading = Reading.from_scores(scores, unsure_below=0.5)
    async with await AuditLog.open(place, RUN, keys=keys) as log:
        await through(log, replace(Exchange(message("气死我了" * 5)), reading=reading), 1)
    multiply(place, 100_000, keys)
    start, busy = time.perf_counter(), time.thread_time()
    found = verify(place, keys)
    busy, seconds = time.thread_time() - busy, time.perf_counter() - start
    print(
        f"{found.exchanges} exchanges, {found.entries} entries: {seconds:.1f} s, {busy:.1f} of CPU"
    )

    assert (None, 100_000) == (found.finding, found.exchanges)
    assert busy < 10
