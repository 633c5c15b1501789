"""The first answer to a person, and what is said to whoever asks if a bot writes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

import settings
from engine.persona import PersonaError
from handlers.audit.contact import ContactStore
from handlers.audit.log import AuditLog
from handlers.audit.schema import Run
from handlers.disclosure import asks_who_writes, disclosed, owns_up
from handlers.exchange import Exchange, Outcome, Reply, Source
from handlers.first import FirstContact
from handlers.orders import OrderKind
from handlers.personas import Personas
from handlers.reply import ReplyStage, by_chat
from tests.desk import orders
from tests.fakes import NOW, Clock, MemoryLedger, ScriptedMind, message, persona, room_message

RUN = Run("bundled-small", "1d9614638d18", "bf16", "p1", "0123456789ab", "0.1.0")
LINE = "你好，我在开会，先由一心回你。"
BOT = persona().disclosure[0]
ANSWER = Reply("好呀。", Source.MODEL)


@dataclass
class Answered:
    """Who was answered before, as far as the log tells."""

    people: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    async def was_answered(self, person_id: str) -> bool:
        self.asked.append(person_id)
        return person_id in self.people


def writes(reply: Reply) -> Callable[[Exchange], Awaitable[Exchange]]:
    async def write(exchange: Exchange) -> Exchange:
        return exchange.answered(reply)

    return write


@dataclass
class Bed:
    """First contacts, with a line and the disclosure unless a test says otherwise."""

    store: Answered = field(default_factory=Answered)
    line: str = LINE
    disclose: bool = True

    def __post_init__(self) -> None:
        self.orders = orders(Clock(NOW))
        self.first = FirstContact(
            self.orders,
            self.store,
            Personas(persona(), {}),
            line=self.line,
            disclose=self.disclose,
            owner="boss",
        )

    async def answer(
        self,
        reply: Reply = ANSWER,
        *,
        outcome: Outcome = Outcome.SENT,
        text: str = "在吗",
        **fields: object,
    ) -> str:
        """What somebody is told, and that it ended so."""
        asked = Exchange(message(text, **fields), cleaned=text)
        done = await self.first.before(writes(reply))(asked)
        assert done.reply
        self.first.ended(replace(done, outcome=outcome))
        await asyncio.sleep(0)
        return done.reply.text


async def test_everybody_is_told_once() -> None:
    """The line, that a bot writes, then the answer; the next answer has nothing before it."""
    bed = Bed()
    said = [await bed.answer() for _ in range(2)]

    assert [f"{LINE}\n{BOT}\n好呀。", "好呀。"] == said
    assert bed.orders.find(OrderKind.MET, person_id="ming") is not None


async def test_once_a_person_wherever_they_write() -> None:
    """In private and in groups they are one, and others are others."""
    bed = Bed(disclose=False)
    room = room_message()
    said = [
        await bed.answer(),
        await bed.answer(chat_id=room.chat_id, room_name=room.room_name),
        await bed.answer(talker_id="hong", chat_id=room.chat_id, room_name=room.room_name),
    ]

    assert [True, False, True] == [LINE in each for each in said]


async def test_what_did_not_leave_met_nobody() -> None:
    """An answer that was dropped told them nothing, so that the next one does."""
    bed = Bed(disclose=False)
    said = [await bed.answer(outcome=Outcome.SILENT), await bed.answer()]

    assert [f"{LINE}\n好呀。"] * 2 == said


async def test_who_was_answered_before_the_setting_is_met() -> None:
    """The log tells, and that is noted, for the log forgets."""
    bed = Bed(Answered({"ming"}))
    said = [await bed.answer(outcome=Outcome.SILENT), await bed.answer()]

    assert ["好呀。"] * 2 == said
    assert ["ming"] == bed.store.asked


@pytest.mark.parametrize(
    "reply",
    [
        Reply("热线", Source.CANNED, name="distress"),
        Reply("先不说了", Source.CANNED, name="hand-over"),
        Reply("只看得懂文字", Source.CANNED, name="not-text"),
        Reply("好", Source.COMMAND, name="reset"),
    ],
)
async def test_grave_words_stand_alone_and_meet_nobody(reply: Reply) -> None:
    """Nothing is put before them, and the first chat after them begins as it should."""
    bed = Bed(disclose=False)
    said = [await bed.answer(reply), await bed.answer()]

    assert [reply.text, f"{LINE}\n好呀。"] == said


async def test_who_asked_is_not_told_twice_in_one_answer() -> None:
    """The answer to 你是机器人吗 is the disclosure already."""
    bed = Bed()

    assert f"{LINE}\n{BOT}" == await bed.answer(Reply(BOT, Source.CANNED, name="disclosure"))


async def test_the_owner_knows_and_nothing_set_says_nothing() -> None:
    """No line to the owner; with neither setting the writing stage is left as it is."""
    write = writes(ANSWER)

    assert "好呀。" == await Bed().answer(talker_id="boss", chat_id="boss")
    assert write is Bed(line=" ", disclose=False).first.before(write)


async def test_it_is_said_in_their_language() -> None:
    """English is answered by the persona's English line."""
    assert persona().disclosure[1] in await Bed(line="").answer(text="Are you free tonight?")


