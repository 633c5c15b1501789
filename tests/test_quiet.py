"""Quiet hours: which they are, and who is answered in them."""

from __future__ import annotations

from datetime import time

import pytest

from handlers.exchange import Exchange, Gate, Message
from handlers.quiet import QuietHours, local_time, quiet
from tests.fakes import message, room_message


@pytest.mark.parametrize(
    ("spans", "at", "expected"),
    [
        (["23:00-07:30"], "23:00", "23:00-07:30"),
        (["23:00-07:30"], "03:00", "23:00-07:30"),
        (["23:00-07:30"], "07:29", "23:00-07:30"),
        (["23:00-07:30"], "07:30", None),
        (["23:00-07:30"], "22:59", None),
        (["12:00-13:30", "23:00-07:30"], "12:30", "12:00-13:30"),
        (["12:00-13:30", "23:00-07:30"], "13:30", None),
        (["00:00-00:00"], "15:00", "00:00-00:00"),
        ([], "03:00", None),
    ],
)
def test_a_span_begins_and_ends_on_the_minute(
    spans: list[str], at: str, expected: str | None
) -> None:
    """The first minute is quiet and the last is not, past midnight too; from 0 to 0 is all day."""
    hours = QuietHours(spans, now=lambda: time.fromisoformat(at))

    assert expected == hours.span()


@pytest.mark.parametrize(
    ("asked", "gate"),
    [
        (message(), Gate.QUIET),
        (room_message(mentions_me=True), Gate.QUIET),
        (message(talker_id="boss", chat_id="boss"), None),
        (room_message(talker_id="boss"), None),
    ],
)
def test_only_the_owner_is_answered(asked: Message, gate: Gate | None) -> None:
    """Everybody else's message ends as quiet, with the span that is why."""
    hours = QuietHours(["00:00-00:00"], now=local_time)
    done = quiet(hours, owner="boss")(Exchange(asked))

    assert (gate, "00:00-00:00" in done.detail) == (done.gate, gate is not None)


def test_by_day_everybody_is_answered() -> None:
    """Outside the spans the stage changes nothing."""
    asked = Exchange(message())

    assert asked == quiet(QuietHours([]), owner="")(asked)
