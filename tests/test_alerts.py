"""Alerts and their one-word answers, on a real audit log."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from handlers.alert import FRESH_S, Alert, AlertKind, Raised, Word
from handlers.alerts import HUSH_S, Alerts
from handlers.audit.alerts import AlertStore
from handlers.audit.errors import AuditError
from handlers.audit.log import AuditLog
from handlers.audit.orders import OrderStore
from handlers.audit.schema import Run
from handlers.deliver import Deliverer
from handlers.exchange import Exchange, Gate, Outcome, Reply, Source
from handlers.governor import Governor
from handlers.orders import OrderKind, Orders
from handlers.pipeline import Pipeline
from handlers.refusal import NotSent
from handlers.sanitize import sanitize
from ruleset import Assistant
from settings import Audit, Deliver
from tests.fakes import NOW, Clock, RecordingChat, message, room_message

RUN = Run("tiny", "f", "fp32", "1", "d", "0")
AT_ONCE = Deliver(delay_min_s=0, delay_max_s=0, delay_per_char_s=0, gap_s=0)
HEAT = Alert(AlertKind.HEAT, "小明在群「同学群」里越说越重", "room", "ming", "e1", 7)
OTHER = replace(HEAT, person_id="hong", exchange_id="e2", text="小红也是")


@dataclass
class Office:
    """Alerts on one log; what they have said, and what their answers did."""

    log: AuditLog
    clock: Clock
    orders: Orders
    said: list[Exchange] = field(default_factory=list)
    done: list[tuple[int, Word, str]] = field(default_factory=list)
    error: Exception | None = None
    deciders: set[str] = field(default_factory=lambda: {"boss", "chen"})

    def __post_init__(self) -> None:
        self.say: Callable[[Exchange], None] = self.said.append
        self.alerts = Alerts(
            AlertStore(self.log),
            self.orders,
            lambda exchange: self.say(exchange),  # noqa: PLW0108 - may change
            dict.fromkeys(AlertKind, self.respond),
            Assistant(),
            may_answer=lambda raised: raised.to_id in self.deciders,
            clock=self.clock,
        )

    async def respond(self, raised: Raised, word: Word, by: str) -> str:
        if self.error is not None:
            raise self.error
        self.done.append((raised.number, word, by))
        return f"#{raised.number} 记下了。"

    async def leave(self, outcome: Outcome = Outcome.SENT) -> None:
        """All that was said ends so, in the log too, as the pipeline would have it."""
        for exchange in self.said:
            await self.log.record(replace(exchange, outcome=outcome))
            self.alerts.ended(exchange)

    async def tell(self, *alerts: Alert, to: str = "boss") -> list[str]:
        """What was told of these; it leaves."""
        before = len(self.said)
        for alert in alerts:
            await self.alerts.tell(alert, [to])
        await self.leave()
        return [said.reply.text for said in self.said[before:] if said.reply]

    async def hear(self, text: str, who: str = "boss", quoted: str = "") -> str | None:
        """What is answered to somebody's private message; None where it passes."""
        asked = Exchange(message(text, chat_id=who, talker_id=who), cleaned=text, quoted=quoted)
        answered = await self.alerts.answer(asked)
        return answered.reply.text if answered.reply else None

    async def again(self) -> Office:
        """The same after a restart."""
        orders = await Orders.load(OrderStore(self.log), clock=self.clock)
        return Office(self.log, self.clock, orders)


#: Also on a log that has codes for ids, which takes a key: where ids are looked up.
in_codes_too = pytest.mark.parametrize(
    "office", [False, True], ids=["plain", "pseudonyms"], indirect=True
)


@pytest.fixture
async def office(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Office]:
    clock, is_coded = Clock(NOW), getattr(request, "param", False)
    if is_coded:
        monkeypatch.setenv("YIXIN_AUDIT_KEY", "a key of sixteen and more")
    place = Audit(folder=str(tmp_path / "audit"), pseudonyms=is_coded)
    async with await AuditLog.open(place, RUN, clock=clock) as log:
        yield Office(log, clock, Orders(OrderStore(log), clock=clock))


