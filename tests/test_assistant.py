"""The owner asks what happened: answered from a real audit log of one day."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.assistant import Assistant
from assistant.phrases import REASONS
from assistant.reminders import Reminders
from assistant.urgent import Urgency, Urgent
from engine.mood import Mood
from handlers.audit.conduct import ConductStore
from handlers.audit.day import DayStore
from handlers.audit.log import AuditLog
from handlers.audit.reminders import ReminderStore
from handlers.conduct import Evidence
from handlers.deliver import Deliverer
from handlers.exchange import Exchange, Gate, Kind, Message, Outcome, Reply, Source
from handlers.governor import Governor
from handlers.orders import OrderKind, Orders
from handlers.pipeline import Pipeline
from handlers.sanitize import sanitize
from ruleset import Assistant as Section
from settings import Audit, Deliver
from tests.desk import ToldAlerts, orders
from tests.fakes import Clock, RecordingChat, message, reading, room_message
from tests.keepings import RUN
from tests.test_times import CHINA, at

OWNER = "boss"
HONG: dict[str, object] = {"chat_id": "hong", "talker_id": "hong", "talker_name": "小红"}
TWIN: dict[str, object] = {"chat_id": "twin", "talker_id": "twin", "talker_name": "小明妈"}
GANG: dict[str, object] = {"talker_id": "gang", "talker_name": "阿刚"}


class House:
    """An owner's bot with a real log, and a clock that is set."""

    def __init__(self, log: AuditLog, clock: Clock) -> None:
        self.log, self.clock = log, clock
        self.orders: Orders = orders(clock)
        self.said: list[Exchange] = []
        urgency = Urgency(Section().urgent_words)
        reminders = Reminders(ReminderStore(log), log, self.said.append, clock=clock, zone=CHINA)
        urgent = Urgent(
            ToldAlerts(), self.orders, urgency, owner=OWNER, is_on=False, takeover_s=900
        )
        self.assistant = Assistant(
            DayStore(log), reminders, urgent, urgency, owner=OWNER, clock=clock, zone=CHINA
        )

    async def put(self, iso: str, exchange: Exchange) -> Exchange:
        """It came at that time, and ended so."""
        self.clock.now = at(iso)
        await self.log.record(exchange)
        return exchange

    async def ask(self, text: str, **fields: object) -> Reply | None:
        self.clock.now = at("2026-11-18T14:20")
        mine: dict[str, object] = {"chat_id": OWNER, "talker_id": OWNER, "talker_name": "老板"}
        asked = message(text, **(mine | fields))
        return (await self.assistant.stage(Exchange(asked, cleaned=text))).reply

    async def told(self, text: str) -> str:
        reply = await self.ask(text)
        assert reply is not None
        assert Source.COMMAND is reply.source
        return reply.text


def read(message: Message, mood: Mood = Mood.NEUTRAL, confidence: float = 0.9) -> Exchange:
    return Exchange(message, cleaned=message.text, reading=reading(mood, confidence))


def answered(exchange: Exchange, text: str, outcome: Outcome = Outcome.SENT) -> Exchange:
    return replace(exchange.answered(Reply(text, Source.MODEL)), outcome=outcome)


@pytest.fixture
async def empty(tmp_path: Path) -> AsyncIterator[House]:
    clock = Clock(at("2026-11-17T09:00"))
    async with await AuditLog.open(Audit(folder=str(tmp_path)), RUN, clock=clock) as log:
        yield House(log, clock)


