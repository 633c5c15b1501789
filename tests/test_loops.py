"""The loop breaker: two bots fall silent, and people go on talking."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

import settings
from handlers.deliver import Deliverer
from handlers.exchange import Exchange, Gate, Outcome, Reply, Source
from handlers.governor import Governor
from handlers.loops import LoopBreaker
from handlers.pipeline import Pipeline
from tests.fakes import MemoryLedger, message, room_message

AT_ONCE = settings.Deliver(delay_min_s=0, delay_max_s=0, delay_per_char_s=0, gap_s=0)


@dataclass
class Bed:
    """A loop breaker at a clock that is set by hand, and whom it took for a bot."""

    now: float = 1000.0
    noticed: list[Exchange] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.breaker = LoopBreaker(
            6, 60, owner="boss", noticed=self.noticed.append, clock=lambda: self.now
        )

    def say(self, text: str = "", who: str = "ming", every_s: float = 0.0) -> Gate | None:
        """Somebody writes and, where nothing stops it, is answered; the gate."""
        self.now += every_s
        asked = replace(Exchange(room_message(talker_id=who)), cleaned=text or str(self.now))
        done = self.breaker.stage(asked)
        if done.gate is None:
            done = replace(done.answered(Reply("好", Source.MODEL)), outcome=Outcome.SENT)
        self.breaker.ended(done)
        return done.gate


def answered(gates: Sequence[Gate | None]) -> int:
    return list(gates).count(None)


def test_the_seventh_answer_within_a_minute_is_not_given() -> None:
    """Six answers in a minute are the most; then silence for a minute, and one word about it."""
    bed = Bed()
    gates = [bed.say(every_s=5) for _ in range(18)]
    later = bed.say(every_s=60)

    assert [None] * 6 + [Gate.LOOP] * 12 == gates
    assert (None, 1) == (later, len(bed.noticed))


def test_a_conversation_goes_on() -> None:
    """Somebody who writes every eleven seconds for five minutes is answered every time."""
    bed = Bed()

    assert 27 == answered([bed.say(every_s=11) for _ in range(27)])


def test_a_slow_loop_ends_too() -> None:
    """One answer every 15 s, all day: thirty, then ten minutes of silence."""
    bed = Bed()
    gates = [bed.say(every_s=15) for _ in range(60)]

    assert [None] * 30 + [Gate.LOOP] * 30 == gates


def test_the_same_text_is_answered_three_times() -> None:
    """A canned answer that comes a fourth time is a bot's, whatever its punctuation is."""
    bed = Bed()
    texts = [
        "我现在有事，稍后回复！",
        "我现在有事，稍后回复。",
        "我现在有事 稍后回复",
        "我现在有事稍后回复",
    ]
    gates = [bed.say(text, every_s=30) for text in texts]

    assert [None, None, None, Gate.LOOP] == gates
    assert "the same text" in bed.breaker.stage(Exchange(room_message(talker_id="ming"))).detail


def test_a_slow_loop_of_quick_ones_ends_too() -> None:
    """A message every 5 s for two hours: never more than thirty answers in ten minutes."""
    bed = Bed()
    times = [bed.now for _ in range(1440) if bed.say(every_s=5) is None]

    assert len(times) > 60
    assert all(later - first > 600 for first, later in zip(times, times[30:], strict=False))


def test_somebody_in_distress_is_always_answered() -> None:
    """However often they say it, and though they were taken for a bot before."""
    bed = Bed()
    before = [bed.say(every_s=1) for _ in range(7)]
    after = [bed.say("我不想活了", every_s=1) for _ in range(9)]

    assert (Gate.LOOP, [None] * 9) == (before[-1], after)


def test_the_same_greeting_every_day_is_no_loop() -> None:
    """早 on four mornings is answered on all of them."""
    bed = Bed()

    assert 4 == answered([bed.say("早", every_s=86_400) for _ in range(4)])


def test_the_owner_is_never_a_bot() -> None:
    """However quickly and often the owner says the same."""
    bed = Bed()

    assert 50 == answered([bed.say("在吗", who="boss", every_s=1) for _ in range(50)])


def test_others_in_the_group_are_still_answered() -> None:
    """The silence is for one talker, not for the room."""
    bed = Bed()
    bot = [bed.say(who="bot", every_s=1) for _ in range(10)]

    assert (6, None) == (answered(bot), bed.say(who="hong"))


@pytest.mark.parametrize("outcome", [Outcome.SILENT, Outcome.FAILED])
def test_only_what_left_counts(outcome: Outcome) -> None:
    """Answers that were refused or failed on the way are none."""
    bed = Bed()
    for _ in range(20):
        done = Exchange(message()).answered(Reply("好", Source.MODEL))
        bed.breaker.ended(replace(done, outcome=outcome))

    assert bed.say() is None


def test_talkers_are_forgotten() -> None:
    """Of 5,000 talkers, one a second, only those of the last ten minutes are remembered."""
    bed = Bed()
    for n in range(5000):
        bed.say(who=f"t{n}", every_s=1)

    assert bed.breaker.num_talkers <= 601


@dataclass
class Wire:
    """Carries what one bot sends to the other one, as a message of this one's."""

    sender: str
    sent: int = 0
    to: Pipeline | None = None
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def send(
        self, chat_id: str, text: str, mentions: Sequence[tuple[str, str]] = ()
    ) -> str | None:
        assert self.to is not None
        self.sent += 1
        heard = message(text, chat_id=self.sender, talker_id=self.sender)
        task = asyncio.create_task(self.to.submit(heard))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return None

    async def send_picture(self, chat_id: str, png: bytes, name: str) -> str | None:
        raise NotImplementedError


def bot(wire: Wire, replies: Sequence[str]) -> Pipeline:
    """A real pipeline with a real deliverer that answers with those replies, over and over."""
    ledger, said = MemoryLedger(), iter(range(10**9))
    breaker = LoopBreaker(6, 60, owner="")

    def write(exchange: Exchange) -> Exchange:
        reply = replies[next(said) % len(replies)]
        return exchange.answered(Reply(reply, Source.MODEL))

    return Pipeline(
        read={
            "clean": lambda exchange: replace(exchange, cleaned=exchange.message.text),
            "loop": breaker.stage,
        },
        write=write,
        deliverer=Deliverer(wire, ledger, AT_ONCE, split_chars=90, governor=Governor(gap_s=0)),
        ledger=ledger,
        pace=AT_ONCE,
        burst_s=0.0,
        done=(breaker.ended,),
    )


@pytest.mark.parametrize("num_replies", [1, 20])
async def test_two_bots_wired_to_each_other_fall_silent(num_replies: int) -> None:
    """Both answer all they hear: after at most six turns each nothing is said any more."""
    wires = [Wire("one"), Wire("two")]
    bots = [bot(wire, [f"第{n}句" for n in range(num_replies)]) for wire in wires]
    wires[0].to, wires[1].to = bots[1], bots[0]
    await bots[0].submit(message("你好", chat_id="two", talker_id="two"))
    before = -1
    while before != (before := sum(wire.sent for wire in wires)):
        await asyncio.sleep(0.1)
    for each in bots:
        await each.drain(1)

    assert all(0 < wire.sent <= 6 for wire in wires)