async def test_an_alert_tells_what_may_be_answered(office: Office) -> None:
    """Its number first, then what happened, then what each word does."""
    assert [
        "【#1】小明在群「同学群」里越说越重\n"
        "回复（#1）：好＝判断得对；不＝误会了，撤销这次的分；静＝一天内不再说这类事"
    ] == await office.tell(HEAT)


async def test_everybody_who_is_to_know_is_told_once(office: Office) -> None:
    """Each by a number of their own; nobody twice, and an empty id is nobody."""
    await office.alerts.tell(HEAT, ["boss", "chen", "boss", ""])

    assert ["boss", "chen"] == [said.message.chat_id for said in office.said]


@pytest.mark.parametrize(
    ("text", "word"), [("好", Word.YES), ("不用", Word.NO), ("静", Word.HUSH), ("好 1", Word.YES)]
)
async def test_a_word_acts_on_the_only_alert(office: Office, text: str, word: Word) -> None:
    """With one alert open, one word is enough, and is done for who said it."""
    await office.tell(HEAT)
    said = await office.hear(text)

    assert [(1, word, "boss")] == office.done
    assert (said or "").startswith("#1 记下了。")


async def test_without_an_alert_a_word_is_a_word(office: Office) -> None:
    """好 of somebody who was told nothing passes, and so it does after the answer was given."""
    await office.tell(HEAT)

    assert await office.hear("好", who="ming") is None
    assert await office.hear("好 1", who="ming") is None
    assert await office.hear("好") is not None
    assert await office.hear("好") is None


async def test_a_word_in_a_group_is_for_the_group(office: Office) -> None:
    """The same person's 好 in a room answers nothing."""
    await office.tell(HEAT)
    asked = Exchange(room_message("好", talker_id="boss"), cleaned="好")

    assert asked == await office.alerts.answer(asked)


@in_codes_too
async def test_with_several_open_none_is_guessed(office: Office) -> None:
    """They are listed, the newest first, and nothing is done until one is named or quoted."""
    told = await office.tell(HEAT, OTHER)

    assert (
        "你有几件事还没回，请带上编号，如「好 2」：\n#2 小红也是\n#1 小明在群「同学群」里越说越重"
        == await office.hear("好")
    )
    assert [] == office.done
    await office.hear("好 1")
    await office.hear("不", quoted=f"一心：{told[1]}")
    assert [(1, Word.YES, "boss"), (2, Word.NO, "boss")] == office.done


@in_codes_too
async def test_small_talk_since_makes_a_word_unclear(office: Office) -> None:
    """好 after the bot said something else is asked back, not taken for leave to act."""
    await office.tell(HEAT)
    office.clock.pass_by(60)
    talk = Exchange(message("中午吃什么", chat_id="boss")).answered(Reply("吃面？", Source.MODEL))
    await office.log.record(replace(talk, outcome=Outcome.SENT))
    said = await office.hear("好")

    assert "你是在回这件事吗？" in (said or "")
    assert [] == office.done
    await office.hear("好 1")
    assert [(1, Word.YES, "boss")] == office.done


async def test_an_answer_acts_once(office: Office) -> None:
    """Said again, it tells what was answered before; ten at once do it once, too."""
    await office.tell(HEAT)
    said = await asyncio.gather(*(office.hear("好 1") for _ in range(10)))

    assert 1 == said.count("#1 记下了。")
    assert "#1 你已经回过「好」了，我没有再做一次。" == await office.hear("不 1")
    assert [(1, Word.YES, "boss")] == office.done


@in_codes_too
async def test_an_alert_of_somebody_else_is_none(office: Office) -> None:
    """A number that another admin was given opens nothing; one's own are listed instead."""
    await office.tell(HEAT)
    await office.tell(OTHER, to="chen")

    assert "没有 #1 这件事，还没回的是，如「好 2」：\n#2 小红也是" == await office.hear(
        "好 1", "chen"
    )
    assert [] == office.done


async def test_who_no_longer_decides_answers_nothing(office: Office) -> None:
    """Somebody taken off the list of admins says 好 in vain."""
    await office.tell(HEAT, to="chen")
    office.deciders.remove("chen")

    assert [None, None] == [await office.hear(text, "chen") for text in ("好", "好 1")]
    assert [] == office.done


