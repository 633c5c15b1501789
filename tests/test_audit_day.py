"""What went on in the chats, asked of the audit log: plain, sealed, and with codes for ids."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine.mood import Mood
from handlers.audit.conduct import ConductStore
from handlers.audit.day import DayStore
from handlers.audit.erase import erase
from handlers.audit.log import AuditLog
from handlers.conduct import Evidence
from handlers.exchange import Exchange, Gate, Kind, Message, Outcome, Reply, Source
from settings import Audit
from tests.fakes import Clock, message, reading, room_message
from tests.keepings import RUN, WAYS, place_of

ROOM = "room@chatroom"


@pytest.fixture(params=WAYS)
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Audit:
    return place_of(request.param, tmp_path, monkeypatch)


@pytest.fixture
def plain(tmp_path: Path) -> Audit:
    return Audit(folder=str(tmp_path / "audit"))


@pytest.fixture
def clock() -> Clock:
    return Clock(100.0)


@pytest.fixture
async def log(plain: Audit, clock: Clock) -> AsyncIterator[AuditLog]:
    async with await AuditLog.open(plain, RUN, clock=clock) as log:
        yield log


@pytest.fixture
def store(log: AuditLog) -> DayStore:
    return DayStore(log)


def read(message: Message, mood: Mood = Mood.NEUTRAL, confidence: float = 0.9) -> Exchange:
    """A message whose mood was read, and that got no answer."""
    exchange = Exchange(message, cleaned=message.text, reading=reading(mood, confidence))
    return exchange.stopped(Gate.NOT_ADDRESSED)


def answered(message: Message, text: str = "好呀", source: Source = Source.MODEL) -> Exchange:
    exchange = Exchange(message, cleaned=message.text, reading=reading())
    return replace(exchange.answered(Reply(text, source)), outcome=Outcome.SENT)


def own(text: str, **fields: object) -> Exchange:
    mine = message(text, talker_id="me", talker_name="一心", is_self=True, **fields)
    return Exchange(mine).stopped(Gate.OWN)


def notice(text: str, **fields: object) -> Exchange:
    silent = message("", talker_id="", talker_name="", kind=Kind.EVENT, **fields)
    return answered(silent, text, Source.NOTICE)


HONG: dict[str, object] = {"talker_id": "hong", "talker_name": "小红"}


async def test_what_people_wrote_in_a_group(place: Audit, clock: Clock) -> None:
    """In that time and room, with moods and the points that count; one person where one is asked.

    Not the account's own words, nor the bot's, nor what was never cleaned.
    """
    angry = read(room_message("你有病吧", **HONG), Mood.ANGRY, 0.8)
    calm = read(room_message("早"))
    async with await AuditLog.open(place, RUN, clock=clock) as log:
        await log.record(read(room_message("太早了")))
        clock.pass_by(10)
        for exchange in (angry, calm, own("我", chat_id=ROOM, room_name="同学群")):
            await log.record(exchange)
        await log.record(notice("欢迎", chat_id=ROOM, room_name="同学群"))
        await log.record(Exchange(room_message("没洗过")).stopped(Gate.STALE))
        await log.record(read(room_message("别处", chat_id="other")))
        for rule, points in (("heat", 1.5), ("flood", 1.0)):
            found = Evidence(angry.id, ROOM, "hong", "ming", 110.0, rule, points)
            await ConductStore(log).add(found)
        spoken = await DayStore(log).spoken(ROOM, 110.0, 111.0)
        hongs = await DayStore(log).spoken(ROOM, 100.0, 111.0, person_id="hong")
        await ConductStore(log).forgive_exchange(angry.id, 111.0)
        (forgiven,) = await DayStore(log).spoken(ROOM, 100.0, 111.0, person_id="hong")

    assert [("你有病吧", Mood.ANGRY, 2.5), ("早", Mood.NEUTRAL, 0.0)] == [
        (one.text, one.mood, one.points) for one in spoken
    ]
    (first, _) = spoken
    assert (angry.id, 110.0, 0.8, False) == (
        first.exchange_id,
        first.at,
        first.confidence,
        first.unsure,
    )
    assert ("" if place.pseudonyms else "小红") == first.name
    assert (first,) == hongs
    assert 0.0 == forgiven.points


async def test_a_message_whose_mood_was_not_read_has_none(store: DayStore, log: AuditLog) -> None:
    """It is among what people wrote, and sure of nothing."""
    await log.record(Exchange(room_message("在吗"), cleaned="在吗").stopped(Gate.FAILED))
    (spoken,) = await store.spoken(ROOM, 0.0, 200.0)

    assert (None, True) == (spoken.mood, spoken.unsure)


async def test_chats_count_what_came_and_what_became_of_it(
    store: DayStore, log: AuditLog, clock: Clock
) -> None:
    """Answers, together with what they answered too; gates of the others; moods that are sure."""
    answer = answered(message("在吗"))
    await log.record(Exchange(message("喂")).stopped(Gate.MERGED, answer.id))
    await log.record(answer)
    await log.record(own("我自己回的"))
    await log.record(Exchange(message("", kind=Kind.IMAGE)).stopped(Gate.NOT_TEXT))
    clock.pass_by(5)
    await log.record(read(room_message("气死我了"), Mood.ANGRY))
    await log.record(read(room_message("呵呵", **HONG), Mood.ANGRY, 0.3))
    await log.record(notice("大家冷静一下", chat_id=ROOM, room_name="同学群"))

    room, private = await store.chats(100.0)

    assert (ROOM, "同学群", 2, 0, 105.0) == (
        room.id,
        room.room_name,
        room.num_in,
        room.num_answered,
        room.last_at,
    )
    assert ({Gate.NOT_ADDRESSED: 2}, {Mood.ANGRY: 1}) == (room.unanswered, room.moods)
    assert ("ming", None, "小明", 3, 2) == (
        private.id,
        private.room_name,
        private.talker_name,
        private.num_in,
        private.num_answered,
    )
    assert {Gate.NOT_TEXT: 1} == private.unanswered
    assert (room,) == await store.chats(105.0)
    assert (private,) == await store.chats(100.0, 105.0)


async def test_what_was_said_is_found_by_id_and_name(place: Audit, clock: Clock) -> None:
    """Of a chat or with a person, by id or part of the name; the newest, oldest first."""
    first, second = answered(message("在吗"), "在呢"), read(room_message("早", **HONG))
    async with await AuditLog.open(place, RUN, clock=clock) as log:
        for exchange in (first, second, answered(message("一", **HONG, chat_id="hong"))):
            await log.record(exchange)
            clock.pass_by(1)
        store = DayStore(log)

        async def texts(chat: str, since: float = 0.0, limit: int = 10) -> list[str]:
            return [one.text for one in await store.said(chat, since, limit)]

        assert ["在吗"] == await texts("ming")
        assert ["早", "一"] == await texts("hong")
        assert ["一"] == await texts("hong", limit=1)
        assert ["一"] == await texts("hong", since=102.0)
        assert ["早"] == await texts(ROOM)
        assert ([] if place.pseudonyms else ["早", "一"]) == await texts("红")
        assert ([] if place.pseudonyms else ["早"]) == await texts("同学")
        said = await store.exchange(first.id)
        assert await store.exchange(first.id[:8]) is None

    assert said is not None
    assert ("在呢", Source.MODEL, None, True) == (said.reply, said.source, said.gate, said.has_left)


async def test_a_silence_is_told_with_its_reason(store: DayStore, log: AuditLog) -> None:
    """The gate and what it found; nothing has left."""
    await log.record(Exchange(message("在吗")).stopped(Gate.QUIET, "23:00-07:00"))
    (said,) = await store.said("小明", 0.0, 10)

    assert (Gate.QUIET, "23:00-07:00", "", None, False) == (
        said.gate,
        said.detail,
        said.reply,
        said.source,
        said.has_left,
    )


async def test_people_of_a_group_have_the_name_they_had_last(
    store: DayStore, log: AuditLog, clock: Clock
) -> None:
    """Who wrote last comes first; the account itself and other groups are not among them."""
    renamed = HONG | {"talker_name": "小红红"}
    for text, fields in (("一", HONG), ("二", {}), ("三", renamed), ("四", {"chat_id": "x"})):
        await log.record(read(room_message(text, **fields)))
        clock.pass_by(1)
    await log.record(own("我", chat_id=ROOM, room_name="同学群"))

    assert [("hong", "小红红"), ("ming", "小明")] == list((await store.names(ROOM)).items())


async def test_nobody_has_a_name_where_ids_are_codes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that is not kept finds nobody, and a code is nobody to act on."""
    async with await AuditLog.open(place_of("coded", tmp_path, monkeypatch), RUN) as log:
        await log.record(read(room_message("早")))

        assert {} == await DayStore(log).names(ROOM)


