"""The audit log: real SQLite files, killed writers, full disks."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import random
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, fields, replace
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from engine.labelled import Labelled, Task
from engine.mood import Mood, Reading
from engine.talk import Turn
from handlers.audit.beginning import Recovered
from handlers.audit.columns import storable
from handlers.audit.database import Database
from handlers.audit.errors import AuditError, AuditInUse
from handlers.audit.log import AuditLog, Correction
from handlers.audit.reader import Query, Record, corrected, select, show
from handlers.audit.schema import Run, exchanges
from handlers.audit.verify import verify
from handlers.exchange import (
    Action,
    Exchange,
    Gate,
    Kind,
    Message,
    Outcome,
    Reply,
    Source,
    Verdict,
)
from settings import Audit

RUN = Run("bundled-small", "1d9614638d18", "bf16", "p1", "0123456789ab", "0.1.0")
_numbers = count()


@pytest.fixture
def place(tmp_path: Path) -> Audit:
    return Audit(folder=str(tmp_path / "audit"))


def received(text: str = "你好", *, chat: str = "chat", room: str | None = None) -> Exchange:
    """A message that just came in, with an id of its own."""
    message = Message(
        id=f"message-{next(_numbers)}",
        chat_id=chat,
        talker_id="wxid_ming",
        talker_name="小明",
        text=text,
        raw=text,
        kind=Kind.TEXT,
        sent_at=1_777_000_000.5,
        room_name=room,
    )
    return Exchange(message, cleaned=text)


def answered(text: str, bot: str, outcome: Outcome = Outcome.SENT, **reply: object) -> Exchange:
    """A message that the model answered, unless ``reply`` says otherwise."""
    words = replace(Reply(bot, Source.MODEL), **reply)  # type: ignore[arg-type]
    return replace(received(text).answered(words), outcome=outcome)


def whole() -> Exchange:
    """An exchange with every part known."""
    scores = dict.fromkeys(Mood, 0.02) | {Mood.ANGRY: 0.9}
    reading = Reading.from_scores(scores, unsure_below=0.5, offence=0.25)
    exchange = replace(
        received("气死我了", room="家庭群"),
        quoted="昨天的话",
        reading=replace(reading, ms=93.5),
        verdict=Verdict(Action.NOTE, "anger", "angry 0.90"),
        detail="为什么",
    )
    reply = Reply("先消消气。", Source.CANNED, "angry", num_tokens=5, attempts=2)
    return exchange.answered(reply).timed("mood", 93.5).timed("reply", 800.0).timed("mood", 1.5)


def rows(place: Audit, query: Query | None = None) -> list[Record]:
    return list(select(place, query or Query()))


def ask(place: Audit, sql: str) -> list[tuple[object, ...]]:
    """What plain SQLite, no code of ours, says of the file."""
    with closing(sqlite3.connect(place.path / "audit.db")) as connection:
        return connection.execute(sql).fetchall()


async def filled(place: Audit, *exchanges_: Exchange) -> None:
    async with await AuditLog.open(place, RUN) as log:
        for exchange in exchanges_:
            await log.record(exchange)


# What is kept


async def test_a_row_holds_every_part_of_an_exchange(place: Audit) -> None:
    """All that is known of an exchange comes back, column by column."""
    exchange = whole()
    async with await AuditLog.open(place, RUN, clock=lambda: 1_777_000_001.0) as log:
        await log.receive(exchange)
        await log.record(exchange)

    (record,) = rows(place)

    assert asdict(record) == {
        "id": exchange.id,
        "seq": 1,
        "run_id": 1,
        "message_id": exchange.message.id,
        "chat_id": "chat",
        "room_name": "家庭群",
        "talker_id": "wxid_ming",
        "talker_name": "小明",
        "kind": "text",
        "sent_at": 1_777_000_000.5,
        "received_at": 1_777_000_001.0,
        "raw": "气死我了",
        "text": "气死我了",
        "cleaned": "气死我了",
        "quoted": "昨天的话",
        "mood": "angry",
        "sentiment": "negative",
        "polarity": pytest.approx(-0.92),
        "offence": 0.25,
        "confidence": 0.9,
        "scores": {mood.value: 0.02 for mood in Mood} | {"angry": 0.9},
        "unsure": False,
        "mood_ms": 93.5,
        "action": "note",
        "rule": "anger",
        "rule_detail": "angry 0.90",
        "gate": None,
        "detail": "为什么",
        "reply": "先消消气。",
        "reply_source": "canned",
        "reply_name": "angry",
        "reply_tokens": 5,
        "reply_attempts": 2,
        "outcome": "decided",
        "updated_at": 1_777_000_001.0,
        "stage_ms": {"mood": 95.0, "reply": 800.0},
        "erased_at": None,
    }


def test_records_have_the_columns_of_the_table() -> None:
    """A record's fields are the table's columns, in that order: an export names them.

    The salt is not among them: an export with it would let texts be guessed by the digests.
    """
    names = [field.name for field in fields(Record)]
    names.insert(-1, "salt")

    assert [column.name for column in exchanges.columns] == names


async def test_record_writes_over_the_row_and_keeps_when_it_came(place: Audit) -> None:
    """A later record changes what became known; time of arrival, order and run stay."""
    now = iter([100.0, 100.0, 101.0, 102.0])  # the start twice, then a message and its outcome
    exchange = received()
    async with await AuditLog.open(place, RUN, clock=lambda: next(now)) as log:
        await log.receive(exchange)
        await log.record(exchange.stopped(Gate.NOT_ADDRESSED, "no mention"))

    (record,) = rows(place)

    expected = ("silent", "not-addressed", "no mention", 101.0, 102.0, 1)
    changed = (record.outcome, record.gate, record.detail)
    assert expected == (*changed, record.received_at, record.updated_at, record.seq)


async def test_what_was_never_received_is_inserted(place: Audit) -> None:
    """A notice that the bot sends by itself has its row too."""
    await filled(place, answered("", "我上线了", source=Source.NOTICE, name="login"))

    assert [(r.reply_source, r.reply_name) for r in rows(place)] == [("notice", "login")]


async def test_the_log_is_private(place: Audit) -> None:
    """Folder 0700 and files 0600, the journal too, whatever the umask: they are people's chats."""
    umask = os.umask(0)
    try:
        async with await AuditLog.open(place, RUN) as log:
            await log.receive(received())
            modes = {path.name: path.stat().st_mode & 0o777 for path in place.path.iterdir()}
    finally:
        os.umask(umask)

    assert {"audit.db", "audit.db-wal"} <= modes.keys()
    assert {0o600} == set(modes.values())
    assert place.path.stat().st_mode & 0o777 == 0o700


