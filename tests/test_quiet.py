"""Quiet hours: who is answered in them."""

from __future__ import annotations

import pytest

from handlers.exchange import Exchange, Gate, Message
from handlers.hours import Hours
from handlers.quiet import quiet
from tests.fakes import message, room_message


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
    done = quiet(Hours(["00:00-00:00"]), owner="boss")(Exchange(asked))

    assert (gate, "00:00-00:00" in done.detail) == (done.gate, gate is not None)


def test_by_day_everybody_is_answered() -> None:
    """Outside the spans the stage changes nothing."""
    asked = Exchange(message())

    assert asked == quiet(Hours([]), owner="")(asked)
