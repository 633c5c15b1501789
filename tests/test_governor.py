"""The governor: under any load, after any restart and by any clock, never over a budget."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

import settings
from handlers.budgets import DAY_S, Departure, Past, warmed
from handlers.exchange import Gate
from handlers.governor import Governor, since_boot
from handlers.refusal import NotSent, Refused, Restricted
from tests import virtual_time
from tests.virtual_time import in_virtual_time, now

WALL = 1_700_000_000.0
NEW = Past(first_run_at=WALL - 365 * DAY_S)
PACE = settings.Deliver(
    gap_s=1, per_minute_chat=3, per_minute=5, per_day=40, max_wait_s=120, warmup_days=0, rest_s=1800
)


@dataclass(frozen=True)
class Sent:
    """One call that sent a message, or did not."""

    chat_id: str
    begun: float
    ended: float
    has_left: bool = True


@dataclass
class Post:
    """What went through a governor's door, and what it refused."""

    pace: settings.Deliver = PACE
    past: Past = NEW
    wall: float = WALL
    hours: list[str] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    rested: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.governor = Governor.of(
            self.pace,
            self.past,
            quiet=lambda: self.hours[0] if self.hours else None,
            rested=lambda: self.rested.append(now()),
            clock=now,
            wall=lambda: self.wall,
        )

    async def send(
        self,
        chat_id: str = "a",
        num: int = 1,
        *,
        takes_s: float = 0.0,
        error: Exception | None = None,
        is_owner: bool = False,
    ) -> None:
        """Have ``num`` messages leave; each call takes so long, and ends so."""
        try:
            async with self.governor.clearance(chat_id, num, is_owner=is_owner) as clearance:
                for _ in range(num):
                    with suppress(OSError):
                        async with clearance.part():
                            await self._call(chat_id, takes_s, error)
        except Refused as refused:
            self.refused.append(refused)
        except NotSent:
            pass

    async def _call(self, chat_id: str, takes_s: float, error: Exception | None) -> None:
        begun = now()
        await asyncio.sleep(takes_s)
        self.sent.append(Sent(chat_id, begun, now(), not isinstance(error, NotSent)))
        if error is not None:
            raise error

    def times(self, chat_id: str = "a") -> list[float]:
        return [round(one.begun, 2) for one in self.sent if one.chat_id == chat_id]

    def check(self) -> None:
        """No budget was exceeded, whenever within its call each message really left."""
        left = [one for one in self.sent if one.has_left]
        chats = {one.chat_id for one in left}
        _within(left, self.pace.per_minute, 60)
        _within(left, self.pace.per_day, DAY_S)
        for chat in chats:
            of_chat = [one for one in left if one.chat_id == chat]
            _within(of_chat, self.pace.per_minute_chat, 60)
            _within(of_chat, self.pace.per_day_chat, DAY_S)
        for one, other in itertools.pairwise(left):
            assert other.begun - one.ended >= self.pace.gap_s - 1e-6


def _within(left: Sequence[Sent], limit: int, span_s: float) -> None:
    for one, other in zip(left, left[limit:], strict=False):
        assert other.begun - one.ended > span_s


@dataclass(frozen=True)
class Arrival:
    """Messages that want to leave, so long after the ones before them."""

    after_s: float
    chat_id: str
    num: int
    takes_s: float
    error: Exception | None


ARRIVALS = st.lists(
    st.builds(
        Arrival,
        st.sampled_from([0, 0, 0, 0.3, 1, 7, 30, 59.5, 61, 900, 80_000]),
        st.sampled_from("aaabcd"),
        st.sampled_from([1, 1, 1, 2, 3, 8]),
        st.sampled_from([0, 0, 0.5, 4, 25]),
        st.sampled_from([None, None, None, OSError("lost"), NotSent("offline"), Restricted("no")]),
    ),
    max_size=40,
)
RUNS = st.lists(ARRIVALS, min_size=1, max_size=3)
PACES = st.builds(
    settings.Deliver,
    gap_s=st.sampled_from([0, 0.3, 1, 5]),
    per_minute_chat=st.integers(1, 6),
    per_minute=st.integers(1, 9),
    per_day=st.integers(1, 40),
    warmup_days=st.just(0),
    max_wait_s=st.sampled_from([0, 10, 120, 4000, 86_400]),
    rest_s=st.sampled_from([0, 1800]),
)