async def test_corrections_are_kept(place: Audit) -> None:
    """A label that a person gave is there with its giver, time and exchange."""
    exchange = received("呵呵")
    async with await AuditLog.open(place, RUN, clock=lambda: 5.0) as log:
        await log.receive(exchange)
        await log.correct(Correction("呵呵", "angry", Task.MOOD, "wxid_owner", exchange.id))

    kept = ask(place, "SELECT text, label, kind, given_by, given_at, exchange_id FROM corrections")
    assert [("呵呵", "angry", "mood", "wxid_owner", 5.0, exchange.id)] == kept
    assert [Labelled("呵呵", Task.MOOD, "angry", "corrections")] == corrected(place)


async def test_a_correction_of_an_unknown_exchange_is_refused(place: Audit) -> None:
    """A correction names an exchange that exists, or none."""
    async with await AuditLog.open(place, RUN) as log:
        with pytest.raises(AuditError, match="FOREIGN KEY"):
            await log.correct(Correction("x", "sad", Task.MOOD, "wxid_owner", "nobody"))


# Any text

hostile = st.text(st.characters(exclude_categories=()), max_size=40)


@given(texts=st.lists(hostile, min_size=1, max_size=25))
@hypothesis_settings(max_examples=15, deadline=None)
def test_any_text_comes_back(texts: list[str]) -> None:
    """Every text comes back as it was, with lone surrogates and NULs as visible escapes."""
    with tempfile.TemporaryDirectory() as folder:
        place = Audit(folder=folder)
        asyncio.run(filled(place, *(received(text, room=text) for text in texts)))
        found = [(r.raw, r.cleaned, r.room_name) for r in rows(place)]

    escaped = [
        "".join(
            f"\\u{ord(c):04x}" if "\ud800" <= c <= "\udfff" else "\\x00" if c == "\0" else c
            for c in text
        )
        for text in texts
    ]
    assert [(text, text, text) for text in escaped] == found


