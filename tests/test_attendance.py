"""The whole of it on a real audit log: stories of an owner, people, and a bot that steps back."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import settings
from engine.mood import Mood
from handlers.admit import admit
from handlers.alert import AlertKind
from handlers.alerts import Alerts, Responder
from handlers.attendance import Attendance, Records
from handlers.audit.alerts import AlertStore
from handlers.audit.contact import ContactStore
from handlers.audit.day import DayStore
from handlers.audit.log import AuditLog
from handlers.audit.orders import OrderStore
from handlers.audit.schema import Run
from handlers.deliver import Deliverer
from handlers.echo import Remembered
from handlers.exchange import Exchange, Gate, Message, Outcome
from handlers.governor import Governor
from handlers.orders import Orders
from handlers.personas import Personas
from handlers.pipeline import Pipeline
from handlers.reply import by_chat
from handlers.sanitize import sanitize
from tests.fakes import NOW, Clock, RecordingChat, ScriptedMind, message, persona, reading

RUN = Run("bundled-small", "1d9614638d18", "bf16", "p1", "0123456789ab", "0.1.0")
NO_WAIT = settings.Deliver(delay_min_s=0, delay_max_s=0, delay_per_char_s=0, gap_s=0)
LINE = "你好，我在开会，先由一心回你。"
_IDS = itertools.count(1)


def read(exchange: Exchange) -> Exchange:
    """Angry where it says so."""
    mood = Mood.ANGRY if "没用" in exchange.cleaned else Mood.NEUTRAL
    return replace(exchange, reading=reading(mood))


@dataclass
class Life:
    """A bot at work: what people write, and what is said to them."""

    pipeline: Pipeline
    chat: RecordingChat
    ended: dict[str, Exchange]
    leaving: set[str]
    mind: ScriptedMind

    async def hear(self, who: str, text: str, *, own: bool = False) -> tuple[Exchange, list[str]]:
        """How a private message of somebody ended, and what was said to anybody meanwhile."""
        num = len(self.chat.sent)
        talker = {"talker_id": "me", "is_self": True} if own else {"talker_id": who}
        heard: Message = message(
            text, id=f"life-{next(_IDS)}", chat_id=who, talker_name=who, sent_at=NOW, **talker
        )
        await self.pipeline.submit(heard)
        async with asyncio.timeout(5):
            while heard.id not in self.ended or self.leaving - self.ended.keys():
                await asyncio.sleep(0.001)
        said = [f"{to}: {words}" for to, words, _ in self.chat.sent[num:]]
        return self.ended[heard.id], said


@asynccontextmanager
async def life(folder: Path, burst_s: float = 0.0, **answer: object) -> AsyncIterator[Life]:
    config = settings.Settings.model_validate(
        {
            "account": {"owner": "boss"},
            "answer": answer,
            "audit": {"folder": str(folder / "audit")},
            "reply": {"least_score": -5, "split_chars": 200},
        }
    )
    clock, chat, ended = Clock(NOW), RecordingChat(), dict[str, Exchange]()
    pipeline: Pipeline
    leaving: set[str] = set()
    mind = ScriptedMind()

    def say(exchange: Exchange) -> None:
        leaving.add(exchange.message.id)
        pipeline.say(exchange)

    async with await AuditLog.open(config.audit, RUN, clock=clock) as log:
        orders = await Orders.load(OrderStore(log), clock=clock)
        respond: dict[AlertKind, Responder] = {}
        alerts = Alerts(AlertStore(log), orders, say, respond, config.assistant, clock=clock)
        people = Personas(persona(), {})
        records = Records(orders, log, ContactStore(log), DayStore(log))
        attendance = Attendance.of(config, records, alerts, people, say, clock=clock)
        respond.update(attendance.responders)
        pipeline = Pipeline(
            read={
                "admit": admit(max_age_s=120, clock=clock),
                "sanitize": sanitize,
                "mood": read,
                "distress": attendance.distress.stage,
                "answers": alerts.answer,
                "pause": attendance.pauses.stage,
                "presence": attendance.presence.stage,
            },
            write=attendance.around(by_chat(mind, log, people, config)),
            deliverer=Deliverer(
                Remembered(chat, attendance.echoes),
                log,
                NO_WAIT,
                split_chars=200,
                governor=Governor(gap_s=0),
                may_leave=attendance.presence.may_leave,
            ),
            ledger=log,
            pace=NO_WAIT,
            burst_s=burst_s,
            done=(
                attendance.first.ended,
                alerts.ended,
                lambda exchange: ended.update({exchange.message.id: exchange}),
            ),
            arrived=attendance.takeover.heard,
        )
        yield Life(pipeline, chat, ended, leaving, mind)
        await pipeline.drain(1)


async def test_a_hand_over_lasts_over_a_restart_until_the_owner_says_no(tmp_path: Path) -> None:
    """Anger, the line, the alert; silence also after a start; 不, and it answers again."""
    async with life(tmp_path) as at:
        told = [(await at.hear("ming", "你真没用"))[1] for _ in range(4)]
        silent, _ = await at.hear("ming", "在吗")
    async with life(tmp_path) as at:
        still, said = await at.hear("ming", "在吗")
        _, answer = await at.hear("boss", "不")
        again, _ = await at.hear("ming", "在吗")

    assert {f"ming: {persona().hand_over[0]}"} <= set(told[3])
    [alert] = [line for line in told[3] if line.startswith("boss: ")]
    assert "ming 冲我发火" in alert
    assert [Gate.HANDED_OVER] * 2 == [silent.gate, still.gate]
    assert ([], ["boss: 好，那边我接着回。"]) == (said, answer)
    assert Outcome.SENT is again.outcome


async def test_the_owners_own_word_ends_a_hand_over(tmp_path: Path) -> None:
    """Typed in that chat it is an answer: the bot leaves it to the owner, and not for hours."""
    async with life(tmp_path, takeover_min=0) as at:
        for _ in range(4):
            await at.hear("ming", "你真没用")
        await at.hear("ming", "对不起，刚才是机器人，我来说", own=True)
        again, _ = await at.hear("ming", "好的好的")

    assert Outcome.SENT is again.outcome


async def test_a_burst_that_the_owner_answers_is_not_written_for(tmp_path: Path) -> None:
    """While the bot waits for the end of a burst the owner types: the model is not even asked."""
    async with life(tmp_path, burst_s=0.3) as at:
        asked = asyncio.create_task(at.hear("ming", "在吗"))
        await asyncio.sleep(0.02)
        await at.hear("ming", "在，你说", own=True)
        ended, said = await asked

    assert (Gate.TAKEN_OVER, [], []) == (ended.gate, said, at.mind.asked)


async def test_a_pause_of_everything_leaves_the_owner_a_way_back(tmp_path: Path) -> None:
    """Others get nothing, also after a restart; the owner is answered, and ends it."""
    async with life(tmp_path) as at:
        _, paused = await at.hear("boss", "/暂停")
    async with life(tmp_path) as at:
        other, said = await at.hear("ming", "在吗")
        talk, _ = await at.hear("boss", "在吗")
        _, resumed = await at.hear("boss", "/继续")
        again, _ = await at.hear("ming", "在吗")

    assert ["boss: 好，我先歇着，谁都不回，直到你说 /继续。"] == paused
    assert (Gate.PAUSED, [], Outcome.SENT) == (other.gate, said, talk.outcome)
    assert (["boss: 好，我接着回。"], Outcome.SENT) == (resumed, again.outcome)


async def test_a_pause_typed_on_the_phone_says_nothing_there(tmp_path: Path) -> None:
    """The chat hears nothing of it but what was typed; the owner's own account does."""
    async with life(tmp_path) as at:
        own, said = await at.hear("ming", "/pause", own=True)
        silent, _ = await at.hear("ming", "在吗")
        await at.hear("ming", "/resume", own=True)
        again, _ = await at.hear("ming", "在吗")

    assert (Gate.OWN, ["boss: 好，那个聊天我先不回了，直到你说 /继续。"]) == (own.gate, said)
    assert (Gate.PAUSED, Outcome.SENT) == (silent.gate, again.outcome)