async def _load(pace: settings.Deliver, runs: list[list[Arrival]]) -> None:
    sent: list[Sent] = []
    for arrivals in runs:
        lately = [Departure(one.chat_id, WALL + one.ended, 1) for one in sent if one.has_left]
        post = Post(pace, Past(NEW.first_run_at, lately), WALL + now(), sent=sent)
        sending, before = [], len(sent)
        for one in arrivals:
            await asyncio.sleep(one.after_s)
            send = post.send(one.chat_id, one.num, takes_s=one.takes_s, error=one.error)
            sending.append(asyncio.create_task(send))
        await asyncio.gather(*sending)
        post.governor.close()

        post.check()
        if not (post.refused or any(isinstance(one.error, NotSent) for one in arrivals)):
            assert sum(one.num for one in arrivals) == len(sent) - before
        sent = post.sent


@given(PACES, RUNS)
@effort(max_examples=60, deadline=None)
def test_no_load_exceeds_a_budget(pace: settings.Deliver, runs: list[list[Arrival]]) -> None:
    """Whatever comes when, and over restarts, no 60 s and no 24 h see more than is allowed."""
    virtual_time.run(_load(pace, runs))


@pytest.mark.soak
@pytest.mark.timeout(900)
@given(PACES, RUNS)
@effort(max_examples=5000, deadline=None)
def test_no_load_exceeds_a_budget_in_full(
    pace: settings.Deliver, runs: list[list[Arrival]]
) -> None:
    """The same, 5,000 loads."""
    virtual_time.run(_load(pace, runs))


@in_virtual_time
async def test_a_chat_that_waits_holds_nobody_up() -> None:
    """Where one chat has used up its minute, another one's message leaves at once."""
    post = Post()
    await asyncio.gather(*(post.send("a") for _ in range(4)), post.send("b"))

    assert [[0, 1, 2, 60], [3]] == [post.times("a"), post.times("b")]


@in_virtual_time
async def test_what_all_share_is_given_in_the_order_of_arrival() -> None:
    """Five chats use up the minute; those after them leave in their order as room comes back."""
    post = Post()
    chats = [f"c{n}" for n in range(10)]
    await asyncio.gather(*(post.send(chat) for chat in chats))

    assert chats == [one.chat_id for one in post.sent]
    assert 60 < post.sent[5].begun < 61


@in_virtual_time
async def test_a_reply_of_several_parts_leaves_whole_or_waits_whole() -> None:
    """Two messages left, room for one more: a reply of two waits instead of leaving in halves."""
    post = Post()
    await post.send(num=2)
    await asyncio.gather(post.send(num=2), post.send("b"))

    assert [0, 1, 60, 61] == post.times()
    assert [2] == post.times("b")


@in_virtual_time
async def test_a_full_minute_is_a_full_minute() -> None:
    """Whatever wakes the line half a second early lets nothing through."""
    post = Post()
    await post.send(num=3)
    waiting = asyncio.create_task(post.send())
    await asyncio.sleep(59.5 - now())
    await post.send("b")
    await waiting

    assert ([60], [59.5]) == ([int(at) for at in post.times()[3:]], post.times("b"))
    post.check()


@in_virtual_time
async def test_a_minute_that_is_just_full_is_not_over() -> None:
    """Whoever comes 60 s after a message to the moment waits for that moment to pass."""
    post = Post(PACE.model_copy(update={"per_minute": 1}))
    await post.send()
    await asyncio.sleep(60 - now())
    await post.send("b")

    post.check()


@in_virtual_time
async def test_a_short_reply_does_not_overtake_a_long_one_of_its_chat() -> None:
    """With room for one, a reply of two waits, and so does the one of one part behind it."""
    post, order = Post(), []
    await post.send(num=2)

    async def send(num: int) -> None:
        await post.send(num=num)
        order.append(num)

    await asyncio.gather(send(2), send(1))

    assert [2, 1] == order


@in_virtual_time
async def test_nobody_overtakes_to_the_room_that_all_share() -> None:
    """Who is first in line and needs two is not starved by those who need one; gone, they go."""
    post = Post()
    await post.send("a", 2)
    await post.send("b", 2)
    first = asyncio.create_task(post.send("c", 2))
    second = asyncio.create_task(post.send("d"))
    await asyncio.sleep(20)
    before, left_at = post.times("d"), now()
    first.cancel()
    await second

    assert ([], [left_at]) == (before, post.times("d"))


@in_virtual_time
async def test_a_reply_longer_than_its_budget_leaves_as_the_budget_allows() -> None:
    """Seven parts where three a minute are allowed take two more minutes, and all arrive."""
    post = Post()
    await post.send(num=7)

    assert 7 == len(post.sent)
    post.check()