async def test_alerts_expire(office: Office) -> None:
    """After twelve hours nothing is done any more, and who names the alert is told."""
    await office.tell(HEAT)
    office.clock.pass_by(12 * 3600)

    assert await office.hear("好") is None
    assert "#1 已经过期了，我什么也没做。" == await office.hear("好 1")
    assert [] == office.done


@in_codes_too
async def test_answers_work_after_a_restart(office: Office) -> None:
    """What was told before is answered after, once."""
    await office.tell(HEAT)
    later = await office.again()

    assert "#1 记下了。" == await later.hear("好")
    assert "#1 你已经回过「好」了，我没有再做一次。" == await (await later.again()).hear("好 1")


async def test_the_answer_is_on_disk_before_it_acts(office: Office) -> None:
    """A log that refuses: nothing is done; an act that fails: said so, and not tried again."""
    await office.tell(HEAT)
    office.error = OSError("gateway gone")

    assert "#1 记下了你的话，可是没做成（OSError），请你自己处理。" == await office.hear("好")
    assert "#1 你已经回过「好」了，我没有再做一次。" == await office.hear("好 1")
    await office.log.close()
    with pytest.raises(AuditError):
        await office.hear("好 1")


@in_codes_too
async def test_the_same_is_not_told_while_one_is_open(office: Office) -> None:
    """Again about the same person in the same room: held back until it is answered."""
    assert 1 == len(await office.tell(HEAT, replace(HEAT, exchange_id="e9")))
    assert 1 == len(await office.tell(OTHER))
    assert 1 == len(await office.tell(replace(HEAT, chat_id="room2")))
    await office.hear("好 1")
    assert 1 == len(await office.tell(replace(HEAT, exchange_id="e10")))


async def test_urgent_messages_are_told_again_after_ten_minutes(office: Office) -> None:
    """Five calls for help in a row are one alert; one an hour later is news."""
    urgent = Alert(AlertKind.URGENT, "小明：急事", "ming", "ming")
    calls = [replace(urgent, exchange_id=f"e{n}") for n in range(5)]

    assert 1 == len(await office.tell(*calls))
    office.clock.pass_by(3600)
    assert 1 == len(await office.tell(replace(urgent, exchange_id="e9")))


async def test_distress_is_never_held_back(office: Office) -> None:
    """Each message that it is raised for is told; the same one is not told twice."""
    distress = Alert(AlertKind.DISTRESS, "小明：……", "ming", "ming", "e1")

    assert 2 == len(await office.tell(distress, distress, replace(distress, exchange_id="e2")))


@in_codes_too
async def test_a_hush_is_for_its_kind_its_chat_and_a_day(office: Office) -> None:
    """静 keeps that kind of alert about that chat away for a day, from who said it alone."""
    await office.tell(HEAT)
    hushed = await office.hear("静")
    elsewhere, appeal = replace(OTHER, chat_id="room2"), replace(OTHER, kind=AlertKind.APPEAL)

    assert "#1 记下了。\n好，那里的这类事一天内不再告诉你。" == hushed
    assert [] == await office.tell(OTHER)
    assert [] == await (await office.again()).tell(OTHER)
    assert 1 == len(await office.tell(OTHER, to="chen"))
    assert 2 == len(await office.tell(elsewhere, appeal))
    office.clock.pass_by(HUSH_S)
    assert 1 == len(await office.tell(OTHER))


async def test_a_second_hush_keeps_the_first(office: Office) -> None:
    """Hushing appeals of a room, too, leaves its heat hushed."""
    await office.tell(HEAT)
    await office.hear("静")
    await office.tell(replace(HEAT, kind=AlertKind.APPEAL))
    await office.hear("静")

    assert [] == await office.tell(OTHER, replace(OTHER, kind=AlertKind.APPEAL))


async def test_who_wants_quiet_is_told_of_distress_all_the_same(office: Office) -> None:
    """/quiet in private holds what is about moderation back, and nothing else."""
    await office.orders.give(OrderKind.QUIET, person_id="boss", seconds=600)

    assert [] == await office.tell(HEAT)
    assert 1 == len(await office.tell(replace(HEAT, kind=AlertKind.DISTRESS)))