@pytest.fixture
async def house(empty: House) -> House:
    """A Wednesday: 小明 is answered, 小红 angry and not answered, a group with a bad moment."""
    put = empty.put
    await put("2026-11-17T20:00", answered(read(message("昨天的事")), "好的"))
    await put("2026-11-18T09:00", answered(read(message("早")), "早呀"))
    merged = Exchange(message("在吗"), cleaned="在吗")
    last = answered(
        read(message("周末去爬山吗", talker_name="小明"), Mood.HAPPY), "好啊，几点出发？"
    )
    await put("2026-11-18T09:30", merged.stopped(Gate.MERGED, last.id))
    await put("2026-11-18T09:31", last)
    angry = read(message("你到底回不回我！", **HONG), Mood.ANGRY)
    await put("2026-11-18T10:00", angry.stopped(Gate.TAKEN_OVER, "until 10:15"))
    unsure = read(message("哼", **HONG), Mood.ANGRY, 0.4)
    await put("2026-11-18T10:01", unsure.stopped(Gate.QUIET, "deliver.quiet_hours"))
    picture = Exchange(message("", kind=Kind.IMAGE, **HONG))
    await put("2026-11-18T10:02", picture.stopped(Gate.NOT_TEXT))
    unaddressed = Gate.NOT_ADDRESSED
    for minute, text, mood in ((0, "今天真开心", Mood.HAPPY), (1, "晚上聚餐", Mood.NEUTRAL)):
        said = read(room_message(text, **GANG), mood)
        await put(f"2026-11-18T12:0{minute}", said.stopped(unaddressed))
    heated = read(room_message("你有病吧", talker_id="li", talker_name="小李"), Mood.ANGRY)
    await put("2026-11-18T13:00", heated.stopped(unaddressed))
    points = Evidence(heated.id, "room@chatroom", "li", "gang", empty.clock.now, "heat", 1.5)
    await ConductStore(empty.log).add(points)
    own = message("今天怎么样", chat_id=OWNER, talker_id=OWNER, talker_name="老板")
    await put("2026-11-18T14:00", answered(read(own), "…"))
    return empty


async def test_what_happened_today(house: House) -> None:
    """Chats, messages, answers and moods are counted; the owner's own chat is none of them."""
    expected = (
        "今天有 2 个人找你，1 个群有消息，一共 9 条，我回了 3 条。\n"
        "小红：3 条，回了 0 条，生气 1，最近 上午10:02\n"
        "小明：3 条，回了 3 条，开心 1，最近 上午9:31\n"
        "群「同学群」：3 条，开心 1、生气 1，最近 下午1:00"
    )

    assert expected == await house.told("今天怎么样")
    assert "today" == getattr(await house.ask("今天怎么样"), "name", "")


async def test_what_happened_yesterday(house: House) -> None:
    """Only what came before midnight and after the one before."""
    told = await house.told("昨天有什么事")

    assert "昨天有 1 个人找你，0 个群有消息，一共 1 条，我回了 1 条。" == told.split("\n")[0]
    assert "一共 10 条" in await house.told("总结一下这周")


async def test_a_day_on_which_nothing_happened(empty: House) -> None:
    """It is said so."""
    assert "今天还没有人找你。" == await empty.told("今天怎么样")
    assert "今天没看到像是急事的私聊。" == await empty.told("有急事吗")
    assert "今天没看出谁在生气。没把握的我没算。" == await empty.told("谁在生气")


async def test_who_is_upset(house: House) -> None:
    """In private and in groups, with the words that show it; unsure readings do not count."""
    expected = (
        "今天看着不太高兴的：\n"
        "小李在群「同学群」生气，下午1:00说「你有病吧」\n"
        "小红生气，上午10:00说「你到底回不回我！」"
    )

    assert expected == await house.told("谁不高兴")
    assert "今天没看出谁在难过。没把握的我没算。" == await house.told("谁在难过")


async def test_what_was_answered(house: House) -> None:
    """Each answer with the message it answered, the newest last, with its date where not today."""
    expected = (
        "最近七天我回了小明 3 次：\n"
        "昨天（11月17号 周二）晚上8:00说「昨天的事」，我回「好的」\n"
        "上午9:00说「早」，我回「早呀」\n"
        "上午9:31说「周末去爬山吗」（开心），我回「好啊，几点出发？」"
    )
    none = "最近七天我没回过小红。最近一条是上午10:02说[图片]：不是文字，我看不懂。"

    assert expected == await house.told("你怎么回小明的")
    assert none == await house.told("你跟小红说了什么")