async def test_the_log_knows_whom_an_answer_reached(tmp_path: Path) -> None:
    """Also by codes, where it keeps codes; a fixed word about pictures is no answer."""
    for folder, pseudonyms in (("plain", False), ("coded", True)):
        place = settings.Audit(folder=str(tmp_path / folder), pseudonyms=pseudonyms)
        async with await AuditLog.open(place, RUN, clock=lambda: NOW) as log:
            for who, outcome, name in (
                ("ming", Outcome.SENT, ""),
                ("hong", Outcome.SILENT, ""),
                ("gang", Outcome.SENT, "not-text"),
            ):
                asked = Exchange(message(talker_id=who, chat_id=who))
                reply = Reply("好呀。", Source.CANNED, name=name)
                await log.record(replace(asked.answered(reply), outcome=outcome))
            store = ContactStore(log)
            known = [await store.was_answered(who) for who in ("ming", "hong", "gang", "li")]

        assert [True, False, False, False] == known


# Whether a bot writes

ASK = (
    *("你是机器人吗", "你是不是机器人", "你是机器人？", "您是真人吗？", "你是人吗", "是真人吗"),
    *("你到底是人还是机器人", "是本人吗", "是本人在回吗", "是不是自动回复", "这是自动回复吗"),
    *(
        "你是AI吧",
        "你是人工智能吗",
        "我在跟机器人聊天吗",
        "跟我说话的是人还是机器",
        "机器人还是真人",
    ),
    *(
        "请问是真人客服吗",
        "你该不会是机器人吧",
        "原来你是机器人？",
        "人工还是机器人？",
        "你真的是人吗",
    ),
    *("are you a bot?", "Are you human", "is this a bot", "am i talking to a bot?", "r u real"),
    *("Are you a real person?", "is this automated?", "are you an AI", "are you a bot or a person"),
)
TALK = (
    *(
        "你是谁",
        "他是机器人吗",
        "你喜欢机器人吗",
        "扫地机器人好用吗",
        "你是机器人专家吗",
        "我不是机器人",
    ),
    *("你是好人吗", "你是东北人吗", "你是负责人吗", "你是程序员吗", "你是做AI的吗", "你不是人"),
    *("这个机器人是你做的吗", "你看真人秀吗", "是真的吗", "家里有人吗", "本人不在吗", "你是几个人"),
    *("are you a robotics engineer", "is this real life", "is it real leather", "are you sure"),
)


@pytest.mark.parametrize(
    ("text", "asks"), [*((text, True) for text in ASK), *((text, False) for text in TALK)]
)
def test_the_question_is_told_from_talk_of_bots(text: str, asks: bool) -> None:
    """Of bots, people and programs people talk all day; only some of it asks who writes."""
    assert asks == asks_who_writes(text)


