"""What the audit log tells a governor at the start, and what never left counting as unsaid."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from handlers.audit.log import AuditLog
from handlers.audit.schema import Run
from handlers.budgets import DAY_S, Departure
from handlers.exchange import Exchange, Gate, Outcome, Reply, Source
from settings import Audit
from tests.fakes import NOW, Clock, message

WECHAT = Run("tiny", "0", "fp32", "p1", "0", "0.1.0", channel="wechaty")
CONSOLE = replace(WECHAT, channel="console")


@pytest.fixture
def place(tmp_path: Path) -> Audit:
    return Audit(folder=str(tmp_path))


def replied(outcome: Outcome, text: str = "好呀。", **changes: object) -> Exchange:
    answered = Exchange(message("你好")).answered(Reply(text, Source.CANNED, name="line"))
    return replace(answered, outcome=outcome, cleaned="你好", **changes)  # type: ignore[arg-type]


async def test_what_left_of_late_is_told_with_its_number_of_parts(place: Audit) -> None:
    """Sent, uncertain and broken off count, silent and failed do not; nor what is a day old."""
    clock = Clock(NOW)
    async with await AuditLog.open(place, WECHAT, clock=clock) as log:
        await log.record(replied(Outcome.SENT, "昨天的。"))
        clock.pass_by(DAY_S + 10)
        await log.record(replied(Outcome.SENT, "一共两句话，第一句。这是第二句话。"))
        await log.record(replied(Outcome.UNCERTAIN))
        await log.record(replied(Outcome.SILENT, gate=Gate.BUDGET))
        await log.record(replied(Outcome.FAILED))
        await log.record(replied(Outcome.SENDING))
        left_at = clock()
        clock.pass_by(5)
    async with await AuditLog.open(place, WECHAT, clock=clock) as log:
        past = await log.past(split_chars=10)

    expected = [Departure("ming", left_at, 2), Departure("ming", left_at, 1)]
    assert [*expected, Departure("ming", clock(), 1)] == list(past.departures)
    assert (NOW, None) == (past.first_run_at, past.restricted_at)


async def test_the_console_is_no_burden_on_the_account(place: Audit) -> None:
    """What was said in the terminal counts for nothing on WeChat, and is no warm-up for it."""
    clock = Clock(NOW)
    async with await AuditLog.open(place, CONSOLE, clock=clock) as log:
        await log.record(replied(Outcome.SENT))
    clock.pass_by(100)
    async with await AuditLog.open(place, WECHAT, clock=clock) as log:
        past = await log.past(split_chars=10)

    assert (NOW + 100, ()) == (past.first_run_at, past.departures)


async def test_a_clock_that_was_wrong_once_makes_no_account_new(place: Audit) -> None:
    """A first start in the far future is passed over, and what left then is told all the same."""
    clock = Clock(NOW + 1000 * DAY_S)
    async with await AuditLog.open(place, WECHAT, clock=clock) as log:
        await log.record(replied(Outcome.SENT))
    clock.now = NOW
    async with await AuditLog.open(place, WECHAT, clock=clock) as log:
        past = await log.past(split_chars=10)

    assert (NOW, 1) == (past.first_run_at, len(past.departures))


async def test_a_restriction_is_remembered(place: Audit) -> None:
    """When the platform refused or said so last; what was only held back then tells nothing, nor
    does its word of yesterday that a gateway hands over today.
    """
    clock = Clock(NOW)
    async with await AuditLog.open(place, WECHAT, clock=clock) as log:
        await log.record(replied(Outcome.FAILED, gate=Gate.RESTRICTED))
        clock.pass_by(60)
        await log.record(replied(Outcome.SILENT, gate=Gate.RESTRICTED))
        first = (await log.past(split_chars=10)).restricted_at
        clock.pass_by(60)
        old, new = (message("操作过于频繁", sent_at=at) for at in (NOW - DAY_S, NOW + 120))
        await log.record(Exchange(old).stopped(Gate.RESTRICTED))
        second = (await log.past(split_chars=10)).restricted_at
        await log.record(Exchange(new).stopped(Gate.RESTRICTED))
        third = (await log.past(split_chars=10)).restricted_at

    assert (NOW, NOW, NOW + 120) == (first, second, third)


@pytest.mark.parametrize(
    ("outcome", "gate", "was_said"),
    [
        (Outcome.SENT, None, True),
        (Outcome.SILENT, Gate.BUDGET, False),
        (Outcome.SILENT, Gate.QUIET, False),
        (Outcome.FAILED, Gate.RESTRICTED, False),
    ],
)
async def test_a_reply_that_did_not_leave_was_not_said(
    place: Audit, outcome: Outcome, gate: Gate | None, was_said: bool
) -> None:
    """It stays in its row, and is no turn, no excuse that was made, nothing to come back."""
    async with await AuditLog.open(place, WECHAT, clock=Clock(NOW)) as log:
        await log.record(replied(outcome, gate=gate))
        told = (
            bool(await log.turns("ming", 4)),
            await log.said_since("ming", "line", NOW - 60),
            bool(await log.replies_since("ming", NOW - 60)),
        )

    assert (was_said,) * 3 == told
