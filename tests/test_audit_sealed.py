"""Encryption and pseudonyms: what stands in the files, and that nothing behaves otherwise."""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from engine.bank import Pair
from engine.labelled import Labelled, Task
from engine.mood import Mood
from engine.talk import Turn
from handlers.audit import history
from handlers.audit.columns import storable
from handlers.audit.database import Database
from handlers.audit.day import DayStore
from handlers.audit.errors import AuditError
from handlers.audit.keeping import CODES_FILE
from handlers.audit.keys import Keys, keys_from, keys_from_environment
from handlers.audit.log import AuditLog, Correction
from handlers.audit.reader import Query, corrected, select, show
from handlers.audit.schema import Run
from handlers.audit.sealed import SEALED, Codes, Seal
from handlers.audit.verify import verify
from handlers.audit.voice import Chosen, listed
from handlers.exchange import Action, Exchange, Gate, Outcome, Reply, Source, Verdict
from settings import AUDIT_KEY, Audit
from tests.fakes import room_message

RUN = Run("bundled-small", "1d9614638d18", "bf16", "p1", "0123456789ab", "0.1.0")
SECRET = "梧桐树下的约定，只有我们两个知道"
ANOTHER = "another secret, as long"
#: Everything about one message that is somebody's business.
TEXTS = ("梧桐树下的话", "答梧桐的话", "被引用的梧桐", "规则说梧桐", "梧桐的细节")
IDS = ("wxid_wutong", "room-wutong@chatroom", "mid-wutong", "wxid_judge")
NAMES = ("梧桐小姐", "梧桐群")


@pytest.fixture
def place(tmp_path: Path) -> Audit:
    return Audit(folder=str(tmp_path / "audit"))