@given(hostile)
def test_what_is_storable_stays_as_it_is(text: str) -> None:
    """Storing what was read back changes nothing more, so ids with such characters are found."""
    assert storable(storable(text)) == storable(text)


async def test_a_hostile_message_id_is_recognised_again(place: Audit) -> None:
    """A replay is known by its id even where the id is no Unicode."""
    exchange = received()
    exchange = replace(exchange, message=replace(exchange.message, id="\ud83d\x00'; DROP TABLE"))
    again = replace(exchange, id="another")
    async with await AuditLog.open(place, RUN) as log:
        assert [await log.receive(exchange), await log.receive(again)] == [True, False]


# Replays and recovery


async def test_a_message_is_received_once(place: Audit) -> None:
    """The same message id five times over five starts is one row and one True."""
    exchange = received()
    seen = []
    for number in range(5):
        async with await AuditLog.open(place, RUN) as log:
            seen += [await log.receive(replace(exchange, id=f"{number}-{n}")) for n in range(5)]

    assert seen == [True] + [False] * 24
    assert [record.id for record in rows(place)] == ["0-0"]


async def test_the_start_settles_what_was_left(place: Audit) -> None:
    """SENDING becomes UNCERTAIN; RECEIVED and DECIDED become SILENT, interrupted; others stay."""
    left = [
        received("received"),
        *(answered(o, "好", o) for o in Outcome if o is not Outcome.RECEIVED),
    ]
    await filled(place, *left)

    async with await AuditLog.open(place, RUN) as log:
        recovered = log.recovered

    assert Recovered(uncertain=1, interrupted=2) == recovered
    assert {record.raw: (record.outcome, record.gate, record.detail) for record in rows(place)} == {
        "received": ("silent", "interrupted", "received"),
        "silent": ("silent", None, ""),
        "decided": ("silent", "interrupted", "decided"),
        "sending": ("uncertain", None, ""),
        "sent": ("sent", None, ""),
        "uncertain": ("uncertain", None, ""),
        "failed": ("failed", None, ""),
    }


async def test_every_start_is_a_run(place: Audit) -> None:
    """A row names the run that handled it, and the run names model and settings."""
    first, second = received(), received()
    await filled(place, first)
    other = replace(RUN, model="bundled", precision="fp32")
    async with await AuditLog.open(place, other, clock=lambda: 9.0) as log:
        await log.receive(second)

    assert [RUN, other] == [show(place, e.id).run for e in (first, second)]
    assert show(place, second.message.id).started_at == 9.0


async def test_there_is_one_writer(place: Audit) -> None:
    """A second bot on the same log is refused, in words; after the first has gone it may."""
    async with await AuditLog.open(place, RUN):
        with pytest.raises(AuditInUse, match=r"audit\.db: another Yixin writes .* folder"):
            await AuditLog.open(place, RUN)

    await filled(place, received())


# Turns


async def test_turns_are_what_was_said_and_left(place: Audit) -> None:
    """Turns are the answers of model and stand-ins that left or may have, oldest first."""
    await filled(
        place,
        answered("一", "1"),
        answered("二", "2", Outcome.UNCERTAIN, source=Source.CANNED, name="sad"),
        answered("not sent", "x", Outcome.SENDING),
        answered("help", "x", source=Source.COMMAND, name="help"),
        answered("voice", "x", source=Source.NOTICE, name="text-only"),
        received("unanswered"),
        answered("三", "3"),
    )
    async with await AuditLog.open(place, RUN) as log:
        # The start made UNCERTAIN of SENDING: it may have left.
        assert (Turn("一", "1"), Turn("二", "2"), Turn("not sent", "x"), Turn("三", "3")) == (
            await log.turns("chat", 9)
        )
        assert (Turn("not sent", "x"), Turn("三", "3")) == await log.turns("chat", 2)
        assert await log.turns("chat", 0) == ()
        assert await log.turns("another", 9) == ()


async def test_what_has_no_words_is_no_turn(place: Audit) -> None:
    """A picture that got a canned line is left out, and takes no place among the last turns."""
    picture = answered("", "我现在只看得懂文字", source=Source.CANNED, name="not-text")
    await filled(place, answered("一", "1"), answered("二", "2"), picture)
    async with await AuditLog.open(place, RUN) as log:
        assert (Turn("一", "1"), Turn("二", "2")) == await log.turns("chat", 9)
        assert (Turn("二", "2"),) == await log.turns("chat", 1)


