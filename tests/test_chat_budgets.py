"""Budgets of single chats: never over, beside those of all, and nobody else's business."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

import settings
from handlers.budgets import DAY_S, Departure, Past
from handlers.exchange import Gate
from handlers.governor import Governor
from handlers.refusal import Refused
from tests import virtual_time
from tests.virtual_time import in_virtual_time, now

WALL = 1_700_000_000.0
OLD = Past(first_run_at=WALL - 365 * DAY_S)
PACE = settings.Deliver(gap_s=0.1, per_minute_chat=6, per_minute=20, warmup_days=0, max_wait_s=90)


def governor(past: Past = OLD, **chats: dict[str, int]) -> Governor:
    own = {chat: settings.ChatOverride.model_validate(each) for chat, each in chats.items()}
    return Governor.of(
        *(PACE, past),
        quiet=lambda: None,
        rested=lambda: None,
        chats=own,
        clock=now,
        wall=lambda: WALL,
    )


async def sent(door: Governor, chat_ids: Sequence[str]) -> tuple[list[tuple[str, float]], Refused]:
    """What left and when, one after another, until something was refused."""
    left: list[tuple[str, float]] = []
    for chat_id in chat_ids:
        try:
            async with door.clearance(chat_id, 1) as clearance, clearance.part():
                left.append((chat_id, now()))
        except Refused as refused:
            return left, refused
    return left, Refused(Gate.BUDGET, "nothing was refused")


@in_virtual_time
async def test_a_chat_of_its_own_waits_and_the_others_do_not() -> None:
    """One message a minute there; to others as many as ever."""
    door = governor(a={"per_minute": 1})
    left, refused = await sent(door, ["a", "b", "b", "a", "b"])
    times = {chat: [round(at) for name, at in left if name == chat] for chat in "ab"}
    door.close()

    assert ([0, 60], [0, 0, 60]) == (times["a"], times["b"])
    assert "nothing was refused" == refused.detail


@in_virtual_time
async def test_a_day_that_is_used_up_is_named() -> None:
    """The detail names the setting of that chat, in full."""
    door = governor(wxid_a={"per_day": 2})
    left, refused = await sent(door, ["wxid_a"] * 5)
    door.close()

    assert (2, Gate.BUDGET) == (len(left), refused.gate)
    assert refused.detail.startswith("answer.chats.wxid_a.per_day has no room")


@in_virtual_time
async def test_it_allows_no_more_than_all_chats_may() -> None:
    """A chat that may take a hundred a minute takes the six of every chat."""
    door = governor(a={"per_minute": 100})
    left, _ = await sent(door, ["a"] * 8)
    door.close()

    assert 6 == sum(at < 60 for _, at in left)


@in_virtual_time
async def test_a_long_reply_leaves_as_its_chat_allows() -> None:
    """Three parts to a chat of two a minute: the third follows when there is room."""
    door = governor(a={"per_minute": 2})
    times = []
    async with door.clearance("a", 3) as clearance:
        for _ in range(3):
            async with clearance.part():
                times.append(now())
    door.close()

    assert [0, 0, 60] == [round(at) for at in times]


@in_virtual_time
async def test_a_restart_is_no_new_day() -> None:
    """What left in the runs before counts for that chat too."""
    past = Past(OLD.first_run_at, [Departure("a", WALL - 3600, 2), Departure("b", WALL - 3600, 2)])
    door = governor(past, a={"per_day": 2})
    to_a, refused = await sent(door, ["a"])
    to_b, _ = await sent(door, ["b"])
    door.close()

    assert (0, 1) == (len(to_a), len(to_b))
    assert "answer.chats.a.per_day" in refused.detail


@effort(max_examples=40, deadline=None)
@given(
    per_minute=st.integers(1, 8),
    per_day=st.integers(1, 30),
    chats=st.lists(st.sampled_from("aab"), min_size=1, max_size=60),
)
def test_whatever_is_asked_no_chat_gets_more(per_minute: int, per_day: int, chats: str) -> None:
    """In no span of a minute or a day more than its own budget, and than everybody's."""

    async def play() -> list[float]:
        door = governor(a={"per_minute": per_minute, "per_day": per_day})
        at: list[float] = []
        for chat in chats:
            left, _ = await sent(door, [chat])
            at += [moment for name, moment in left if name == "a"]
        door.close()
        return at

    at = virtual_time.run(play())
    most = min(per_minute, PACE.per_minute_chat)

    assert len(at) <= per_day
    assert all(b - a > 60 for a, b in zip(at, at[most:], strict=False))
