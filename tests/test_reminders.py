"""Reminders: kept, said once at their time, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from assistant.reminders import LOOK_S, MAX_CHARS, MAX_PENDING, RETRY_S, Reminders
from assistant.wish import Wish, wish
from handlers.audit.errors import AuditError
from handlers.audit.log import AuditLog
from handlers.audit.reminders import ReminderStore
from handlers.exchange import Exchange, Outcome
from handlers.reminder import Reminder
from settings import Audit
from tests.fakes import Clock
from tests.keepings import RUN
from tests.test_times import CHINA, NOW
from tests.virtual_time import in_virtual_time
from tests.virtual_time import now as virtual_now

OWNER = "boss"


@dataclass
class MemoryReminders:
    """The store of reminders and what has left, in memory; it may refuse."""

    kept: list[Reminder] = field(default_factory=list)
    crossed_off: list[int] = field(default_factory=list)
    left: set[str] = field(default_factory=set)
    error: Exception | None = None

    async def add(self, person_id: str, text: str, due_at: float, at: float) -> int:
        self.kept.append(Reminder(len(self.kept) + 1, person_id, text, at, due_at))
        return len(self.kept)

    async def pending(self) -> Sequence[Reminder]:
        if self.error is not None:
            raise self.error
        unsaid = [one for one in self.kept if one.id not in self.crossed_off]
        return sorted(unsaid, key=lambda one: one.due_at)

    async def said(self, id_: int, notice_id: str) -> None:
        self.crossed_off.append(id_)

    async def cancel(self, id_: int, person_id: str) -> bool:
        before = len(self.kept)
        self.kept = [one for one in self.kept if (one.id, one.person_id) != (id_, person_id)]
        return len(self.kept) < before

    async def listed(self, person_id: str) -> Sequence[Reminder]:
        return [one for one in await self.pending() if one.person_id == person_id]

    async def said_since(self, chat_id: str, name: str, since: float) -> bool:
        return name in self.left


@dataclass
class Mouth:
    """Says what is given to it and tells when it ended, as the pipeline does.

    Attributes:
        outcomes: Of one after the other; the last goes on.
        delay_s: How long each takes to leave.
    """

    clock: Callable[[], float]
    outcomes: list[Outcome] = field(default_factory=lambda: [Outcome.SENT])
    said: list[tuple[float, str, str]] = field(default_factory=list)
    ended: Callable[[Exchange], None] = lambda exchange: None
    delay_s: float = 0.0

    def __call__(self, exchange: Exchange) -> None:
        assert exchange.reply is not None
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        if outcome is not Outcome.SILENT:
            self.said.append((self.clock(), exchange.message.chat_id, exchange.reply.text))
        ended = replace(exchange, outcome=outcome)
        asyncio.get_running_loop().call_later(self.delay_s, self.ended, ended)


def bench(clock: Callable[[], float]) -> tuple[Reminders, MemoryReminders, Mouth]:
    store, mouth = MemoryReminders(), Mouth(clock)
    reminders = Reminders(store, store, mouth, clock=clock, zone=CHINA)
    mouth.ended = reminders.ended
    return reminders, store, mouth


async def run_for(reminders: Reminders, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await reminders.run()


def wanted(text: str, now: float = NOW) -> Wish:
    found = wish(text, now, CHINA)
    assert found is not None
    return found


@in_virtual_time
async def test_a_reminder_is_said_at_its_second_and_once() -> None:
    """Half an hour later to the second, to who asked for it, and never again."""
    clock = lambda: NOW + virtual_now()  # noqa: E731
    reminders, store, mouth = bench(clock)
    taken = await reminders.take(OWNER, wanted("半小时后提醒我看锅"))
    await run_for(reminders, 7200)

    assert "好，今天（11月18号 周三）下午2:50提醒你：看锅。\n（不用了就说「取消提醒1」）" == taken
    assert [(NOW + 1800, OWNER, "提醒你：看锅")] == mouth.said
    assert [1] == store.crossed_off


@in_virtual_time
async def test_a_reminder_given_meanwhile_is_not_waited_for() -> None:
    """One that is due sooner than the next look is said in time all the same."""
    reminders, _, mouth = bench(lambda: NOW + virtual_now())
    running = asyncio.create_task(run_for(reminders, 600))
    await asyncio.sleep(LOOK_S + 1)
    await reminders.take(OWNER, Wish("看锅", "五秒后", NOW + virtual_now() + 5, None))
    await running

    assert [NOW + LOOK_S + 6] == [said_at for said_at, *_ in mouth.said]


@in_virtual_time
async def test_a_reminder_that_waits_to_leave_is_not_said_again() -> None:
    """The governor may hold it for minutes; meanwhile it is looked at and left alone."""
    reminders, store, mouth = bench(lambda: NOW + virtual_now())
    mouth.delay_s = 5 * LOOK_S
    await reminders.take(OWNER, wanted("1分钟后提醒我看锅"))
    await run_for(reminders, 600)

    assert (1, [1]) == (len(mouth.said), store.crossed_off)


@in_virtual_time
async def test_a_laptop_that_slept_says_it_on_waking() -> None:
    """No timer goes on in sleep: the wall clock is looked at, and how late it is, is said."""
    clock = Clock(NOW)
    reminders, _, mouth = bench(clock)
    await reminders.take(OWNER, wanted("一小时后提醒我看锅"))
    running = asyncio.create_task(run_for(reminders, 3 * LOOK_S))
    await asyncio.sleep(LOOK_S / 2)
    clock.pass_by(3 * 3600)
    await running

    assert ["提醒你：看锅\n（原定下午3:20，我没能准时，晚了 2 小时）"] == [
        x for *_, x in mouth.said
    ]


@in_virtual_time
async def test_what_did_not_leave_is_tried_again() -> None:
    """A notice that nothing left of is said anew, ever later; an uncertain one never."""
    reminders, store, mouth = bench(lambda: NOW + virtual_now())
    mouth.outcomes = [Outcome.SILENT, Outcome.FAILED, Outcome.UNCERTAIN]
    await reminders.take(OWNER, wanted("1分钟后提醒我看锅"))
    await run_for(reminders, 3600)

    assert [NOW + 60 + RETRY_S, NOW + 60 + 3 * RETRY_S] == [at for at, *_ in mouth.said]
    assert [1] == store.crossed_off


@in_virtual_time
async def test_the_account_comes_back() -> None:
    """What could not leave while it was gone is said as soon as it is back."""
    reminders, _, mouth = bench(lambda: NOW + virtual_now())
    mouth.outcomes = [Outcome.FAILED, Outcome.SENT]
    await reminders.take(OWNER, wanted("1分钟后提醒我看锅"))
    running = asyncio.create_task(run_for(reminders, 200))
    await asyncio.sleep(100)
    await reminders.online()
    await running

    assert [NOW + 60, NOW + 100] == [at for at, *_ in mouth.said]


@in_virtual_time
async def test_a_full_disk_holds_reminders_up_and_loses_none() -> None:
    """While the log refuses nothing is said; once it takes rows again what is due is."""
    reminders, store, mouth = bench(lambda: NOW + virtual_now())
    await reminders.take(OWNER, wanted("1分钟后提醒我看锅"))
    store.error = AuditError("disk full")
    running = asyncio.create_task(run_for(reminders, 310 + 2 * LOOK_S))
    await asyncio.sleep(310)
    silent = list(mouth.said)
    store.error = None
    await running

    assert ([], 1) == (silent, len(mouth.said))


@pytest.mark.parametrize(
    ("got_to", "is_said_again"),
    [
        (None, True),
        (Outcome.DECIDED, True),
        (Outcome.SENDING, False),
        (Outcome.SENT, False),
        (Outcome.UNCERTAIN, False),
        (Outcome.FAILED, True),
    ],
)
async def test_a_crash_while_it_is_said(
    tmp_path: Path, got_to: Outcome | None, is_said_again: bool
) -> None:
    """Wherever the program dies, the next start says what has not left, and nothing twice."""
    settings, clock = Audit(folder=str(tmp_path)), Clock(NOW)
    written: list[Exchange] = []
    async with await AuditLog.open(settings, RUN, clock=clock) as log:
        first = Reminders(ReminderStore(log), log, written.append, clock=clock, zone=CHINA)
        await first.take(OWNER, wanted("1分钟后提醒我看锅"))
        clock.pass_by(60)
        await run_for(first, 0.05)
        (exchange,) = written
        if got_to is not None:
            await log.record(replace(exchange, outcome=got_to))
    clock.pass_by(7200)
    async with await AuditLog.open(settings, RUN, clock=clock) as log:
        mouth = Mouth(clock)
        second = Reminders(ReminderStore(log), log, mouth, clock=clock, zone=CHINA)
        mouth.ended = second.ended
        await run_for(second, 0.05)
        left = await ReminderStore(log).pending()

    late = "提醒你：看锅\n（原定下午2:21，我没能准时，晚了 2 小时）"
    assert [late] * is_said_again == [text for *_, text in mouth.said]
    assert () == left


async def test_reminders_are_listed_and_cancelled_by_their_numbers() -> None:
    """The first due first; a number that is nobody's, or was said, is told so; one needs none."""
    reminders, _, _ = bench(Clock(NOW))
    empty = await reminders.list(OWNER)
    await reminders.take(OWNER, wanted("明早九点提醒我开会"))
    await reminders.take(OWNER, wanted("半小时后提醒我看锅"))
    listed = await reminders.list(OWNER)
    which = await reminders.cancel(OWNER, None)
    gone = await reminders.cancel(OWNER, 2)
    unknown = await reminders.cancel(OWNER, 2)
    last = await reminders.cancel(OWNER, None)

    assert "现在没有要提醒你的事。" == empty
    assert (
        (
            "要提醒你的有 2 件：\n"
            "#2 今天（11月18号 周三）下午2:50 看锅\n"
            "#1 明天（11月19号 周四）上午9:00 开会\n"
            "不用了就说「取消提醒2」。"
        )
        == listed
        == which
    )
    assert "好，#2「看锅」不提醒了。" == gone
    assert "没有 #2 这个提醒，可能已经提醒过了。" == unknown
    assert "好，#1「开会」不提醒了。" == last


async def test_there_is_an_end_to_reminders() -> None:
    """A novel is not kept, nor the fifty-first."""
    reminders, store, _ = bench(Clock(NOW))
    long = await reminders.take(OWNER, Wish("长" * (MAX_CHARS + 1), "明早九点", NOW + 60, None))
    for _ in range(MAX_PENDING):
        await reminders.take(OWNER, wanted("半小时后提醒我看锅"))
    full = await reminders.take(OWNER, wanted("半小时后提醒我看锅"))

    assert "有点长" in long
    assert "已经记了 50 个提醒了" in full
    assert MAX_PENDING == len(store.kept)


async def test_what_is_not_clear_is_not_kept() -> None:
    """A doubt about the time is asked back, and nothing is on record."""
    reminders, store, _ = bench(Clock(NOW))
    asked = await reminders.take(OWNER, wanted("提醒我明天交房租"))

    assert "「明天」几点呢？" in asked
    assert [] == store.kept
