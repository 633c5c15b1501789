"""WeChat's word that it was too much: known where WeChat says it, and not where people do."""

from __future__ import annotations

import pytest
from grpclib import GRPCError, Status

from handlers.exchange import Exchange, Gate, Kind, Message
from handlers.restriction import heed, is_refusal
from tests.fakes import NOW, message

SAID = "操作过于频繁，可稍后再试。"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (RuntimeError("操作过于频繁，请稍后再试"), True),
        (RuntimeError("发送消息过于频繁，可稍后再试。"), True),
        (GRPCError(Status.INTERNAL, "操作太频繁，请稍后再试"), True),
        (GRPCError(Status.INTERNAL, "AssertionError [ERR_ASSERTION]: 1205 == 0"), True),
        (GRPCError(Status.INTERNAL, "AssertionError [ERR_ASSERTION]: 1204 == 0"), False),
        (GRPCError(Status.INTERNAL, "AssertionError [ERR_ASSERTION]: -1 == 0"), False),
        (GRPCError(Status.UNAVAILABLE, "请稍后再试"), False),
        (TimeoutError(), False),
    ],
)
def test_what_a_gateway_says_of_it_is_known(error: Exception, expected: bool) -> None:
    """The words in any of their forms, and the web protocol's code for them; nothing else."""
    assert expected == is_refusal(error)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (message(SAID, kind=Kind.UNKNOWN), [5.0]),
        (message(SAID, kind=Kind.UNKNOWN, is_self=True), [5.0]),
        (message("发送消息过于频繁，可稍后再试。", kind=Kind.UNKNOWN, is_self=True), [5.0]),
        (message("操作太频繁，请稍后再试", kind=Kind.UNKNOWN), [5.0]),
        (message("您的操作过于频繁，请稍后再试。", kind=Kind.UNKNOWN), [5.0]),
        (message(SAID), []),
        (message(SAID, is_self=True), []),
        (message("他说" + SAID, kind=Kind.UNKNOWN), []),
        (message("频繁", kind=Kind.UNKNOWN), []),
        (message("你最近上夜班很频繁", kind=Kind.UNKNOWN), []),
        (message("", kind=Kind.UNKNOWN), []),
    ],
)
def test_only_the_platform_can_have_the_bot_rest(said: Message, told: list[float]) -> None:
    """Its own words as a whole, and of no kind a person can send; then it ends as restricted. A
    text of the account itself may be what somebody had the bot say.
    """
    heard: list[float] = []
    done = heed(heard.append, lambda: NOW + 5)(Exchange(said))

    assert (told, Gate.RESTRICTED if told else None) == (heard, done.gate)