async def test_turns_begin_after_the_last_reset(place: Audit) -> None:
    """What was said before /reset is never shown to the model again."""
    await filled(
        place,
        answered("a", "1"),
        answered("/reset", "好", source=Source.COMMAND, name="reset"),
        answered("b", "2"),
        answered("/reset", "好", Outcome.UNCERTAIN, source=Source.COMMAND, name="reset"),
        answered("c", "3"),
        answered("not a command", "4", name="reset"),
    )
    async with await AuditLog.open(place, RUN) as log:
        assert (Turn("c", "3"), Turn("not a command", "4")) == await log.turns("chat", 9)


async def test_a_burst_is_one_turn(place: Audit) -> None:
    """Messages answered together stand in one turn, in the order they came."""
    answer = answered("吗？", "在")
    await filled(
        place,
        answered("早", "早啊"),
        received("你").stopped(Gate.MERGED, answer.id),
        received("在").stopped(Gate.MERGED, answer.id),
        received("elsewhere").stopped(Gate.NOT_ADDRESSED, answer.id),
        answer,
    )
    async with await AuditLog.open(place, RUN) as log:
        assert (Turn("早", "早啊"), Turn("你\n在\n吗？", "在")) == await log.turns("chat", 2)
        assert (Turn("你\n在\n吗？", "在"),) == await log.turns("chat", 1)


async def test_turns_of_a_group_say_who_spoke(place: Audit) -> None:
    """By the name shown there, cleaned and short; in a private chat there is none."""
    asked = received("谁去爬山", room="同学群")
    named = replace(
        asked, message=replace(asked.message, talker_name="小\u200b红abcdefghijklmnopq")
    )
    said = replace(named.answered(Reply("我去不了。", Source.MODEL)), outcome=Outcome.SENT)
    async with await AuditLog.open(place, RUN) as log:
        await log.receive(said)
        await log.record(said)
        [turn] = await log.turns(said.message.chat_id, 9)

    assert ("小红abcdefghijklm", "谁去爬山") == (turn.name, turn.user)


async def test_said_since_looks_at_name_chat_time_and_outcome(place: Audit) -> None:
    """Only a reply of that name, in that chat, since then, that left or may have, counts."""
    said = answered("voice", "看不懂", source=Source.NOTICE, name="text-only")
    async with await AuditLog.open(place, RUN, clock=lambda: 1000.0) as log:
        found = []
        for outcome in (Outcome.DECIDED, Outcome.SILENT, Outcome.SENDING, Outcome.SENT):
            await log.record(replace(said, outcome=outcome))
            found.append(await log.said_since("chat", "text-only", 999))
        others = [
            await log.said_since("chat", "text-only", 1001),
            await log.said_since("chat", "login", 999),
            await log.said_since("another", "text-only", 999),
        ]

    assert found == [False, False, True, True]
    assert others == [False, False, False]


# Off the event loop, in order


async def test_a_stalled_disk_does_not_stall_the_loop(place: Audit) -> None:
    """While another program holds the file for 200 ms the loop lags less than 20 ms (p99)."""
    async with await AuditLog.open(place, RUN) as log:
        await log.receive(received())
        with locked(place, 0.2):
            write = asyncio.create_task(log.receive(received()))
            lags = []
            while not write.done():
                before = time.perf_counter()
                await asyncio.sleep(0.001)
                lags.append((time.perf_counter() - before - 0.001) * 1e3)
            assert await write

    assert len(lags) > 50, "the write was never stalled"
    assert sorted(lags)[int(len(lags) * 0.99)] < 20