@in_virtual_time
async def test_what_would_wait_too_long_is_refused_at_once() -> None:
    """The third minute's worth is refused now, with its budget named, not after two minutes."""
    post = Post()
    sending = [asyncio.create_task(post.send()) for _ in range(10)]
    await asyncio.sleep(0.5)
    refused = list(post.refused)
    await asyncio.gather(*sending)

    assert (4, 4, 6) == (len(refused), len(post.refused), len(post.sent))
    assert {Gate.BUDGET} == {one.gate for one in refused}
    assert all("deliver.per_minute_chat" in one.detail for one in refused)


@in_virtual_time
async def test_a_day_that_is_used_up_is_over() -> None:
    """After per_day messages all are refused, and a day after the first one there is room."""
    post = Post(PACE.model_copy(update={"per_minute": 1000, "per_minute_chat": 1000}))
    for n in range(50):
        await post.send(f"c{n % 5}")
    refused = len(post.refused)
    await asyncio.sleep(DAY_S - now() + 1)
    await post.send()

    assert (40, 10, 41) == (len(post.sent) - 1, refused, len(post.sent))
    assert "per_day" in post.refused[0].detail


@in_virtual_time
async def test_nobody_alone_uses_up_the_day() -> None:
    """One chat gets per_day_chat and never more than half of the day; others are answered."""
    for most, expected in ((200, 20), (15, 15)):
        pace = {"per_minute": 1000, "per_minute_chat": 1000, "per_day_chat": most}
        post = Post(PACE.model_copy(update=pace))
        for _ in range(50):
            await post.send("flood")
        await post.send("friend")

        assert (expected, 1) == (len(post.times("flood")), len(post.times("friend")))
        assert "deliver.per_day_chat" in post.refused[0].detail


@in_virtual_time
async def test_room_that_is_not_used_is_given_back() -> None:
    """What was certainly not sent, and what was cancelled while it waited, counts for nothing."""
    post = Post()
    for _ in range(3):
        await post.send(error=NotSent("offline"))
    waiting = [asyncio.create_task(post.send()) for _ in range(5)]
    await asyncio.sleep(30)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    await post.send("b", 2)

    assert (3, 0) == (len(post.times()) - 3, len(post.refused))
    assert [32, 33] == post.times("b")


@in_virtual_time
async def test_after_a_restriction_nothing_leaves_for_as_long_as_set() -> None:
    """One refusal by the platform: all that wait and all that come are refused; then one word."""
    post = Post()
    await post.send(num=3)
    waiting = asyncio.create_task(post.send())
    await post.send("b", error=Restricted("too much"))
    await waiting
    for _ in range(30):
        await asyncio.sleep(60)
        await post.send("owner", is_owner=True)
    await asyncio.sleep(60)
    await post.send("c")

    begun_at = post.sent[3].begun
    assert {Gate.RESTRICTED} == {refused.gate for refused in post.refused}
    assert 4 + 1 + 1 == len(post.sent)
    assert all(one.begun - begun_at >= 1800 for one in post.sent[4:])
    assert 1 == len(post.rested)


@in_virtual_time
async def test_a_rest_survives_a_restart() -> None:
    """Restricted ten minutes before the start, twenty minutes of the rest are left, and told."""
    post = Post(past=Past(NEW.first_run_at, restricted_at=WALL - 600))
    await post.send()
    await asyncio.sleep(1201)
    await post.send()

    assert ([Gate.RESTRICTED], 1) == ([refused.gate for refused in post.refused], len(post.sent))
    assert [1200] == [round(at) for at in post.rested]


@in_virtual_time
async def test_an_old_restriction_told_again_is_none() -> None:
    """Gateways replay messages: what was said yesterday shuts nothing today."""
    post = Post(past=Past(NEW.first_run_at, restricted_at=WALL - DAY_S))
    post.governor.restrict(7200)
    await post.send()

    assert [0] == post.times()


@in_virtual_time
async def test_without_a_rest_none_is_told_of() -> None:
    """rest_s 0: a word that one was over would be refused too, and so on without an end."""
    post = Post(PACE.model_copy(update={"rest_s": 0}))
    await post.send(error=Restricted("too much"))
    await post.send()

    assert ([], False, 2) == (post.rested, post.governor.is_resting, len(post.sent))


