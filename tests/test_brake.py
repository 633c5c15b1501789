"""Anger at the bot: shorter answers, then a hand-over; and not at anybody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

import settings
from engine.mood import Mood, Reading
from handlers.aim import is_at_reader
from handlers.alert import Alert, AlertKind, Raised, Word
from handlers.audit.contact import ContactStore
from handlers.audit.errors import AuditError
from handlers.audit.log import AuditLog
from handlers.audit.orders import OrderStore
from handlers.audit.schema import Run
from handlers.brake import HAND_OVER_S, SHORT, Brake
from handlers.exchange import Exchange, Gate, Outcome, Reply, Source
from handlers.orders import OrderKind, Orders
from handlers.personas import Personas
from tests.desk import ToldAlerts
from tests.fakes import NOW, Clock, message, persona, reading, room_message

RUN = Run("bundled-small", "1d9614638d18", "bf16", "p1", "0123456789ab", "0.1.0")
ANGRY = reading(Mood.ANGRY)

AT_IT = (
    *(
        "你真没用",
        "你是傻子吗",
        "你到底会不会回答",
        "问你话呢你答的什么玩意",
        "滚",
        "闭嘴",
        "烦死你了",
    ),
    *(
        "垃圾机器人",
        "你能不能别废话了",
        "答非所问",
        "听不懂人话吗",
        "别回了",
        "说了你也不懂",
        "你懂什么",
    ),
    *(
        "别再给我发消息了",
        "叫你主人来",
        "我问的不是这个！！",
        "回的都是什么玩意",
        "一心你真烦",
        "我投诉你",
    ),
    *("you are useless", "stupid bot", "shut up", "你知道个屁", "什么破机器人", "真想砸了你"),
)
AT_OTHERS = (
    *("老板又骂我气死我了", "你说气不气人", "我跟你说那个司机真混蛋", "他就是个傻逼", "气死我了"),
    *("快递又丢了什么破公司", "领导有病吧你说是不是", "我男朋友骗我，你说我该怎么办", "我真想骂人"),
    *("你知道吗他居然骂我", "这个客户真恶心", "凭什么又是我加班", "今天真倒霉，烦死了", "这破电脑"),
    *("房东太过分了，你觉得我该怎么办", "这家店再也不来了，态度恶劣", "我要告诉你一件气人的事"),
    *("you know what, my boss is an idiot", "气得我想打他"),
)


@pytest.mark.parametrize(
    ("text", "is_at_it"),
    [*((text, True) for text in AT_IT), *((text, False) for text in AT_OTHERS)],
)
def test_anger_at_the_reader_is_told_from_anger_told_to_it(text: str, is_at_it: bool) -> None:
    """Who complains of a boss, a driver or a shop wants to be listened to."""
    assert is_at_it == is_at_reader(text, "一心")


async def answers(exchange: Exchange) -> Exchange:
    return exchange.answered(Reply("哈哈，别生气嘛，听我讲个笑话。", Source.MODEL))


@dataclass
class Bed:
    """A brake on a real log, and the messages that come one after another."""

    log: AuditLog
    orders: Orders
    clock: Clock
    owner: str
    alerts: ToldAlerts = field(default_factory=ToldAlerts)

    def __post_init__(self) -> None:
        self.brake = Brake(
            self.orders,
            ContactStore(self.log),
            self.alerts,
            Personas(persona(), {}),
            settings.Answer(),
            owner=self.owner,
            bot_name="一心",
            clock=self.clock,
        )

    async def say(
        self, text: str, read: Reading | None = ANGRY, gate: Gate | None = None, **fields: object
    ) -> Reply:
        """What is replied to a message, which is on record when it has ended."""
        asked = replace(Exchange(message(text, **fields)), cleaned=text, reading=read)
        assert await self.log.receive(asked)
        if gate is not None:
            await self.log.record(asked.stopped(gate))
            return Reply("", Source.CANNED)
        done = await self.brake.around(answers)(asked)
        await self.log.record(replace(done, outcome=Outcome.SENT))
        assert done.reply
        return done.reply

    async def names(self, num: int, text: str = "你真没用") -> list[str]:
        return [(await self.say(text)).name for _ in range(num)]


@asynccontextmanager
async def bed(
    folder: Path, *, owner: str = "boss", clock: Clock | None = None, pseudonyms: bool = False
) -> AsyncIterator[Bed]:
    clock = clock or Clock(NOW)
    place = settings.Audit(folder=str(folder / "audit"), pseudonyms=pseudonyms)
    async with await AuditLog.open(place, RUN, clock=clock) as log:
        yield Bed(log, await Orders.load(OrderStore(log), clock=clock), clock, owner)


async def test_first_as_ever_then_short_then_a_hand_over(tmp_path: Path) -> None:
    """The second harsh message gets a short line, the fourth the last one; no joke after that."""
    async with bed(tmp_path) as at:
        replies = [await at.say("你真没用") for _ in range(4)]
        handed = at.orders.find(OrderKind.HAND_OVER, "ming")

    assert ["", "shorter", "shorter", "hand-over"] == [each.name for each in replies]
    assert all(len(each.text) <= SHORT for each in replies[1:3])
    assert set(persona().canned[Mood.ANGRY]) >= {replies[1].text, replies[2].text}
    assert replies[1].text != replies[2].text
    assert (persona().hand_over[0], Source.CANNED) == (replies[3].text, replies[3].source)
    assert handed is not None
    assert NOW + HAND_OVER_S == handed.until
    [(alert, to)] = at.alerts.told
    assert (AlertKind.HAND_OVER, "ming", "ming", ("boss",)) == (
        alert.kind,
        alert.chat_id,
        alert.person_id,
        to,
    )
    assert "小明 冲我发火，30 分钟里第 4 条了" in alert.text
    assert "「你真没用」" in alert.text


async def test_english_is_answered_in_english(tmp_path: Path) -> None:
    """A language without a line of 20 characters gets the shortest that it has."""
    async with bed(tmp_path) as at:
        said = [(await at.say("you are useless, stupid bot")).text for _ in range(4)]

    assert ["That sounds really annoying.", persona().hand_over[1]] == said[2:]


async def test_a_hand_over_that_nobody_is_told_of_is_none(tmp_path: Path) -> None:
    """Where the alert cannot be kept there is no silence, and the next harsh word tries again."""
    async with bed(tmp_path) as at:
        await at.names(3)
        at.alerts.error = AuditError("the disk is full")
        with pytest.raises(AuditError):
            await at.say("你真没用")
        silent = at.orders.find(OrderKind.HAND_OVER, "ming")
        at.alerts.error = None
        again = await at.say("你真没用")

    assert (None, "hand-over") == (silent, again.name)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("老板又骂我，气死我了", ANGRY),
        ("那你说几点了", reading(Mood.NEUTRAL)),
        ("你真没用", replace(ANGRY, unsure=True)),
        ("你真没用", None),
        ("你真没用，明天不用等我了", replace(ANGRY, distress=True)),
        ("你别管我，我想死", ANGRY),
    ],
)
async def test_only_sure_anger_at_the_bot_counts(
    tmp_path: Path, text: str, read: Reading | None
) -> None:
    """Others, calm words, doubt and distress are answered as ever, also late in a quarrel."""
    async with bed(tmp_path) as at:
        await at.names(3)
        reply = await at.say(text, read)

    assert ("", Source.MODEL) == (reply.name, reply.source)


async def test_a_firm_insult_counts_in_any_mood(tmp_path: Path) -> None:
    """Contempt is often read as neutral or even happy; its offence is what tells."""
    mocking = replace(reading(Mood.HAPPY), offence=0.9)
    async with bed(tmp_path) as at:
        names = [(await at.say("你个傻子哈哈哈", mocking)).name for _ in range(2)]

    assert ["", "shorter"] == names


async def test_messages_answered_together_count_each(tmp_path: Path) -> None:
    """A burst of three is three; what was not for the bot is none."""
    async with bed(tmp_path) as at:
        for _ in range(2):
            await at.say("你真没用", gate=Gate.MERGED)
        room = room_message()
        for _ in range(3):
            await at.say("你真没用", gate=Gate.NOT_ADDRESSED, chat_id=room.chat_id, room_name="群")
        together = await at.say("你真没用")
        in_room = await at.say("你真没用", chat_id=room.chat_id, room_name="群")

    assert ("shorter", "") == (together.name, in_room.name)


async def test_each_is_counted_alone_and_the_window_passes(tmp_path: Path) -> None:
    """Another person in the same group begins anew, and so does whoever has calmed down."""
    async with bed(tmp_path) as at:
        await at.names(3)
        other = await at.say("你真没用", talker_id="hong")
        at.clock.pass_by(30 * 60 + 1)
        later = await at.say("你真没用")

    assert ("", "") == (other.name, later.name)


@pytest.mark.parametrize("pseudonyms", [False, True])
async def test_a_restart_forgets_nothing(tmp_path: Path, pseudonyms: bool) -> None:
    """Counted in the log, also where that keeps codes for ids."""
    async with bed(tmp_path, pseudonyms=pseudonyms) as at:
        await at.names(3)
    async with bed(tmp_path, pseudonyms=pseudonyms) as at:
        reply = await at.say("你真没用")
    async with bed(tmp_path, pseudonyms=pseudonyms) as at:
        handed = at.orders.find(OrderKind.HAND_OVER, "ming")

    assert "hand-over" == reply.name
    assert handed is not None


async def test_after_a_hand_over_it_begins_anew(tmp_path: Path) -> None:
    """Once the owner has dealt with it, the next harsh word is the first again."""
    async with bed(tmp_path) as at:
        names = await at.names(6)

    assert ["", "shorter", "shorter", "hand-over", "", "shorter"] == names


async def test_without_an_owner_nothing_is_handed_over(tmp_path: Path) -> None:
    """Nobody could be told: it stays short, and answers."""
    async with bed(tmp_path, owner="") as at:
        names = await at.names(6)

    assert [""] + ["shorter"] * 5 == names
    assert [] == at.alerts.told


async def test_the_owner_may_scold_it(tmp_path: Path) -> None:
    """Of their own anger nobody needs to be told."""
    async with bed(tmp_path, owner="ming") as at:
        names = await at.names(5)

    assert [""] * 5 == names


@pytest.mark.parametrize(
    ("word", "answer", "is_silent"),
    [
        (Word.NO, "好，那边我接着回。", False),
        (Word.YES, "好，那边交给你", True),
        (Word.HUSH, "", True),
    ],
)
async def test_the_owner_decides_with_a_word(
    tmp_path: Path, word: Word, answer: str, is_silent: bool
) -> None:
    """不: it goes on; 好: it stays silent; 静: nothing changes."""
    async with bed(tmp_path) as at:
        await at.names(4)
        alert = Alert(AlertKind.HAND_OVER, "", "ming", "ming")
        said = await at.brake.answered(Raised(1, alert, "boss", NOW, NOW + 60), word, "boss")
        handed = at.orders.find(OrderKind.HAND_OVER, "ming")

    assert said.startswith(answer)
    assert is_silent == (handed is not None)