@contextmanager
def locked(place: Audit, seconds: float) -> Iterator[None]:
    """Another program that holds the write lock for so long."""
    held = threading.Event()

    def hold() -> None:
        with closing(sqlite3.connect(place.path / "audit.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            held.set()
            time.sleep(seconds)
            other.execute("ROLLBACK")

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    yield
    thread.join()


async def test_a_cancelled_caller_loses_neither_row_nor_order(place: Audit) -> None:
    """Writes whose callers were cancelled are carried out, whole and in the order of the calls."""
    sent = answered("hi", "在", Outcome.SENDING)
    first, last = received("first"), received("last")
    async with await AuditLog.open(place, RUN) as log:
        await log.record(sent)
        with locked(place, 0.1):
            tasks = [
                asyncio.create_task(log.receive(first)),
                asyncio.create_task(log.record(replace(sent, outcome=Outcome.SENT))),
                asyncio.create_task(log.receive(last)),
            ]
            await asyncio.sleep(0.02)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            assert all(task.cancelled() for task in tasks)

    kept = [(record.raw, record.outcome) for record in rows(place)]
    assert kept == [("hi", "sent"), ("first", "received"), ("last", "received")]


async def test_concurrent_callers_are_served_in_call_order(place: Audit) -> None:
    """Rows stand in the order in which their calls were made."""
    messages = [received(str(number)) for number in range(40)]
    async with await AuditLog.open(place, RUN) as log:
        await asyncio.gather(*(log.receive(message) for message in messages))

    assert [str(number) for number in range(40)] == [record.raw for record in rows(place)]


async def test_closing_finishes_what_was_asked_and_refuses_more(place: Audit) -> None:
    """Close waits for writes under way; closing twice is fine; a later call is an AuditError."""
    log = await AuditLog.open(place, RUN)
    writes = [asyncio.create_task(log.receive(received())) for _ in range(5)]
    await asyncio.sleep(0)
    await log.close()
    await log.close()

    with pytest.raises(AuditError, match="closed"):
        await log.receive(received())
    assert [await write for write in writes] == [True] * 5


async def test_an_opening_that_is_cancelled_lets_go_of_the_log(place: Audit) -> None:
    """Whoever gives up on opening leaves nothing locked behind."""
    opening = asyncio.create_task(AuditLog.open(place, RUN))
    await asyncio.sleep(0)
    opening.cancel()
    await asyncio.gather(opening, return_exceptions=True)

    for _ in range(200):
        try:
            await filled(place, received())
            break
        except AuditError:
            await asyncio.sleep(0.02)
    assert len(rows(place)) == 1


async def test_a_reader_that_pauses_keeps_nobody_waiting(place: Audit) -> None:
    """While a person reads page one of a long list, the bot writes and its WAL is written back."""
    await filled(place, received())
    multiply(place, 1200)
    async with await AuditLog.open(place, RUN) as log:
        reading = select(place, Query())
        next(reading)
        before = time.perf_counter()
        await log.receive(received("meanwhile"))
        waited = time.perf_counter() - before
        (busy, *_), *_ = ask(place, "PRAGMA wal_checkpoint(RESTART)")
        listed = 1 + sum(1 for _ in reading)

    assert waited < 1
    assert busy == 0
    assert listed == 1200


def multiply(place: Audit, total: int) -> None:
    """Copies of the only row until there are so many, in one transaction of plain SQLite."""
    own = {
        "id": "printf('%032x', n)",
        "seq": "n",
        "message_id": "'copy-' || n",
        "received_at": "received_at + n",
    }
    selected = ", ".join(own.get(column.name, column.name) for column in exchanges.columns)
    numbers = (
        "WITH RECURSIVE numbers AS (SELECT 2 AS n UNION ALL SELECT n + 1 FROM numbers LIMIT ?)"
    )
    source = "FROM numbers, (SELECT * FROM exchanges)"
    with closing(sqlite3.connect(place.path / "audit.db")) as connection, connection:
        connection.execute(
            f"{numbers} INSERT INTO exchanges SELECT {selected} {source}",
            (total - 1,),
        )


# Reading


async def test_filters_narrow_what_is_read(place: Audit) -> None:
    """Each filter leaves the rows that it names; all are oldest first."""
    room = replace(received("in room", chat="1@chatroom", room="家庭群"), reading=whole().reading)
    late = received("private", chat="wxid_ming").stopped(Gate.STALE, "old")
    now = iter([0.0, 0.0, 100.0, 200.0])
    async with await AuditLog.open(place, RUN, clock=lambda: next(now)) as log:
        await log.record(room)
        await log.record(late)
    found = {
        name: [record.raw for record in rows(place, query)]
        for name, query in {
            "chat id": Query(chat="1@chatroom"),
            "room name": Query(chat="家庭"),
            "private by name": Query(chat="小明"),
            "talker": Query(talker="wxid_ming"),
            "talker name": Query(talker="小"),
            "a wildcard is no wildcard": Query(talker="%"),
            "since": Query(since=150.0),
            "gate": Query(gate=Gate.STALE),
            "mood": Query(mood=Mood.ANGRY),
            "outcome": Query(outcome=Outcome.RECEIVED),
            "limit": Query(limit=1),
            "both": Query(chat="家庭", gate=Gate.STALE),
        }.items()
    }

    assert found == {
        "chat id": ["in room"],
        "room name": ["in room"],
        "private by name": ["private"],
        "talker": ["in room", "private"],
        "talker name": ["in room", "private"],
        "a wildcard is no wildcard": [],
        "since": ["private"],
        "gate": ["private"],
        "mood": ["in room"],
        "outcome": ["in room"],
        "limit": ["private"],
        "both": [],
    }


async def test_ten_thousand_rows_are_read_fast(place: Audit) -> None:
    """The newest 50 of 10,000 rows take under half a second, all of them under five."""
    await filled(place, received())
    multiply(place, 10_000)

    start = time.perf_counter()
    newest = rows(place, Query(limit=50))
    listed_s = time.perf_counter() - start
    everything = rows(place)
    all_s = time.perf_counter() - start - listed_s

    assert list(range(9951, 10_001)) == [record.seq for record in newest]
    assert list(range(1, 10_001)) == [record.seq for record in everything]
    assert listed_s < 0.5
    assert all_s < 5


async def test_show_takes_the_beginning_of_an_id_or_a_message_id(place: Audit) -> None:
    """One exchange is named by part of its id or its message id; else the error says which."""
    one, two = replace(received(), id="abc1"), replace(received(), id="abd2")
    await filled(place, one, two)

    assert show(place, "abc").record.id == "abc1"
    assert show(place, two.message.id).record.id == "abd2"
    with pytest.raises(AuditError, match="'ab' names several exchanges"):
        show(place, "ab")
    with pytest.raises(AuditError, match="'%' names no exchange"):
        show(place, "%")


async def test_reading_changes_nothing(place: Audit, tmp_path: Path) -> None:
    """Reading leaves file and journal as they were, byte for byte, also those of a killed bot."""
    async with await AuditLog.open(place, RUN) as log:
        await log.receive(received("in the journal"))
        killed = Audit(folder=str(shutil.copytree(place.path, tmp_path / "killed")))
        read = {}
        for name, each in (("running", place), ("killed", killed)):
            before = contents(each)
            read[name] = [record.raw for record in rows(each)]
            assert contents(each) == before

    assert read == {"running": ["in the journal"], "killed": ["in the journal"]}


def contents(place: Audit) -> list[bytes]:
    return [(place.path / name).read_bytes() for name in ("audit.db", "audit.db-wal")]


def test_commits_are_synced_in_full(place: Audit) -> None:
    """What was committed outlives a power cut: WAL, and a sync of it at every commit."""
    with closing(Database.to_write(place)) as database, database.begin() as connection:
        pragmas = ("journal_mode", "synchronous", "foreign_keys")
        found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in pragmas]

    assert found == ["wal", 2, 1]


def test_a_missing_log_is_said(place: Audit) -> None:
    """Reading where nothing was written names the file and the way out, and makes no file."""
    with pytest.raises(AuditError, match=r"audit\.db: no audit log here yet.*audit\.folder"):
        rows(place)

    assert not place.path.exists()


# What cannot be opened


def opening(place: Audit) -> str:
    """The error of opening the log."""
    with pytest.raises(AuditError) as error:
        asyncio.run(AuditLog.open(place, RUN))
    return str(error.value)


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """The error names the path, what is wrong and the setting to change."""
    (tmp_path / "file").write_text("")

    message = opening(Audit(folder=str(tmp_path / "file" / "audit")))

    assert "file/audit" in message
    assert "Not a directory" in message
    assert "YIXIN_AUDIT__FOLDER" in message


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("CREATE TABLE contacts (id)", "not an audit log of Yixin (it has a table 'contacts')"),
        ("CREATE TABLE yixin_schema (version)", "schema None"),
        (
            "CREATE TABLE yixin_schema (version); INSERT INTO yixin_schema VALUES (7)",
            "written with schema 7, this Yixin knows 4",
        ),
    ],
)
def test_a_foreign_or_newer_file_is_left_alone(place: Audit, sql: str, words: str) -> None:
    """Somebody else's database, or a later Yixin's, is named as such and not touched."""
    place.path.mkdir()
    with closing(sqlite3.connect(place.path / "audit.db")) as connection:
        connection.executescript(sql)
    before = (place.path / "audit.db").read_bytes()

    assert words in opening(place)
    with pytest.raises(AuditError, match="audit"):
        rows(place)
    assert before == (place.path / "audit.db").read_bytes()