@pytest.mark.parametrize("outcome", [None, Outcome.DECIDED, Outcome.FAILED, Outcome.SILENT])
async def test_what_was_not_told_is_told_later(office: Office, outcome: Outcome | None) -> None:
    """A crash before its row, before it left, or no gateway: told by the next start, once."""
    await office.alerts.tell(HEAT, ["boss"])
    if outcome is not None:
        stopped = Outcome.SILENT if outcome is Outcome.DECIDED else outcome  # as the start settles
        await office.leave(stopped)
    later = await office.again()
    assert await later.hear("好") is None  # nobody has read it
    await later.alerts.resume()
    await later.leave()
    await later.alerts.resume()

    assert ["boss"] == [said.message.chat_id for said in later.said]
    assert "#1 记下了。" == await later.hear("好 1")


@pytest.mark.parametrize("outcome", [Outcome.SENT, Outcome.UNCERTAIN, Outcome.SENDING])
async def test_what_may_have_left_is_not_told_again(office: Office, outcome: Outcome) -> None:
    """It can be answered instead."""
    await office.alerts.tell(HEAT, ["boss"])
    await office.leave(outcome)
    later = await office.again()
    await later.alerts.resume()

    assert [] == later.said
    assert "#1 记下了。" == await later.hear("好")


async def test_what_is_on_its_way_is_not_told_again(office: Office) -> None:
    """A reconnection while a notice waits for its turn says nothing twice."""
    await office.alerts.tell(HEAT, ["boss"])
    await office.alerts.resume()

    assert 1 == len(office.said)


async def test_old_news_is_not_told(office: Office) -> None:
    """More than ten minutes late: not told, not open, and the same may be told anew."""
    await office.alerts.tell(HEAT, ["boss"])
    office.clock.pass_by(FRESH_S + 1)
    later = await office.again()
    await later.alerts.resume()

    assert [] == later.said
    assert await later.hear("好") is None
    assert 1 == len(await later.tell(HEAT))


async def test_what_was_raised_anew_is_not_told_twice(office: Office) -> None:
    """An alert that failed, and then one about the same that left: the first stays untold."""
    await office.alerts.tell(HEAT, ["boss"])
    await office.leave(Outcome.FAILED)
    office.said.clear()
    await office.tell(replace(HEAT, exchange_id="e9"))
    await office.alerts.resume()

    assert 1 == len(office.said)


async def test_nothing_is_told_that_is_not_on_record(office: Office) -> None:
    """A log that refuses keeps the alert from being told."""
    await office.log.close()
    with pytest.raises(AuditError):
        await office.alerts.tell(HEAT, ["boss"])

    assert [] == office.said


async def test_a_long_alert_is_cut(office: Office) -> None:
    """What is told stays one message, and its answers stay readable."""
    [told] = await office.tell(replace(HEAT, text="很" * 5000))

    assert len(told) < 1000
    assert "好＝" in told


async def test_an_alert_goes_through_an_outage(office: Office) -> None:
    """At a real pipeline: with no gateway the alert fails; once it is back the alert is told, once,
    and 好 to it is answered.
    """
    chat = RecordingChat(errors=[NotSent("offline")], sends_before_failing=False)
    ended: asyncio.Queue[Exchange] = asyncio.Queue()
    pipeline = Pipeline(
        read={"clean": sanitize, "alerts": office.alerts.answer},
        write=lambda exchange: exchange.stopped(Gate.NOT_ADDRESSED),
        deliverer=Deliverer(chat, office.log, AT_ONCE, split_chars=90, governor=Governor(gap_s=0)),
        ledger=office.log,
        pace=AT_ONCE,
        burst_s=0,
        done=[office.alerts.ended, ended.put_nowait],
    )
    office.say = pipeline.say
    await office.alerts.tell(HEAT, ["boss"])
    outcomes = [(await ended.get()).outcome]
    await office.alerts.resume()
    outcomes.append((await ended.get()).outcome)
    await office.alerts.resume()
    await pipeline.submit(message("好", chat_id="boss", talker_id="boss"))
    outcomes.append((await ended.get()).outcome)
    await pipeline.drain(1)

    assert [Outcome.FAILED, Outcome.SENT, Outcome.SENT] == outcomes
    assert ["【#1】小", "#1 记下"] == [text[:5] for _, text, _ in chat.sent]
    assert ended.empty()
