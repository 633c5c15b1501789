"""Urgent messages: which they are, whom they reach, and what the owner's answer does."""

from __future__ import annotations

import pytest

from assistant.urgent import Urgency, Urgent
from handlers.alert import Alert, AlertKind, Raised, Word
from handlers.audit.errors import AuditError
from handlers.exchange import Exchange, Kind, Message
from handlers.orders import OrderKind, Orders
from ruleset import Assistant
from tests.desk import ToldAlerts, orders
from tests.fakes import NOW, Clock, message, room_message

URGENCY = Urgency(Assistant().urgent_words)


def urgent(alerts: ToldAlerts, given: Orders, *, is_on: bool = True, owner: str = "boss") -> Urgent:
    return Urgent(alerts, given, URGENCY, owner=owner, is_on=is_on, takeover_s=900)


def cleaned(message: Message) -> Exchange:
    return Exchange(message, cleaned=message.text)


@pytest.mark.parametrize(
    "text",
    [
        *("有急事，快回我", "出事了！", "妈妈住院了，快接电话", "紧急！服务器挂了", "很急很急"),
        *("URGENT: call me", "need this asap", "这个不急，但是家里出事了", "有急事，不过你慢慢来"),
    ],
)
def test_urgent_messages(text: str) -> None:
    """One of the words, in any case, wherever it stands."""
    assert URGENCY.is_in(text)


@pytest.mark.parametrize(
    "text",
    [
        *("不急", "不着急，慢慢来", "没什么急事", "没有急事，就是想你了", "不是很急", "不用马上回"),
        *("不是什么急事", "not urgent at all", "it isn't urgent", "no emergency", "别着急"),
        *("他马上回来了", "救命哈哈哈哈", "insurgents", "detergent", "在吗", "", "急性子"),
    ],
)
def test_messages_that_can_wait(text: str) -> None:
    """A word that is denied, laughed about, part of another, or none of those set."""
    assert not URGENCY.is_in(text)


async def test_the_owner_is_told_at_once_and_the_message_goes_on() -> None:
    """With name and words, about that chat; the exchange passes unchanged."""
    alerts = ToldAlerts()
    exchange = cleaned(message("急事，\n快回我"))
    passed = await urgent(alerts, orders(Clock(NOW))).stage(exchange)

    text = "小明 像是有急事：「急事， 快回我」"
    assert [(Alert(AlertKind.URGENT, text, "ming", "ming", exchange.id), ("boss",))] == alerts.told
    assert exchange == passed


@pytest.mark.parametrize(
    "exchange",
    [
        cleaned(message("在吗")),
        cleaned(room_message("急事")),
        cleaned(message("急事", talker_id="boss", chat_id="boss")),
        cleaned(message("急事", kind=Kind.LINK)),
        Exchange(message("「小红：急事」\n- - - - - -\n哈哈"), cleaned="哈哈", quoted="小红：急事"),
    ],
    ids=["calm", "group", "owner", "no text", "quoted"],
)
async def test_what_the_owner_is_not_told(exchange: Exchange) -> None:
    """Calm words, groups, the owner's own, no texts, and what only quotes somebody."""
    alerts = ToldAlerts()
    await urgent(alerts, orders(Clock(NOW))).stage(exchange)

    assert [] == alerts.told


async def test_the_owner_switches_it() -> None:
    """The setting holds until they say otherwise; what they said is an order, kept as all are."""
    alerts, given = ToldAlerts(), orders(Clock(NOW))
    forwarding = urgent(alerts, given, is_on=False)
    await forwarding.stage(cleaned(message("急事")))
    on = await forwarding.switch(on=True)
    await forwarding.stage(cleaned(message("急事")))
    after_restart = urgent(alerts, given, is_on=False).is_on
    off = await forwarding.switch(on=False)
    await forwarding.stage(cleaned(message("急事")))

    assert 1 == len(alerts.told)
    assert after_restart
    assert ("好，有急事我马上告诉你。", "好，急事先不转了。想恢复就说「急事转给我」。") == (on, off)


async def test_nobody_is_told_without_an_owner() -> None:
    """There is no chat to tell it in."""
    alerts = ToldAlerts()
    await urgent(alerts, orders(Clock(NOW)), owner="").stage(cleaned(message("急事")))

    assert [] == alerts.told


async def test_a_full_disk_does_not_stop_the_answer() -> None:
    """The alert cannot be kept, so it is not told; the message passes to be answered."""
    alerts = ToldAlerts(error=AuditError("disk full"))
    exchange = cleaned(message("急事"))

    assert exchange == await urgent(alerts, orders(Clock(NOW))).stage(exchange)


@pytest.mark.parametrize(
    ("word", "line", "until"),
    [
        (Word.YES, "好，那边交给你，15 分钟内我不插话。", NOW + 900),
        (Word.NO, "好，我照常回。", None),
        (Word.HUSH, "", None),
    ],
)
async def test_what_the_answers_do(word: Word, line: str, until: float | None) -> None:
    """好 leaves the chat to the owner as if they typed there; 不 and 静 change nothing."""
    given = orders(Clock(NOW))
    raised = Raised(1, Alert(AlertKind.URGENT, "急", "ming", "ming"), "boss", NOW, NOW + 60, "n")
    said = await urgent(ToldAlerts(), given).respond(raised, word, "boss")
    order = given.find(OrderKind.TAKEOVER, "ming")

    assert line == said
    assert until == (order.until if order else None)
