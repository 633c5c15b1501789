"""Learning the owner's voice: scripted chats through a real pipeline and a real audit log."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import settings
from engine.bank import Pair
from engine.errors import EngineBusy
from engine.mood import Mood
from handlers.admit import admit
from handlers.audit.errors import AuditError
from handlers.audit.log import AuditLog
from handlers.audit.reader import Query, select
from handlers.audit.schema import Run
from handlers.audit.voice import EVERYTHING, erase, listed
from handlers.deliver import Deliverer
from handlers.echo import Echoes, Store
from handlers.exchange import Exchange, Gate, Kind, Message, Reply, Source
from handlers.governor import Governor
from handlers.mood import mood
from handlers.pipeline import Pipeline
from handlers.sanitize import sanitize
from handlers.voice import ANSWER_S, Voice
from settings import Audit, ReplySection
from tests.fakes import NOW, RecordingChat, ScriptedMind, message

RUN = Run("bundled-small", "1d9614638d18", "bf16", "p1", "0123456789ab", "0.1.0")
NO_WAIT = settings.Deliver(delay_min_s=0, delay_max_s=0, delay_per_char_s=0, gap_s=0)


@dataclass
class Pupil:
    """An engine that remembers its lessons; the first so many fail."""

    lessons: list[tuple[Pair, ...]] = field(default_factory=list)
    failures: int = 0

    async def learn(self, pairs: Sequence[Pair]) -> None:
        if self.failures:
            self.failures -= 1
            raise EngineBusy("no room")
        self.lessons.append(tuple(pairs))


@dataclass
class Flaky:
    """A real audit log whose first looks at what the bot said fail."""

    log: AuditLog
    failures: int = 0

    async def replies_since(self, chat_id: str, since: float) -> Sequence[str]:
        if self.failures:
            self.failures -= 1
            raise AuditError("the disk is full")
        return await self.log.replies_since(chat_id, since)

    async def learn(self, message_id: str, pair: Pair, *, limit: int) -> bool:
        return await self.log.learn(message_id, pair, limit=limit)

    async def learnt(self, limit: int) -> Sequence[Pair]:
        return await self.log.learnt(limit)


@dataclass
class Chat:
    """An account at work: what is said in it, in order, and what was learnt from that.

    Attributes:
        answers: Whether the bot answers, or leaves that to the owner.
    """

    place: Audit
    voice: Voice
    log: AuditLog
    answers: bool
    sent: RecordingChat = field(default_factory=RecordingChat)
    ended: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        mind = ScriptedMind(moods=lambda text: Mood.HAPPY if "！" in text else Mood.NEUTRAL)
        self.before = {record.message_id for record in select(self.place, Query())}
        self.pipeline = Pipeline(
            read={
                "admit": self.voice.door(admit(max_age_s=120, clock=lambda: NOW)),
                "sanitize": sanitize,
                "mood": self.voice.ear(mood(mind)),
                "address": self.addressed,
            },
            write=bot_says,
            deliverer=Deliverer(
                self.sent, self.log, NO_WAIT, split_chars=10, governor=Governor(gap_s=0)
            ),
            ledger=self.log,
            pace=NO_WAIT,
            burst_s=0,
            done=(self.voice.ended, lambda exchange: self.ended.append(exchange.message.id)),
        )

    def addressed(self, exchange: Exchange) -> Exchange:
        return exchange if self.answers else exchange.stopped(Gate.NOT_ALLOWED)

    async def says(self, text: str, **fields: object) -> None:
        """A message of 小明, unless ``fields`` say otherwise, and all that comes of it."""
        await self.submit(message(text, **fields))

    async def types(self, text: str, **fields: object) -> None:
        """An own message to 小明, typed by hand."""
        own: dict[str, object] = {"talker_id": "me", "talker_name": "我", "is_self": True}
        await self.submit(message(text, **(own | fields)))

    async def submit(self, message: Message) -> None:
        """Have a message come, and wait until it has ended, unless it did before."""
        await self.pipeline.submit(message)
        async with asyncio.timeout(5):
            while message.id not in self.ended and message.id not in self.before:
                await asyncio.sleep(0)
        await self.voice.settled()

    def learnt(self) -> list[tuple[str, str]]:
        return [(one.pair.text, one.pair.reply) for one in listed(self.place)]


def bot_says(exchange: Exchange) -> Exchange:
    return exchange.answered(Reply("我在呢，怎么啦？慢慢说，我听着。", Source.MODEL))


def echoes_of(store: Store, config: ReplySection) -> Echoes:
    return Echoes(store, max_age_s=120, split_chars=config.split_chars, clock=lambda: NOW)


@asynccontextmanager
async def opened(
    place: Audit,
    *,
    pupil: Pupil | None = None,
    answers: bool = False,
    failures: int = 0,
    **reply: object,
) -> AsyncIterator[Chat]:
    """A bot at work on the log in ``place``, its settings those of ``reply``."""
    async with await AuditLog.open(place, RUN, clock=lambda: NOW) as log:
        config = ReplySection.model_validate({"learn": "chat"} | reply)
        store = Flaky(log, failures)
        voice = Voice(
            *(store, pupil or Pupil(), config),
            bot_name="一心",
            max_age_s=120,
            echoes=echoes_of(store, config),
            clock=lambda: NOW,
            pause_s=0.01,
        )
        running = asyncio.create_task(voice.run())
        try:
            yield Chat(place, voice, log, answers)
        finally:
            running.cancel()


@pytest.fixture
def place(tmp_path: Path) -> Audit:
    return Audit(folder=str(tmp_path / "audit"))


async def taught(pupil: Pupil, num: int) -> None:
    """Wait for so many lessons."""
    async with asyncio.timeout(5):
        while len(pupil.lessons) < num:
            await asyncio.sleep(0.001)


# What is learnt


async def test_an_own_text_right_after_a_message_is_learnt(place: Audit) -> None:
    """Message, mood and the owner's answer are kept, and the engine is told of them."""
    pupil = Pupil()
    async with opened(place, pupil=pupil) as chat:
        await chat.says("今天好开心！")
        await chat.types("那必须的呀，改天一起庆祝")
        await taught(pupil, 1)

    pair = Pair("今天好开心！", Mood.HAPPY, "那必须的呀，改天一起庆祝", "ming")
    assert [pair] == [one.pair for one in listed(place)]
    assert (pair,) == pupil.lessons[-1]