def test_a_file_that_is_no_database_is_said(place: Audit) -> None:
    """A file of something else is an error with the way out."""
    place.path.mkdir()
    (place.path / "audit.db").write_text("these are my notes, not a database\n" * 99)

    assert "no SQLite database; move it away" in opening(place)


async def test_a_read_only_database_is_said(place: Audit) -> None:
    """Where SQLite may not write, opening fails and says what to do."""
    await filled(place, received())
    file = (place.path / "audit.db").as_uri()
    read_only = Audit(url=f"sqlite:///{file}?mode=ro&uri=true")

    with pytest.raises(AuditError, match="read-only; make it writable"):
        await AuditLog.open(read_only, RUN)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("not a url with s3cret", "audit.url is no database URL"),
        ("nosuch://me:s3cret@host/db", "knows no database 'nosuch'"),
        ("mssql+pymssql://me:s3cret@host/db", "needs the Python package pymssql"),
    ],
)
def test_an_unusable_url_is_said_without_its_password(url: str, words: str) -> None:
    """The error names the fault and never the password."""
    message = opening(Audit(url=url))

    assert words in message
    assert "s3cret" not in message


async def test_another_database_file_can_be_named_by_url(tmp_path: Path) -> None:
    """audit.url with SQLite works as the folder does: written, private, read."""
    place = Audit(url=f"sqlite:///{tmp_path / 'own' / 'log.db'}")

    await filled(place, received("by url"))

    assert [record.raw for record in rows(place)] == ["by url"]
    assert (tmp_path / "own" / "log.db").stat().st_mode & 0o777 == 0o600