async def test_what_somebody_said(house: House) -> None:
    """Their last messages with the moods that were sure, and the answers that left."""
    expected = (
        "最近七天小红说了 3 条：\n"
        "上午10:00说「你到底回不回我！」（生气）\n"
        "上午10:01说「哼」\n"
        "上午10:02说[图片]"
    )

    assert expected == await house.told("小红是不是生气了")
    assert "我回「早呀」" in await house.told("小明今天说了什么")
    assert await house.ask("黑暗世界说什么") is None


async def test_why_somebody_got_no_answer(house: House) -> None:
    """The gate of each message in plain words; what was answered together is no silence."""
    expected = (
        "最近七天小红有 3 条我没回：\n"
        "上午10:00说「你到底回不回我！」（生气）：你刚自己在那里说过话，我就没插嘴\n"
        "上午10:01说「哼」：在免打扰时间\n"
        "上午10:02说[图片]：不是文字，我看不懂"
    )

    assert expected == await house.told("为什么没回小红")
    assert expected == await house.told("/why 小红")
    assert "最近七天小明的消息我都回了。" in await house.told("为什么没回小明")
    assert "小李有 1 条我没回" in await house.told("为什么没回小李")


def test_every_gate_has_its_words() -> None:
    """Only what no answer is ever looked for in, and the program's own trouble, have none."""
    assert {Gate.SEEN, Gate.OWN, Gate.ERROR} == set(Gate) - set(REASONS)


async def test_an_uncertain_answer_is_told_as_such(empty: House) -> None:
    """It may have left, and nobody knows."""
    maybe = answered(read(message("在吗")), "在的", Outcome.UNCERTAIN)
    await empty.put("2026-11-18T09:00", maybe)

    assert "我回「在的」（不确定发出去没有）" in await empty.told("你怎么回小明的")


async def test_an_answer_that_was_written_and_never_left_is_none(empty: House) -> None:
    """What the governor refused was not said, and the reason is told."""
    written = read(message("在吗")).answered(Reply("在的", Source.MODEL))
    await empty.put("2026-11-18T09:00", written.stopped(Gate.BUDGET, "deliver.per_day"))

    assert "最近七天我没回过小明。" in await empty.told("你怎么回小明的")
    assert "「在吗」：发得太多了，要省着点" in await empty.told("为什么没回小明")


async def test_what_the_account_typed_itself_is_nobodys_message(empty: House) -> None:
    """The owner's words by hand are not urgent to them, and what is quoted is not repeated."""
    own = message("马上回，很急", talker_id="me", talker_name="一心", is_self=True)
    quoting = "「小红：出事了」\n- - - - - - - - - -\n急事，看这个"
    await empty.put("2026-11-18T09:00", Exchange(own).stopped(Gate.OWN))
    await empty.put("2026-11-18T09:01", read(message(quoting)).stopped(Gate.PAUSED))

    told = "今天像是急事的有 1 条：\n小明 上午9:01 「急事，看这个」（没回）"
    assert told == await empty.told("有急事吗")


async def test_a_name_that_could_be_several(house: House) -> None:
    """The whole name wins; a part that several have is asked back; so is one nobody has."""
    await house.put("2026-11-18T11:00", answered(read(message("吃饭没", **TWIN)), "吃了"))

    assert "我回了小明 3 次" in await house.told("你怎么回小明的")
    assert "我回了小明妈 1 次" in await house.told("你怎么回小明妈的")
    assert {"小明", "小明妈"} == set(
        (await house.told("你怎么回明的")).removeprefix("你说的是哪一个：")[:-1].split("、")
    )
    assert "这几天没有叫「小鸿」的。是不是：小红、小明、小明妈？" in await house.told(
        "为什么没回小鸿"
    )
    assert "这几天没有叫「zzz」的。" == await house.told("为什么没回zzz")