@in_virtual_time
async def test_in_quiet_hours_only_what_is_the_owners_leaves() -> None:
    """Also what was let in just before, and had to wait for its gap, is refused."""
    post = Post(PACE.model_copy(update={"gap_s": 30}))
    first, second = (asyncio.create_task(post.send(chat, 2)) for chat in "ab")
    await asyncio.sleep(10)
    post.hours.append("23:00-07:30")
    await asyncio.gather(first, second, post.send("owner", is_owner=True))

    assert [2, 0, 1] == [len(post.times(chat)) for chat in ("a", "b", "owner")]
    assert [Gate.QUIET] == [refused.gate for refused in post.refused]
    assert "23:00-07:30" in post.refused[0].detail


@in_virtual_time
async def test_a_restart_is_no_new_budget() -> None:
    """What left in the last day by the audit log counts, also in its chat and in its minute."""
    lately = [Departure("a", WALL - 10, 3), Departure("b", WALL - 3000, 35)]
    post = Post(past=Past(NEW.first_run_at, lately))
    before = post.governor.used()
    await asyncio.gather(*(post.send() for _ in range(4)))

    assert {"per_minute": (3, 5), "per_day": (38, 40)} == before
    assert ([50, 51], 2) == ([int(at) for at in post.times()], len(post.refused))


@pytest.mark.parametrize("moved_s", [-30 * DAY_S, -3600, 0])
def test_a_clock_set_back_before_a_start_frees_nothing(moved_s: float) -> None:
    """By a clock that runs behind the log, all that left counts; and for a day at the most."""
    past = Past(WALL, [Departure("b", WALL - 100, 40)])

    async def play() -> list[float]:
        post = Post(past=past, wall=WALL + moved_s)
        await post.send()
        await asyncio.sleep(DAY_S + 1)
        await post.send()
        return post.times()

    assert [DAY_S + 1] == virtual_time.run(play())


@in_virtual_time
async def test_the_clock_of_the_wall_may_be_set_while_it_runs() -> None:
    """Forward by a day no flood begins, back by a day nothing is shut: it is not asked again."""
    post = Post()
    await asyncio.gather(*(post.send() for _ in range(3)))
    for moved_s in (DAY_S, -2 * DAY_S):
        post.wall += moved_s
        await post.send()

    assert [0, 1, 2, 60, 61] == [int(at) for at in post.times()]


def test_the_clock_of_the_governor_is_not_the_walls() -> None:
    """Seconds since the boot: they grow, and are not those of 1970."""
    first = since_boot()

    assert first <= since_boot() < WALL


@pytest.mark.parametrize(
    ("day", "allowed"), [(1, 63), (2, 125), (4, 250), (7, 438), (8, 500), (100, 500)]
)
def test_a_new_account_warms_up_day_by_day(day: int, allowed: int) -> None:
    """500 a day after seven days: an eighth more each day, the whole from the eighth on."""
    assert allowed == warmed(500, 7, (day - 1) * DAY_S + 100)


def test_a_warm_up_leaves_enough_to_answer() -> None:
    """At least ten a day however long the warm-up is, and never more than the day's budget."""
    assert (10, 5, 500) == (warmed(500, 365, 0), warmed(5, 7, 0), warmed(500, 0, 0))


@in_virtual_time
async def test_an_account_grows_up_while_the_bot_runs() -> None:
    """The second day allows twice the first one's number, with no restart between."""
    pace = PACE.model_copy(update={"per_day": 40, "warmup_days": 3, "per_minute_chat": 20})
    post = Post(pace.model_copy(update={"per_minute": 20}), past=Past(WALL))
    first = post.governor.used()["per_day"]
    await asyncio.sleep(DAY_S)

    assert [(0, 10), (0, 20)] == [first, post.governor.used()["per_day"]]


@in_virtual_time
async def test_without_budgets_only_the_gap_is_kept() -> None:
    """The console's governor lets a thousand messages leave one by one, and refuses none."""
    governor = Governor(gap_s=0.5, clock=now)
    for _ in range(1000):
        async with governor.clearance("you", 1) as clearance, clearance.part():
            pass

    assert 499.5 == round(now(), 1)


@in_virtual_time
async def test_chats_of_long_ago_are_forgotten() -> None:
    """After 2,000 chats in 28 days the windows of those whose day is over are gone."""
    pace = PACE.model_copy(update={"per_minute": 100_000, "per_day": 100_000, "gap_s": 0})
    post = Post(pace)
    for n in range(2000):
        await post.send(f"c{n}")
        await asyncio.sleep(1200)

    assert post.governor.num_chats <= 73