async def test_the_scope_says_whom_a_pair_serves(place: Audit) -> None:
    """With ``all`` the engine may use every pair in every chat; they are kept by chat even so."""
    pupil = Pupil()
    async with opened(place, pupil=pupil, learn="all") as chat:
        await chat.says("在吗")
        await chat.types("在的在的")
        await taught(pupil, 1)

    assert [""] == [pair.chat for pair in pupil.lessons[-1]]
    assert ["ming"] == [one.pair.chat for one in listed(place)]


async def test_what_was_learnt_serves_after_a_restart(place: Audit) -> None:
    """The engine is told at the start, before any message comes."""
    async with opened(place) as chat:
        await chat.says("在吗")
        await chat.types("在的在的")
    pupil = Pupil()
    async with opened(place, pupil=pupil):
        await taught(pupil, 1)

    assert [[("在吗", "在的在的")]] == [[(p.text, p.reply) for p in one] for one in pupil.lessons]


async def test_a_message_is_answered_once(place: Audit) -> None:
    """What the owner goes on to say answers nothing any more."""
    async with opened(place) as chat:
        await chat.says("在吗")
        await chat.types("在的在的")
        await chat.types("刚才在开会")

    assert [("在吗", "在的在的")] == chat.learnt()


async def test_chats_are_told_apart(place: Audit) -> None:
    """An own message answers what was said in its own chat."""
    async with opened(place) as chat:
        await chat.says("在吗", chat_id="ming")
        await chat.says("晚安啦", chat_id="hong", talker_id="hong")
        await chat.types("在的在的", chat_id="ming")

    assert [("在吗", "在的在的")] == chat.learnt()