async def test_distress_is_told_where_the_bot_is_silent(tmp_path: Path) -> None:
    """Paused, it says nothing to the person; the owner hears of it, and says who goes on."""
    async with life(tmp_path) as at:
        await at.hear("boss", "/暂停 小红")
        await at.hear("boss", "/暂停")
        silent, told = await at.hear("ming", "我不想活了")
        await at.hear("boss", "/继续")
        _, both = await at.hear("hong", "我不想活了")
        _, taken = await at.hear("boss", "好 2")
        after, _ = await at.hear("hong", "在吗")

    assert Gate.PAUSED is silent.gate
    assert ["【#1】ming 的话让人担心：「我不想活了」"] == [
        line.removeprefix("boss: ").split("\n")[0] for line in told
    ]
    assert f"hong: {persona().distress}" in both
    assert taken[0].startswith("boss: 好，你来陪 TA")
    assert Gate.TAKEN_OVER is after.gate


async def test_a_first_contact_is_one_also_after_a_restart(tmp_path: Path) -> None:
    """The line and the disclosure once, before the first answer that left."""
    async with life(tmp_path, first_line=LINE, disclose=True) as at:
        _, first = await at.hear("ming", "在吗")
    async with life(tmp_path, first_line=LINE, disclose=True) as at:
        _, second = await at.hear("ming", "在吗")
        _, other = await at.hear("hong", "你是机器人吗")

    bot = persona().disclosure[0]
    assert [True, False] == [LINE in said[0] and bot in said[0] for said in (first, second)]
    assert [f"hong: {LINE}\n{bot}"] == other