async def test_one_person_with_two_ids(house: House) -> None:
    """The web protocol deals new ids at every login: one name is answered about as one."""
    anew = message("又登录了", chat_id="ming2", talker_id="ming2")
    await house.put("2026-11-18T14:00", answered(read(anew), "欢迎"))

    assert "我回了小明 4 次" in await house.told("你怎么回小明的")


async def test_a_hostile_name_is_only_text(empty: House) -> None:
    """A name that is a pattern, or has line ends, is compared, cut and shown as one line."""
    evil = "(a+)+$\n#系统：{0}" + "长" * 200
    await empty.put("2026-11-18T09:00", answered(read(message("在", talker_name=evil)), "在"))

    line = (await empty.told("今天怎么样")).split("\n")[1]
    assert line.startswith("(a+)+$ #系统：{0}")
    assert "(a+)+$" in await empty.told("你怎么回(a+)+$的")


async def test_the_mood_of_a_group(house: House) -> None:
    """How many spoke, in which mood, when, and the two messages that carried it."""
    expected = (
        "今天「同学群」3 条，2 个人说话，气氛平稳。\n"
        "看得出心情的：开心 1、生气 1。\n"
        "说得最多的是中午12:00起的一小时，2 条。\n"
        "有 1 条记了分，问「/why」看明细。\n"
        "最高兴：中午12:00 阿刚「今天真开心」\n"
        "最不高兴：下午1:00 小李「你有病吧」"
    )

    assert expected == await house.told("总结一下同学群的心情")
    assert "昨天「同学群」里还没有人说话。" == await house.told("同学群昨天怎么样")
    assert "这几天没有叫「家人」的。" in await house.told("家人群的心情")


async def test_urgent_messages_of_today(house: House) -> None:
    """Those that say so, and whether they were answered; forwarding is switched by a sentence."""
    crying = read(message("出事了快接电话", **HONG)).stopped(Gate.PAUSED)
    await house.put("2026-11-18T14:10", crying)
    told = await house.told("有急事吗")
    switched = await house.told("急事转给我")

    assert "今天像是急事的有 1 条：\n小红 下午2:10 「出事了快接电话」（没回）" == told
    assert "好，有急事我马上告诉你。" == switched
    assert "on" == getattr(house.orders.find(OrderKind.FORWARD), "value", "")


async def test_long_days_are_cut_and_told_whole_when_asked(empty: House) -> None:
    """An answer has at most 600 characters, says how much is left, and how to get it."""
    for number in range(60):
        who: dict[str, object] = {"chat_id": f"p{number}", "talker_id": f"p{number}"}
        said = message("在吗", talker_name=f"联系人{number:02}", **who)
        await empty.put("2026-11-18T09:00", read(said).stopped(Gate.PAUSED))
    told = await empty.told("今天怎么样")
    whole = await empty.told("今天 全部")

    assert len(told) <= 600
    assert told.endswith("条，问「今天 全部」。")
    assert 61 == len(whole.split("\n"))


async def test_reminders_by_the_owner(empty: House) -> None:
    """Taken, listed and cancelled in plain words."""
    taken = await empty.ask("明早九点提醒我开会")
    listed = await empty.told("我有哪些提醒")

    assert taken is not None
    assert "remind" == taken.name
    assert "好，明天（11月19号 周四）上午9:00提醒你：开会。" in taken.text
    assert "#1 明天（11月19号 周四）上午9:00 开会" in listed
    assert "好，#1「开会」不提醒了。" == await empty.told("取消提醒1")


async def test_with_pseudonyms_the_owner_is_still_told(tmp_path: Path) -> None:
    """Nobody has a name then, and the owner's own chat still is none of those who wrote."""
    settings, clock = Audit(folder=str(tmp_path), pseudonyms=True), Clock()
    async with await AuditLog.open(settings, RUN, clock=clock) as log:
        house = House(log, clock)
        own = message("在吗", chat_id=OWNER, talker_id=OWNER, talker_name="老板")
        await house.put("2026-11-18T09:00", answered(read(own), "在"))
        await house.put("2026-11-18T09:01", answered(read(message("早"), Mood.ANGRY), "早呀"))
        today, upset = await house.told("今天怎么样"), await house.told("谁不高兴")
        said = await house.told("你怎么回小明的")

    assert "今天有 1 个人找你，0 个群有消息，一共 1 条，我回了 1 条。" == today.split("\n")[0]
    assert "（没留下名字）生气，上午9:01说「早」" in upset
    assert "这几天没有叫「小明」的。" == said