async def test_a_quoted_message_is_no_part_of_an_answer(place: Audit) -> None:
    """Of an answer that quotes, only the owner's own words are learnt."""
    async with opened(place) as chat:
        await chat.says("在吗")
        await chat.types("「小明：在吗」\n- - - - - - - - - - - - - - -\n在的在的")

    assert [("在吗", "在的在的")] == chat.learnt()


# The bot's own sends


async def test_what_the_bot_sent_is_never_learnt(place: Audit) -> None:
    """Neither the whole of a reply nor a piece of it, as a puppet reports them, is the owner's."""
    async with opened(place, answers=True) as chat:
        await chat.says("在吗")
        pieces = [text for _, text, _ in chat.sent.sent]
        chat.answers = False
        # The next message has come before the copy of what was sent.
        for copy in (*pieces, "".join(pieces), "我在呢,怎么啦?"):
            await chat.says("你好呀")
            await chat.types(copy)

    assert len(pieces) > 1
    assert [] == chat.learnt()


async def test_an_answer_beside_copies_is_learnt(place: Audit) -> None:
    """A copy of the bot's words between a message and the owner's answer takes nothing away."""
    async with opened(place, answers=True) as chat:
        await chat.says("在吗")
        chat.answers = False
        await chat.says("你好呀")
        await chat.types(chat.sent.sent[-1][1])
        await chat.types("哎你来啦")

    assert [("你好呀", "哎你来啦")] == chat.learnt()


async def test_nothing_is_learnt_behind_an_answer_of_the_bot(place: Audit) -> None:
    """What the owner types after the bot has answered ("刚才是机器人") answers the bot."""
    async with opened(place, answers=True) as chat:
        await chat.says("在吗")
        await chat.types("刚才那是机器人回的哈哈")

    assert [] == chat.learnt()


# What is not learnt


@pytest.mark.parametrize(
    ("heard", "typed"),
    [
        ({"room_name": "同学群", "chat_id": "r"}, {"room_name": "同学群", "chat_id": "r"}),
        ({"is_official": True}, {}),
        ({"kind": Kind.IMAGE}, {}),
        ({}, {"kind": Kind.STICKER}),
        ({"sent_at": NOW - 121}, {}),
        ({"sent_at": NOW - 121}, {"sent_at": NOW - 121}),
        ({}, {"sent_at": NOW - 5}),
        ({}, {"sent_at": NOW + ANSWER_S + 1}),
    ],
    ids=["group", "official", "picture", "sticker", "stale", "replay", "earlier", "too late"],
)
async def test_only_texts_of_people_answered_soon_are_learnt(
    place: Audit, heard: dict[str, object], typed: dict[str, object]
) -> None:
    """Groups, official accounts, what is no text, replays, and answers out of time: nothing."""
    async with opened(place) as chat:
        await chat.says("在吗", **heard)
        await chat.types("在的在的", **typed)

    assert [] == chat.learnt()


async def test_the_answer_to_a_picture_is_not_one_to_the_text_before(place: Audit) -> None:
    """Whatever is said last in a chat is what an own message answers, even if it is no text."""
    async with opened(place) as chat:
        await chat.says("在吗")
        await chat.says("", kind=Kind.IMAGE)
        await chat.types("这也太好看了吧")

    assert [] == chat.learnt()


async def test_what_follows_an_answer_unfit_to_learn_is_not_learnt(place: Audit) -> None:
    """The second half of an answer does not stand for the whole."""
    async with opened(place) as chat:
        await chat.says("在吗")
        await chat.types("嗯")
        await chat.types("怎么了呀")

    assert [] == chat.learnt()