async def test_errors_never_show_texts(place: Audit) -> None:
    """What the database says of a refused row holds no word of the message."""
    exchange = received("秘密的话")
    async with await AuditLog.open(place, RUN) as log:
        await log.receive(exchange)
        with pytest.raises(AuditError) as error:
            await log.record(replace(exchange, id="another"))

    assert "message_id" in str(error.value)
    assert "秘密" not in str(error.value) + str(error.value.__cause__)


# Full disks. Run in a process of its own, by its name in this module.


@contextmanager
def small_disk(folder: Path) -> Iterator[Callable[[], None]]:
    """A tmpfs of 1 MB, 256 kB of it ballast; the value frees that room."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=True)
    (folder / "ballast").write_bytes(bytes(256 * 1024))
    yield (folder / "ballast").unlink


@contextmanager
def small_files(folder: Path) -> Iterator[Callable[[], None]]:
    """No file may grow beyond 512 kB; the value lifts that."""
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (512 * 1024, hard))
    yield lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))


async def fill(folder: Path, disk: str) -> dict[str, object]:
    """Writes until the disk refuses, then makes room and goes on. What happened, as JSON."""
    place = Audit(folder=str(folder / "audit"))
    with (small_disk if disk == "tmpfs" else small_files)(folder) as make_room:
        log = await AuditLog.open(place, RUN)
        kept, errors = 0, list[str]()
        while not errors and kept < 1000:
            try:
                kept += await log.receive(received("满" * 3000))
            except AuditError as error:
                errors.append(str(error))
        refused = received("满" * 3000)
        for _ in range(3):
            try:
                await log.receive(refused)
            except AuditError as error:
                errors.append(str(error))
        make_room()
        again = await log.receive(refused)
        await log.close()
        found = len(rows(place))
        check = ask(place, "PRAGMA integrity_check")[0][0]
        return {"kept": kept, "errors": errors, "again": again, "found": found, "check": check}


@pytest.mark.parametrize("disk", ["tmpfs", "limit"])
def test_a_full_disk_is_an_error_until_there_is_room(tmp_path: Path, disk: str) -> None:
    """On a full disk nothing is written and the caller is told; with room it works by itself."""
    command = [sys.executable, "-c", CHILD, str(tmp_path), disk]
    if disk == "tmpfs":
        # In a namespace of its own the mount goes with the process, even when that is killed.
        namespace = ["unshare", "--mount", *(["--map-root-user"] if os.geteuid() else [])]
        if not can_run([*namespace, "mount", "-t", "tmpfs", "tmpfs", str(tmp_path)]):
            pytest.skip("mounting needs root or user namespaces")
        command = namespace + command
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, env=environment, timeout=60
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)

    assert report["kept"] > 5
    assert len(report["errors"]) == 4
    for message in report["errors"]:
        assert "audit.db: the disk" in message
        assert "free some room" in message
    assert report["again"] is True
    assert report["kept"] + 1 == report["found"]
    assert report["check"] == "ok"


def can_run(command: list[str]) -> bool:
    try:
        return subprocess.run(command, check=False, capture_output=True).returncode == 0
    except OSError:
        return False


CHILD = """
import asyncio, json, pathlib, sys, test_audit
print(json.dumps(asyncio.run(test_audit.fill(pathlib.Path(sys.argv[1]), sys.argv[2]))))
"""


# Killed writers

_RANK = {outcome: rank for rank, outcome in enumerate(Outcome)}


def write_on(folder: str, acknowledged: Connection) -> None:
    """Takes exchanges through all their outcomes, three chats at once, until killed.

    Tells of each step as soon as the log says that it is kept.
    """

    async def chat(log: AuditLog, name: str) -> None:
        while True:
            exchange = received(chat=name)
            exchange = replace(exchange, message=replace(exchange.message, id=exchange.id))
            assert await log.receive(exchange)
            acknowledged.send((exchange.id, Outcome.RECEIVED))
            exchange = exchange.answered(Reply("在", Source.MODEL))
            for outcome in (Outcome.DECIDED, Outcome.SENDING, Outcome.SENT):
                await log.record(replace(exchange, outcome=outcome))
                acknowledged.send((exchange.id, outcome))

    async def main() -> None:
        log = await AuditLog.open(Audit(folder=folder), RUN)
        await asyncio.gather(*(chat(log, name) for name in "abc"))

    asyncio.run(main())


def killed_at(folder: str, seconds: float) -> dict[str, Outcome]:
    """The last step told of each exchange by a writer that was killed after so long."""
    forks = multiprocessing.get_context("forkserver")
    forks.set_forkserver_preload(["handlers.audit", "hypothesis", "pytest"])
    reader, writer = forks.Pipe(duplex=False)
    process = forks.Process(target=write_on, args=(folder, writer))
    process.start()
    writer.close()
    told: dict[str, Outcome] = {}
    with reader:
        reader.poll(20)  # open
        time.sleep(seconds)
        process.kill()
        process.join()
        try:
            while True:
                id_, outcome = reader.recv()
                told[id_] = outcome
        except EOFError:
            return told


def outcomes(place: Audit) -> dict[object, Outcome]:
    rows_ = ask(place, "SELECT id, outcome FROM exchanges")
    return {id_: Outcome(str(outcome)) for id_, outcome in rows_}


def survive_kills(place: Audit, kills: int) -> None:
    """Kills writers of one log; what they were told is kept stays kept, and nothing is torn."""
    moments = random.Random(kills)  # noqa: S311
    settled: dict[object, Outcome] = {}
    for _ in range(kills):
        told = killed_at(place.folder, moments.uniform(0, 0.15))
        assert ask(place, "PRAGMA integrity_check") == [("ok",)]
        assert verify(place).finding is None
        kept = outcomes(place)
        assert [id_ for id_ in told if id_ not in kept] == []
        assert [id_ for id_, outcome in told.items() if _RANK[outcome] > _RANK[kept[id_]]] == []
        assert settled.items() <= kept.items()
        asyncio.run(filled(place))
        settled = outcomes(place)
        assert kept.keys() == settled.keys()
    messages = "SELECT count(*), count(DISTINCT id), count(DISTINCT message_id) FROM exchanges"
    assert ask(place, messages) == [(len(settled),) * 3]
    assert set(settled.values()) <= {Outcome.SILENT, Outcome.SENT, Outcome.UNCERTAIN}
    assert len(settled) > kills


def test_a_killed_writer_loses_and_doubles_nothing(place: Audit) -> None:
    """kill -9 at 8 random points: every step that was told of is there, once; nothing is torn."""
    survive_kills(place, 8)


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_a_writer_killed_200_times_loses_and_doubles_nothing(place: Audit) -> None:
    """kill -9 at 200 random points: every step that was told of is there, once."""
    survive_kills(place, 200)
