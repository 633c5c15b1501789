"""Who answers now: the bot, or its owner."""

from __future__ import annotations

from datetime import datetime

import pytest

from handlers.exchange import Exchange, Gate, Message, Reply, Source
from handlers.hours import Hours
from handlers.orders import OrderKind
from handlers.presence import Presence
from tests.desk import orders
from tests.fakes import NOW, Clock, message, room_message

#: A Monday.
NOON = datetime(2026, 11, 23, 12)  # noqa: DTZ001 - the clock on the wall


def always() -> Hours:
    return Hours([])


@pytest.mark.parametrize(
    ("kind", "chat_id", "gate"),
    [
        (OrderKind.PAUSE, "", Gate.PAUSED),
        (OrderKind.PAUSE, "ming", Gate.PAUSED),
        (OrderKind.TAKEOVER, "ming", Gate.TAKEN_OVER),
        (OrderKind.HAND_OVER, "ming", Gate.HANDED_OVER),
        (OrderKind.PAUSE, "hong", None),
        (OrderKind.TAKEOVER, "hong", None),
    ],
)
async def test_an_order_holds_where_it_was_given_until_it_is_over(
    kind: OrderKind, chat_id: str, gate: Gate | None
) -> None:
    """Its chat, or everywhere; the detail says what ends it; after its time the bot answers."""
    clock = Clock(NOW)
    given = orders(clock)
    presence = Presence(given, always(), owner="boss")
    await given.give(kind, chat_id=chat_id, seconds=60)
    during = presence.stage(Exchange(message()))
    clock.pass_by(60)

    assert gate is during.gate
    assert ("/resume" in during.detail) == (gate is not None)
    assert presence.stage(Exchange(message())).gate is None


@pytest.mark.parametrize(
    "asked", [message(chat_id="boss", talker_id="boss"), room_message(talker_id="boss")]
)
async def test_the_owner_is_always_answered(asked: Message) -> None:
    """A pause must leave a way to end it, and whoever ordered it may go on talking."""
    given = orders(Clock(NOW))
    await given.give(OrderKind.PAUSE)
    presence = Presence(given, always(), owner="boss")
    decided = Exchange(asked).answered(Reply("好呀。", Source.MODEL))

    assert presence.stage(Exchange(asked)).gate is None
    assert presence.may_leave(decided) is None


async def test_outside_its_hours_the_owner_answers() -> None:
    """Not away: the row says from when on the bot answers again; in the hours it answers."""
    given = orders(Clock(NOW))
    night, day = (
        Presence(given, Hours([span], now=lambda: NOON), owner="")
        for span in ("Tue 20:00-23:00", "Mon-Fri 09:00-18:00")
    )
    done = night.stage(Exchange(message()))

    assert (Gate.PRESENT, "not in answer.away; answers again from Tue 20:00") == (
        done.gate,
        done.detail,
    )
    assert day.stage(Exchange(message())).gate is None


@pytest.mark.parametrize(
    ("kind", "reply", "gate"),
    [
        (OrderKind.TAKEOVER, Reply("好呀。", Source.MODEL), Gate.TAKEN_OVER),
        (OrderKind.PAUSE, Reply("热线", Source.CANNED, name="distress"), Gate.PAUSED),
        (OrderKind.PAUSE, Reply("好。", Source.COMMAND, name="pause"), None),
        (OrderKind.TAKEOVER, Reply("提醒", Source.NOTICE, name="warn"), None),
        (OrderKind.HAND_OVER, Reply("先不说了", Source.CANNED, name="hand-over"), None),
        (OrderKind.TAKEOVER, Reply("先不说了", Source.CANNED, name="hand-over"), Gate.TAKEN_OVER),
        (OrderKind.HAND_OVER, Reply("好呀。", Source.EXAMPLE), Gate.HANDED_OVER),
    ],
)
async def test_what_is_about_to_leave_is_looked_at_again(
    kind: OrderKind, reply: Reply, gate: Gate | None
) -> None:
    """Answers stay here; commands, notices, and the line that begins a hand-over leave."""
    given = orders(Clock(NOW))
    await given.give(kind, chat_id="ming", seconds=60)
    refused = Presence(given, always(), owner="").may_leave(Exchange(message()).answered(reply))

    assert gate == (refused.gate if refused else None)


async def test_an_answer_of_the_last_minute_away_still_leaves() -> None:
    """The hours decide which messages are answered, not which answers leave."""
    presence = Presence(orders(Clock(NOW)), Hours(["Tue 01:00-02:00"], now=lambda: NOON), owner="")
    decided = Exchange(message()).answered(Reply("好呀。", Source.MODEL))

    assert presence.may_leave(decided) is None