async def test_unfit_messages_are_not_learnt_from(place: Audit) -> None:
    """What ``discretion`` withholds, on either side, is not kept."""
    async with opened(place) as chat:
        for heard, typed in (("wifi密码多少", "忘啦忘啦"), ("在吗", "打我电话 13800138000")):
            await chat.says(heard)
            await chat.types(typed)

    assert [] == chat.learnt()


# Off, erased, failing


async def test_off_learns_nothing_and_tells_the_engine_nothing(place: Audit) -> None:
    """Nothing is kept, and what was kept before stays where it is, unused."""
    async with opened(place) as chat:
        await chat.says("在吗")
        await chat.types("在的在的")
    pupil = Pupil()
    async with opened(place, pupil=pupil, learn="off") as chat:
        await chat.says("晚安啦")
        await chat.types("晚安好梦")
        await asyncio.sleep(0.03)

    assert [] == pupil.lessons
    assert [("在吗", "在的在的")] == chat.learnt()


async def test_off_adds_no_stage(place: Audit) -> None:
    """With ``off`` the pipeline's stages are the very ones that were handed over."""
    async with await AuditLog.open(place, RUN) as store:
        config = ReplySection()
        echoes = echoes_of(store, config)
        voice = Voice(store, Pupil(), config, bot_name="一心", max_age_s=120, echoes=echoes)
        door, ear = admit(max_age_s=1, clock=lambda: 0), mood(ScriptedMind())

        assert (door, ear) == (voice.door(door), voice.ear(ear))


async def test_erased_stays_erased(place: Audit) -> None:
    """After erasing and a restart the engine is told nothing, also when the messages come again."""
    heard, typed = message("在吗"), message("在的在的", is_self=True, talker_id="me")
    async with opened(place) as chat:
        await chat.submit(heard)
        await chat.submit(typed)
    erased = erase(place, EVERYTHING)
    pupil = Pupil()
    async with opened(place, pupil=pupil) as chat:
        await chat.submit(heard)
        await chat.submit(typed)
        await asyncio.sleep(0.03)

    assert (1, [], []) == (erased, chat.learnt(), pupil.lessons)


async def test_the_newest_are_kept(place: Audit) -> None:
    """Over ``learn_max`` the oldest pair goes."""
    async with opened(place, learn_max=2) as chat:
        for text in ("第一句话", "第二句话", "第三句话"):
            await chat.says(text)
            await chat.types(f"{text}收到啦")

    assert [("第二句话", "第二句话收到啦"), ("第三句话", "第三句话收到啦")] == chat.learnt()


async def test_a_lesson_that_fails_is_tried_again(place: Audit) -> None:
    """A busy engine loses nothing: what was learnt is told at the next attempt."""
    pupil = Pupil(failures=2)
    async with opened(place, pupil=pupil) as chat:
        await chat.says("在吗")
        await chat.types("在的在的")
        await taught(pupil, 1)

    assert ["在吗"] == [pair.text for pair in pupil.lessons[0]]


async def test_a_failing_store_stops_no_message(place: Audit) -> None:
    """With a store that refuses, messages end as ever, and learning goes on after it."""
    async with opened(place, failures=1) as chat:
        await chat.says("在吗")
        await chat.types("在的在的")
        await chat.types("我在的呀")

    assert 3 == len(chat.ended)
    assert [("在吗", "我在的呀")] == chat.learnt()


async def test_a_message_nobody_looked_at_leaves_no_answer(place: Audit) -> None:
    """Where a message was dropped, what the owner types is no answer to the one before it."""
    async with opened(place) as chat:
        await chat.says("在吗")
        chat.voice.ended(Exchange(message("吃了吗")).stopped(Gate.OVERLOADED))
        await chat.types("还没呢你呢")

    assert [] == chat.learnt()