async def test_what_a_crash_kept_from_being_read_is_found(place: Audit, clock: Clock) -> None:
    """Group texts that were received and no more; once they are evidence of something, no more.

    Where ids are codes there is none: nobody knows whose they are.
    """
    lost, charged = (Exchange(room_message(text)) for text in ("你有病吧", "你才有病"))
    async with await AuditLog.open(place, RUN, clock=clock) as log:
        await log.receive(Exchange(room_message("太早了")))
        clock.pass_by(10)
        for exchange in (lost, charged, Exchange(message("私聊"))):
            await log.receive(exchange)
        await log.receive(Exchange(room_message("", kind=Kind.IMAGE)))
        await log.record(replace(read(room_message("读过")), gate=None, outcome=Outcome.RECEIVED))
        await log.record(own("我", chat_id=ROOM, room_name="同学群"))
        await log.receive(Exchange(own("又是我", chat_id=ROOM, room_name="同学群").message))
        await ConductStore(log).add(Evidence(charged.id, ROOM, "ming", "", 110.0, "heat", 1.0))
    async with await AuditLog.open(place, RUN, clock=clock) as log:
        found = await DayStore(log).interrupted(110.0)

    ended = lost.stopped(Gate.INTERRUPTED, "received")
    assert (() if place.pseudonyms else (ended,)) == found


async def test_who_was_erased_is_nowhere(plain: Audit) -> None:
    """Their empty rows are nobody's chat, and nobody wrote them."""
    async with await AuditLog.open(plain, RUN) as log:
        for exchange in (answered(message("在吗")), read(room_message("早"))):
            await log.record(exchange)
    erase(plain, ["ming"])
    async with await AuditLog.open(plain, RUN) as log:
        store = DayStore(log)

        assert () == await store.chats(0.0)
        assert () == await store.said("", 0.0, 10)
        assert () == await store.spoken(ROOM, 0.0, 9e9)