@pytest.fixture
def keyed(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sets the secret, as a service file or a shell does; empty: none."""
    return lambda secret: monkeypatch.setenv(AUDIT_KEY, secret)


def exchange(text: str = TEXTS[0], **fields: object) -> Exchange:
    defaults = {
        "id": IDS[2],
        "talker_id": IDS[0],
        "talker_name": NAMES[0],
        "chat_id": IDS[1],
        "room_name": NAMES[1],
    }
    one = Exchange(
        room_message(text, **(defaults | fields)),
        cleaned=text,
        quoted=TEXTS[2],
        verdict=Verdict(Action.NOTE, "anger", TEXTS[3]),
        detail=TEXTS[4],
    )
    return replace(one.answered(Reply(TEXTS[1], Source.MODEL)), outcome=Outcome.SENT)


async def fill(place: Audit, *exchanges: Exchange) -> None:
    async with await AuditLog.open(place, RUN, clock=lambda: 5.0) as log:
        for one in exchanges:
            await log.receive(one)
            await log.record(one)
        label = Correction(TEXTS[0], "angry", Task.MOOD, IDS[3])
        await log.correct(label)
        await log.learn(IDS[2], Pair(TEXTS[0], Mood.HAPPY, TEXTS[1], IDS[0]), limit=10)


def inside(place: Audit, words: tuple[str, ...]) -> set[str]:
    """Those of the words that stand in any file of the folder."""
    files = b"".join(path.read_bytes() for path in place.path.iterdir())
    return {word for word in words if word.encode() in files}


async def test_no_text_or_name_stands_in_the_files(
    place: Audit, keyed: Callable[[str], None]
) -> None:
    """With a key: none while the log is open, none after; without one all of them."""
    keyed(SECRET)
    async with await AuditLog.open(place, RUN) as log:
        await log.receive(exchange())
        assert set() == inside(place, TEXTS + NAMES)
    await fill(place, exchange(id="mid-2"))

    assert set() == inside(place, (*TEXTS, *NAMES, SECRET))
    assert verify(place).finding is None

    keyed("")
    plain = Audit(folder=str(place.path.with_name("plain")))
    await fill(plain, exchange())

    assert set(TEXTS + NAMES + IDS) == inside(plain, TEXTS + NAMES + IDS)


async def test_a_sealed_log_is_read_as_it_was_written(
    place: Audit, keyed: Callable[[str], None]
) -> None:
    """Every reader sees with the key what it would see of a plain log."""
    plain = Audit(folder=str(place.path.with_name("plain")))
    await fill(plain, exchange())
    keyed(SECRET)
    await fill(place, exchange())

    def seen(one: Audit) -> list[object]:
        records = [replace(r, id="", stage_ms={}) for r in select(one, Query())]
        return [records, corrected(one), listed(one, Chosen(IDS[0]))]

    sealed = seen(place)
    keyed("")
    assert seen(plain) == sealed
    assert [Labelled(TEXTS[0], Task.MOOD, "angry", "corrections")] == sealed[1]


@pytest.mark.parametrize("secret", ["", ANOTHER], ids=["none", "another"])
async def test_the_wrong_key_is_named(
    place: Audit, keyed: Callable[[str], None], secret: str
) -> None:
    """Without its key, or with another, a log opens to nobody, and nothing is written to it."""
    keyed(SECRET)
    await fill(place, exchange())
    before = (place.path / "audit.db").read_bytes()

    keyed(secret)
    with pytest.raises(AuditError, match=f"encrypted, and {AUDIT_KEY} is not") as told:
        list(select(place, Query()))
    with pytest.raises(AuditError, match=AUDIT_KEY):
        await AuditLog.open(place, RUN)

    assert SECRET not in str(told.value)
    assert before == (place.path / "audit.db").read_bytes()


async def test_a_log_goes_on_with_a_key(place: Audit, keyed: Callable[[str], None]) -> None:
    """Given a key later on, old rows stay readable, new ones are sealed, and the chain holds."""
    await fill(place, exchange("先前的话", id="mid-1"))
    keyed(SECRET)
    await fill(place, exchange("后来的话", id="mid-2"))

    assert ["先前的话", "后来的话"] == [record.raw for record in select(place, Query())]
    assert {"先前的话"} == inside(place, ("先前的话", "后来的话"))
    assert verify(place).finding is None


async def test_messages_answered_together_stay_together(
    place: Audit, keyed: Callable[[str], None]
) -> None:
    """A turn is made of all its messages, sealed or from before there was a key."""
    for number, secret in enumerate(("", SECRET)):
        keyed(secret)
        async with await AuditLog.open(place, RUN) as log:
            last = exchange(f"后{number}", id=f"last-{number}")
            first = exchange(f"前{number}", id=f"first-{number}")
            merged = replace(first, reply=None).stopped(Gate.MERGED, last.id)
            for one in (merged, last):
                await log.receive(one)
                await log.record(one)
            turns = await log.turns(IDS[1], 5)

    assert [f"前{n}\n后{n}" for n in (0, 1)] == [turn.user for turn in turns]


async def test_turns_of_a_sealed_log_are_found_by_indexes(
    place: Audit, keyed: Callable[[str], None]
) -> None:
    """No question about a chat's turns reads through the log, sealed as its details are."""
    keyed(SECRET)
    await fill(place, exchange())
    asked: list[str] = []
    with closing(Database.to_read(place)) as database, database.begin() as connection:
        raw: Any = connection.connection.driver_connection
        raw.set_trace_callback(asked.append)
        history.turns(connection, IDS[1], 5)
        raw.set_trace_callback(None)
        plans = [str(raw.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall()) for sql in asked]

    indexes = ["ix_reply_names", "ix_replies", "ix_merged"]
    assert indexes == [name for plan in plans for name in re.findall(r"ix_\w+", plan)]


async def test_a_room_is_read_by_its_index(place: Audit, keyed: Callable[[str], None]) -> None:
    """Nor does a question about one room read through the others."""
    keyed(SECRET)
    async with await AuditLog.open(place, RUN) as log:
        raw: list[Any] = []
        await log.do(lambda connection: raw.append(connection.connection.driver_connection))
        asked: list[str] = []
        raw[0].set_trace_callback(asked.append)
        await DayStore(log).names(IDS[1])
        await DayStore(log).spoken(IDS[1], 0.0, 9.0)
        raw[0].set_trace_callback(None)
        questions = [sql for sql in asked if sql.startswith("SELECT")]
        plans = [str(raw[0].execute(f"EXPLAIN QUERY PLAN {sql}").fetchall()) for sql in questions]

    found = [
        name for plan in plans for name in re.findall(r"(?:SEARCH|SCAN) exchanges.*?(ix_\w+)", plan)
    ]
    assert ["ix_rooms", "ix_rooms"] == found


def test_a_secret_is_asked_to_be_long(keyed: Callable[[str], None]) -> None:
    """A secret that can be guessed is refused without being shown; none at all is none."""
    keyed("hunter2")
    with pytest.raises(AuditError, match="has 7 characters and needs 16") as told:
        keys_from_environment()

    assert "hunter2" not in str(told.value)
    keyed("  ")
    assert keys_from_environment() is None


def test_keys_are_apart_and_show_nothing() -> None:
    """Each use has a key of its own, other secrets make others, and printing shows none."""
    one, other = keys_from(SECRET), keys_from(ANOTHER)
    parts = [part for keys in (one, other) for part in (keys.seal, keys.chain, keys.codes)]

    assert 6 == len({part[:32] for part in parts})
    assert one.mark != other.mark
    assert "Keys()" == repr(one)
    assert keys_from(SECRET) == Keys(one.seal, one.chain, one.codes, one.mark)


@hypothesis_settings(deadline=None)
@given(st.text(), st.booleans())
def test_what_is_sealed_opens(text: str, same: bool) -> None:
    """Every text comes back, shows nothing, opens nowhere else, and not once it was changed."""
    seal, text = Seal(keys_from(SECRET).seal), storable(text)
    closed = seal.close(text, "a.b", same=same)

    assert text == seal.open(closed, "a.b", same=same)
    assert same == (closed == seal.close(text, "a.b", same=same))
    flipped = closed[:-6] + ("A" if closed[-6] != "A" else "B") + closed[-5:]
    for wrong, column in ((closed, "a.c"), (flipped, "a.b"), (SEALED + "!", "a.b")):
        with pytest.raises(AuditError, match=column):
            seal.open(wrong, column, same=same)


@pytest.mark.parametrize(
    ("secret", "first"), [("", r"\x73"), (SECRET, "s")], ids=["plain", "sealed"]
)
async def test_nobody_types_a_sealed_text(
    place: Audit, keyed: Callable[[str], None], secret: str, first: str
) -> None:
    """A message that looks sealed is stored and read as one; plain, its first letter escaped."""
    keyed(secret)
    await fill(place, exchange(SEALED + "QUJD"))

    assert [first + SEALED[1:] + "QUJD"] == [record.raw for record in select(place, Query())]


async def test_names_are_found_in_a_sealed_log(place: Audit, keyed: Callable[[str], None]) -> None:
    """A part of a name finds its rows, the newest of them where a limit is set."""
    keyed(SECRET)
    others = [exchange(id=f"mid-{n}", talker_name=f"Li {n}", room_name=f"群{n}") for n in range(5)]
    await fill(place, *others)

    def found(query: Query) -> list[str]:
        return [record.message_id for record in select(place, query)]

    assert ["mid-3"] == found(Query(talker="i 3"))
    assert ["mid-3", "mid-4"] == found(Query(talker="LI", limit=2))
    assert ["mid-2"] == found(Query(chat="群2"))
    assert [] == found(Query(chat="群2", talker="li 3"))
    assert 5 == len(found(Query(chat=IDS[1])))


@pytest.mark.parametrize("secret", ["", SECRET], ids=["file", "secret"])
async def test_pseudonyms_leave_no_id_or_name(
    place: Audit, keyed: Callable[[str], None], secret: str
) -> None:
    """No id and no name stands in any file; the file of the key is for its owner's eyes only."""
    keyed(secret)
    place = place.model_copy(update={"pseudonyms": True})
    await fill(place, exchange())

    assert set() == inside(place, IDS + NAMES)
    assert verify(place).finding is None
    key = place.path / CODES_FILE
    assert [not secret] == [key.exists()]
    assert secret or os.name == "nt" or 0o600 == stat.S_IMODE(key.stat().st_mode)


@pytest.mark.parametrize("secret", ["", SECRET], ids=["file", "secret"])
async def test_pseudonyms_change_no_behaviour(
    place: Audit, keyed: Callable[[str], None], secret: str
) -> None:
    """Duplicates, turns, what was said, and answers learnt are found by id, after a restart."""
    keyed(secret)
    place = place.model_copy(update={"pseudonyms": True})
    await fill(place, exchange())
    async with await AuditLog.open(place, RUN, clock=lambda: 6.0) as log:
        again = await log.receive(replace(exchange(), id="0"))
        turns = await log.turns(IDS[1], 5)
        said = await log.replies_since(IDS[1], 0)
        learnt = await log.learnt(10)
        known = await log.learn(IDS[2], learnt[0], limit=10)

    assert (False, False) == (again, known)
    assert (Turn(TEXTS[0], TEXTS[1], ""),) == turns
    assert (TEXTS[1],) == said
    assert [IDS[0]] == [pair.chat for pair in learnt]
    code = next(select(place, Query())).talker_id
    for query in (Query(talker=IDS[0]), Query(chat=IDS[1]), Query(talker=code)):
        assert 1 == len(list(select(place, query)))
    assert code == show(place, IDS[2]).record.talker_id


async def test_pseudonyms_come_and_go(place: Audit) -> None:
    """Switched on or off, the old rows stay, and a message of before is still known."""
    coded = place.model_copy(update={"pseudonyms": True})
    known = []
    for number, one in enumerate((place, coded, place)):
        async with await AuditLog.open(one, RUN) as log:
            known += [await log.receive(exchange(id=f"mid-{n}")) for n in range(number + 1)]

    assert [True, False, True, False, False, True] == known
    assert 3 == len(list(select(place, Query(talker=IDS[0]))))


async def test_a_lost_key_of_the_codes_is_named(place: Audit) -> None:
    """No new key is made where codes were made with another: their people would become others."""
    place = place.model_copy(update={"pseudonyms": True})
    await fill(place, exchange())
    (place.path / CODES_FILE).unlink()

    with pytest.raises(AuditError, match=CODES_FILE):
        await AuditLog.open(place, RUN)
    assert not (place.path / CODES_FILE).exists()

    (place.path / CODES_FILE).write_text("00" * 32)
    with pytest.raises(AuditError, match="not the one that made the codes"):
        await AuditLog.open(place, RUN)


@pytest.mark.parametrize("content", ["", "00" * 31, "x", "\xff"])
async def test_half_a_key_of_the_codes_is_none(place: Audit, content: str) -> None:
    """What a full disk may leave: no id is stored as it is, or as the code of an empty key."""
    place = place.model_copy(update={"pseudonyms": True})
    place.path.mkdir(parents=True)
    (place.path / CODES_FILE).write_text(content)

    with pytest.raises(AuditError, match="this is no key"):
        await AuditLog.open(place, RUN)


async def test_a_key_that_comes_later_keeps_the_codes(
    place: Audit, keyed: Callable[[str], None]
) -> None:
    """Codes that a file began stay the same once there is a secret."""
    place = place.model_copy(update={"pseudonyms": True})
    await fill(place, exchange())
    keyed(SECRET)
    await fill(place, exchange(id="mid-2"))

    assert 1 == len({record.talker_id for record in select(place, Query())})
    assert [IDS[0]] == [one.pair.chat for one in listed(place)]


@given(st.text(min_size=1))
def test_a_code_stays_itself(id_: str) -> None:
    """Whoever copies a code from the list finds its row; other ids and other keys differ."""
    codes = Codes(b"1" * 32)
    code = codes.code(id_)

    assert code == codes.code(code)
    assert code not in (codes.code(id_ + "x"), Codes(b"2" * 32).code(id_))


def test_sealing_costs_little() -> None:
    """A row of nine sealed texts is closed in under 2 ms on a slow machine."""
    seal = Seal(keys_from(SECRET).seal)
    started = time.perf_counter()
    for _ in range(200):
        for column in "abcdefghi":
            seal.close("今天天气很好，我们去公园吧", column)

    assert (time.perf_counter() - started) / 200 < 0.002
