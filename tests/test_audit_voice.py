"""The table of what was learnt: real SQLite files, of this version and the one before."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from engine.bank import Pair
from engine.mood import Mood
from handlers.audit.errors import AuditError, AuditInUse
from handlers.audit.log import AuditLog
from handlers.audit.reader import Query, select
from handlers.audit.schema import Run
from handlers.audit.voice import EVERYTHING, Chosen, erase, listed
from handlers.exchange import Exchange, Reply, Source
from settings import Audit
from tests.fakes import message

RUN = Run("bundled-small", "1d9614638d18", "bf16", "p1", "0123456789ab", "0.1.0")
SECRET = "梧桐树下的约定"


@pytest.fixture
def place(tmp_path: Path) -> Audit:
    return Audit(folder=str(tmp_path / "audit"))


def pair(number: int = 1, chat: str = "ming") -> Pair:
    return Pair(f"第{number}句", Mood.HAPPY, f"第{number}答", chat)


async def keep(place: Audit, *pairs: Pair, limit: int = 500) -> None:
    async with await AuditLog.open(place, RUN, clock=lambda: 5.0) as log:
        for each in pairs:
            await log.learn(f"{each.chat}-{each.text}", each, limit=limit)


def ask(place: Audit, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(place.path / "audit.db")) as connection:
        return connection.execute(sql).fetchall()


def make_old(place: Audit) -> None:
    """The file as the first Yixin left it."""
    with closing(sqlite3.connect(place.path / "audit.db")) as connection:
        connection.executescript(
            "DROP TABLE voice; DROP TABLE journal; UPDATE yixin_schema SET version = 1;"
            "ALTER TABLE yixin_schema DROP COLUMN key_check;"
            "ALTER TABLE exchanges DROP COLUMN salt; ALTER TABLE exchanges DROP COLUMN erased_at"
        )


async def test_a_pair_comes_back_as_it_was_learnt(place: Audit) -> None:
    """Message, mood, answer and chat, with a number to erase it by and the time."""
    await keep(place, pair(1), pair(2, "hong"))

    assert [(1, pair(1), 5.0), (2, pair(2, "hong"), 5.0)] == [
        (one.id, one.pair, one.seen_at) for one in listed(place)
    ]
    assert [pair(2, "hong")] == [one.pair for one in listed(place, Chosen(chat="hong"))]


async def test_a_message_is_learnt_from_once(place: Audit) -> None:
    """The same message id again is no new pair."""
    async with await AuditLog.open(place, RUN) as log:
        kept = [await log.learn("m", pair(number), limit=9) for number in (1, 2)]

    assert [True, False] == kept
    assert [pair(1)] == [one.pair for one in listed(place)]


async def test_what_is_said_every_day_is_kept_once(place: Audit) -> None:
    """The same answer to the same message in a chat is one pair, the newest."""
    async with await AuditLog.open(place, RUN) as log:
        for number, each in enumerate((pair(1), pair(2), pair(1), pair(1, "hong"))):
            await log.learn(f"m-{number}", each, limit=9)
        kept = await log.learnt(9)

    assert (pair(2), pair(1), pair(1, "hong")) == kept


async def test_only_the_newest_stay(place: Audit) -> None:
    """Over the limit the oldest go, and with a lower limit at the next look."""
    await keep(place, *(pair(number) for number in range(5)), limit=3)
    after = [one.pair for one in listed(place)]
    async with await AuditLog.open(place, RUN) as log:
        newest = await log.learnt(1)

    assert [pair(2), pair(3), pair(4)] == after
    assert (pair(4),) == newest
    assert [(1,)] == ask(place, "SELECT count(*) FROM voice")


@pytest.mark.parametrize(
    ("chosen", "left"),
    [
        (EVERYTHING, []),
        (Chosen(chat="ming"), [3]),
        (Chosen(ids=frozenset({1, 3, 99})), [2]),
        (Chosen(chat="nobody"), [1, 2, 3]),
    ],
    ids=["all", "chat", "ids", "none"],
)
async def test_erasing_takes_what_is_meant(place: Audit, chosen: Chosen, left: list[int]) -> None:
    """All, a chat's, or single pairs go; the others stay."""
    await keep(place, pair(1), pair(2), pair(3, "hong"))

    assert 3 - len(left) == erase(place, chosen)
    assert left == [one.id for one in listed(place)]


async def test_a_number_is_never_used_again(place: Audit) -> None:
    """After erasing the newest pair the next one has another number."""
    await keep(place, pair(1))
    erase(place, EVERYTHING)
    await keep(place, pair(2))

    assert [2] == [one.id for one in listed(place)]


async def test_nothing_of_an_erased_pair_is_left_in_any_file(place: Audit) -> None:
    """Its text is in none of the bytes of the database, its journal, or beside them."""
    await keep(place, pair(1), Pair(SECRET, Mood.SAD, SECRET * 2000, "ming"))
    with_it = b"".join(path.read_bytes() for path in place.path.iterdir())
    erase(place, Chosen(ids=frozenset({2})))
    without = b"".join(path.read_bytes() for path in place.path.iterdir())

    assert SECRET.encode() in with_it
    assert SECRET.encode() not in without


async def test_erasing_waits_for_the_bot_to_stop(place: Audit) -> None:
    """While the bot runs the list can be read; erasing is refused with the way out."""
    await keep(place, pair(1))
    async with await AuditLog.open(place, RUN):
        with pytest.raises(AuditInUse, match="stop it, erase, and start it again"):
            erase(place, EVERYTHING)
        assert [pair(1)] == [one.pair for one in listed(place)]


async def test_a_log_of_the_version_before_gets_the_table(place: Audit) -> None:
    """Its rows stay, the table is made, and it is of this version from then on."""
    exchange = Exchange(message("旧的"))
    async with await AuditLog.open(place, RUN) as log:
        await log.record(exchange)
    make_old(place)
    await keep(place, pair(1))

    assert [exchange.id] == [record.id for record in select(place, Query())]
    assert [pair(1)] == [one.pair for one in listed(place)]
    assert [(4,)] == ask(place, "SELECT version FROM yixin_schema")


async def test_a_log_of_the_version_before_can_be_read_as_it_is(place: Audit) -> None:
    """Reading neither needs the new table nor makes it."""
    exchange = Exchange(message("旧的"))
    async with await AuditLog.open(place, RUN) as log:
        await log.record(exchange)
    make_old(place)

    assert [exchange.id] == [record.id for record in select(place, Query())]
    assert [] == listed(place)
    assert [(1,)] == ask(place, "SELECT version FROM yixin_schema")


def test_without_a_log_there_is_nothing_to_list(place: Audit) -> None:
    """Before the first start the error says so, and no file is made."""
    with pytest.raises(AuditError, match="no audit log here yet"):
        listed(place)
    assert not place.path.exists()


async def test_recent_replies_are_those_of_the_chat(place: Audit) -> None:
    """What the bot said in another chat, or before, is not among them."""
    now = iter([0.0, 0.0, 10.0, 20.0, 20.0])
    async with await AuditLog.open(place, RUN, clock=lambda: next(now)) as log:
        for chat, text in (("ming", "旧的"), ("ming", "新的"), ("hong", "别人的")):
            exchange = Exchange(message("你好", chat_id=chat))
            await log.record(exchange.answered(Reply(text, Source.MODEL)))

        assert ("新的",) == await log.replies_since("ming", 15.0)