async def test_whoever_asks_is_told_without_the_model() -> None:
    """Always the persona's own line, by its name on record."""
    mind = ScriptedMind(replies=["我是真人呀。"])
    stage = ReplyStage(mind, MemoryLedger(), Personas(persona(), {}), settings.ReplySection())
    done = await stage(Exchange(message("你是真人吗"), cleaned="你是真人吗"))

    assert done.reply is not None
    assert (BOT, Source.CANNED, "disclosure", []) == (
        done.reply.text,
        done.reply.source,
        done.reply.name,
        mind.asked,
    )


@pytest.mark.parametrize(
    ("line", "does"),
    [
        (BOT, True),
        (persona().disclosure[1], True),
        ("我是本人", False),
        ("我不是机器人", False),
        ("I'm not a bot", False),
    ],
)
def test_a_line_must_own_up(line: str, does: bool) -> None:
    """It names a bot, and denies it nowhere."""
    assert does == owns_up(line)


def test_the_line_is_in_the_language_of_the_message() -> None:
    """With none in that language it is the first."""
    assert list(persona().disclosure) == [
        disclosed(persona(), "在吗"),
        disclosed(persona(), "are you there, my friend?"),
    ]
    assert BOT == disclosed(persona(), "ты бот?")


# Each chat its own


def of_chats(**chats: dict[str, object]) -> settings.Settings:
    return settings.Settings.model_validate({"answer": {"chats": chats}})


def test_a_tone_is_added_to_who_the_bot_is() -> None:
    """Chats of one tone share one persona, which is warmed once; all others keep the default."""
    personas = Personas.load(
        of_chats(
            a={"tone": "客气一点，用您。"}, b={"tone": "客气一点，用您。"}, c={"max_chars": 20}
        )
    )

    assert f"{persona().system}客气一点，用您。" == personas.of("a").system
    assert personas.of("a") is personas.of("b")
    assert persona().system == personas.of("c").system
    assert 2 == len(personas.all())


def test_a_tone_that_is_too_long_is_refused() -> None:
    """A small model follows no page of instructions; the message says how long it may be."""
    with pytest.raises(PersonaError, match="at most 500 in all"):
        Personas.load(of_chats(a={"tone": "用您。" * 200}))


def test_a_disclosure_that_discloses_nothing_is_refused(tmp_path: Path) -> None:
    """At start, with the line that does not say what it must."""
    text = (Path(__file__).parent.parent / "personas/yixin.yaml").read_text(encoding="utf-8")
    own = tmp_path / "own.yaml"
    text = text.replace(BOT, "我就是本人").replace("bank: bank\n", "")
    text = text.replace("open: open.jsonl\n", "").replace("occasions: occasions\n", "")
    own.write_text(text, encoding="utf-8")
    config = settings.Settings.model_validate({"reply": {"persona": str(own)}})

    with pytest.raises(PersonaError, match=r"我就是本人.*does not say that a bot writes"):
        Personas.load(config)


async def test_a_chat_can_have_shorter_answers() -> None:
    """answer.chats.max_chars ends a reply at a sentence sooner, in that chat only."""
    long = "听着真不错呀。累了就好好歇一歇。"
    mind = ScriptedMind(replies=[long])
    config = settings.Settings.model_validate(
        {"answer": {"chats": {"ming": {"max_chars": 12}}}, "reply": {"least_score": -5}}
    )
    stage = by_chat(mind, MemoryLedger(), Personas(persona(), {}), config)
    here = await stage(Exchange(message("终于忙完了"), cleaned="终于忙完了"))
    asked = message("终于忙完了", chat_id="hong", talker_id="hong")
    there = await stage(Exchange(asked, cleaned=asked.text))

    assert here.reply is not None
    assert there.reply is not None
    assert ("听着真不错呀。", long) == (here.reply.text, there.reply.text)