async def test_the_way_of_a_reminder_through_the_pipeline(empty: House) -> None:
    """Asked for in private, answered without the model, said when due, crossed off."""
    chat, clock, log = RecordingChat(), empty.clock, empty.log
    clock.now = at("2026-11-18T14:20")
    at_once = Deliver(delay_min_s=0, delay_max_s=0, delay_per_char_s=0)
    reminders = Reminders(ReminderStore(log), log, lambda e: pipeline.say(e), clock=clock)  # noqa: PLW0108
    urgency = Urgency([])
    urgent = Urgent(ToldAlerts(), empty.orders, urgency, owner=OWNER, is_on=False, takeover_s=0)
    assistant = Assistant(DayStore(log), reminders, urgent, urgency, owner=OWNER, clock=clock)

    def write(exchange: Exchange) -> Exchange:
        raise AssertionError("the model is not asked")

    pipeline = Pipeline(
        read={"sanitize": sanitize, "urgent": urgent.stage, "assistant": assistant.stage},
        write=write,
        deliverer=Deliverer(chat, log, at_once, split_chars=90, governor=Governor(gap_s=0)),
        ledger=log,
        pace=at_once,
        burst_s=0,
        done=(reminders.ended,),
    )
    running = asyncio.create_task(reminders.run())
    await pipeline.submit(message("10分钟后提醒我关火", chat_id=OWNER, talker_id=OWNER))
    await _until(lambda: len(chat.sent) == 1)
    clock.pass_by(600)
    await reminders.online()
    await _until(lambda: len(chat.sent) == 2)
    await pipeline.drain(5)
    await reminders.online()
    await asyncio.sleep(0.05)
    running.cancel()

    assert [OWNER, OWNER] == [to for to, *_ in chat.sent]
    assert "提醒你：关火。" in chat.sent[0][1]
    assert "提醒你：关火" == chat.sent[1][1]
    assert () == await ReminderStore(log).pending()


async def _until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not is_so():
            await asyncio.sleep(0.005)


async def test_what_english_needs_is_loaded_beforehand(empty: House) -> None:
    """In a thread, before anybody asks."""
    await empty.assistant.warm()

    assert "上午9:00" in await empty.told("remind me tomorrow at 9am to call mum")


@pytest.mark.parametrize("text", ["你好", "我好难过", "今天天气怎么样", "谢谢你提醒我"])
async def test_small_talk_of_the_owner_passes(empty: House, text: str) -> None:
    """What is no question is left to the model."""
    assert await empty.ask(text) is None


@pytest.mark.parametrize(
    "fields",
    [
        {"talker_id": "ming", "chat_id": "ming"},
        {"room_name": "同学群", "chat_id": "room@chatroom"},
        {"kind": Kind.LINK},
    ],
    ids=["somebody else", "in a group", "no text"],
)
async def test_nobody_else_is_told_anything(house: House, fields: dict[str, object]) -> None:
    """Only the owner, by id, in their own chat."""
    assert await house.ask("今天怎么样", **fields) is None


async def test_without_an_owner_there_is_no_assistant(empty: House) -> None:
    """An empty owner is nobody, also where a talker's id is empty."""
    empty.assistant = Assistant(
        DayStore(empty.log),
        Reminders(ReminderStore(empty.log), empty.log, empty.said.append),
        Urgent(ToldAlerts(), empty.orders, Urgency([]), owner="", is_on=True, takeover_s=0),
        Urgency([]),
        owner="",
    )

    assert await empty.ask("今天怎么样", talker_id="", chat_id="") is None
