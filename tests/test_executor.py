"""The inference thread: order, deadlines, passes shared, and work that stops."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import EngineBusy, EngineClosed, EngineTimeout
from engine.executor import MAX_RUNNING, InferenceExecutor, Priority
from engine.work import Call, Work, finish

MOOD, REPLY, BULK = Priority


@pytest.fixture
async def executor() -> AsyncIterator[InferenceExecutor]:
    executor = InferenceExecutor(max_waiting=8)
    yield executor
    executor.close()


def steps(count: int, each: float = 0.0, result: object = None) -> Callable[[], Work[object]]:
    """Work of ``count`` tokens that take ``each`` seconds."""

    def work() -> Work[object]:
        for _ in range(count):
            time.sleep(each)
            yield None
        return result

    return work


def endless(ended: threading.Event, each: float = 0.005) -> Callable[[], Work[None]]:
    """Work that never finishes by itself and tells when it was stopped."""

    def work() -> Work[None]:
        try:
            while True:
                time.sleep(each)
                yield None
        finally:
            ended.set()

    return work


@dataclass(slots=True)
class Door:
    """Holds the inference thread inside a pass until a test lets it go on."""

    reached: threading.Event = field(default_factory=threading.Event)
    opened: threading.Event = field(default_factory=threading.Event)

    def pass_through(self) -> None:
        self.reached.set()
        self.opened.wait(10)

    def work(self) -> Work[None]:
        self.pass_through()
        yield None

    async def wait(self) -> None:
        await asyncio.to_thread(self.reached.wait, 10)


@asynccontextmanager
async def busy(executor: InferenceExecutor) -> AsyncIterator[None]:
    """Keeps the thread in one long step, so that all who ask meanwhile begin at once."""
    door = Door()
    hold = asyncio.create_task(executor.run(door.work, priority=MOOD, timeout=20))
    await door.wait()
    yield
    await asyncio.sleep(0)  # tasks made meanwhile ask now
    door.opened.set()
    await hold


@dataclass(slots=True)
class ScriptedModel:
    """Serves calls by doubling them, and records each step and each pass, in order.

    Args:
        poison: Arguments that no pass survives.
        act: Called in each pass, in the inference thread.
    """

    limit: int = 8
    poison: frozenset[object] = frozenset()
    act: Callable[[], None] = lambda: None
    passes: list[list[Any]] = field(default_factory=list)
    log: list[str] = field(default_factory=list)

    def double(self, arguments: Sequence[Any]) -> list[Any]:
        self.passes.append(list(arguments))
        self.log.append(f"pass {len(arguments)}")
        self.act()
        if guilty := self.poison.intersection(arguments):
            raise ValueError(f"poisoned by {sorted(map(str, guilty))}")
        return [argument * 2 for argument in arguments]

    def ask(self, argument: Any) -> Call[Any, Any]:
        return Call(self.double, argument, self.limit)

    def tokens(self, name: str, count: int, chunks: int = 0) -> Callable[[], Work[list[Any]]]:
        """Work of a prompt in chunks and ``count`` tokens; its result is what each call gave."""

        def work() -> Work[list[Any]]:
            for _ in range(chunks):
                self.log.append(f"chunk {name}")
                yield None
            results = []
            for _ in range(count):
                results.append((yield self.ask(name)))
            return results

        return work


async def together(
    executor: InferenceExecutor, starts: Sequence[Callable[[], Work[Any]]], priority: Priority
) -> list[Any]:
    """Results, or errors, of work that begins at once."""
    async with busy(executor):
        callers = [
            asyncio.create_task(executor.run(start, priority=priority, timeout=20))
            for start in starts
        ]
    return await asyncio.gather(*callers, return_exceptions=True)


# -- results and errors ----------------------------------------------------------------


async def test_the_result_of_the_work_is_returned(executor: InferenceExecutor) -> None:
    """What the generator returns is what the caller gets."""
    result = await executor.run(steps(3, result="好"), priority=MOOD, timeout=5)

    assert "好" == result


async def test_an_error_of_the_work_reaches_its_caller(executor: InferenceExecutor) -> None:
    """An exception in the work is raised to the one who asked, and the thread lives on."""

    def broken() -> Work[None]:
        yield None
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await executor.run(broken, priority=REPLY, timeout=5)
    assert 1 == await executor.run(steps(1, result=1), priority=MOOD, timeout=5)


@pytest.mark.parametrize(
    ("error", "seen"), [(StopIteration, RuntimeError), (TimeoutError,) * 2, (SystemError,) * 2]
)
async def test_an_error_before_the_first_step_reaches_its_caller(
    executor: InferenceExecutor, error: type[Exception], seen: type[Exception]
) -> None:
    """Work that cannot even begin fails its caller at once, with its own error."""

    def broken() -> Work[None]:
        raise error("no generator")

    with pytest.raises(seen) as caught:
        await executor.run(broken, priority=REPLY, timeout=60)

    assert not isinstance(caught.value, EngineTimeout)


async def test_work_is_touched_by_one_thread_alone(executor: InferenceExecutor) -> None:
    """Start, steps and the clean-up of work happen in the inference thread."""
    threads: set[str] = set()

    def start() -> Work[None]:
        threads.add(threading.current_thread().name)
        return work()

    def work() -> Work[None]:
        try:
            while True:
                threads.add(threading.current_thread().name)
                yield None
        finally:
            threads.add(threading.current_thread().name)

    with pytest.raises(EngineTimeout):
        await executor.run(start, priority=REPLY, timeout=0.05)
    await executor.run(steps(1), priority=BULK, timeout=5)

    assert {"inference_0"} == threads


def test_finish_serves_calls_alone_and_throws_their_errors_in() -> None:
    """Here and now, work gets each call's result, or its error where it can catch it."""
    model = ScriptedModel(poison=frozenset({"毒"}))

    def work() -> Work[list[Any]]:
        yield None
        one = yield model.ask(2)
        try:
            yield model.ask("毒")
        except ValueError:
            return [one, "caught", (yield model.ask(3))]
        return []

    assert [4, "caught", 6] == finish(work())
    assert [[2], ["毒"], [3]] == model.passes


def test_a_pass_that_takes_nobody_is_refused() -> None:
    """A limit under 1 is an error where the call is made, not a thread that spins."""
    with pytest.raises(ValueError, match="at least 1"):
        ScriptedModel(limit=0).ask(1)


def noting(order: list[str], name: str) -> Callable[[], Work[None]]:
    """Work that writes its name down once it has started."""

    def work() -> Work[None]:
        order.append(name)
        yield None

    return work


# -- who goes first --------------------------------------------------------------------


async def test_moods_go_before_replies_that_wait(executor: InferenceExecutor) -> None:
    """A mood asked for last is served before replies asked for first."""
    order: list[str] = []
    async with busy(executor):
        names = [("reply", REPLY), ("bulk", BULK), ("mood", MOOD)]
        waiting = [
            asyncio.create_task(executor.run(noting(order, name), priority=priority, timeout=9))
            for name, priority in names
        ]
    await asyncio.gather(*waiting)

    assert ["mood", "reply", "bulk"] == order


async def test_a_mood_is_served_before_the_next_step_of_four_replies(
    executor: InferenceExecutor,
) -> None:
    """A mood asked for while replies share a pass goes before any of their next steps."""
    door = Door()
    model = ScriptedModel(act=door.pass_through)
    replies = asyncio.create_task(
        together(executor, [model.tokens(str(i), 3, chunks=1) for i in range(4)], REPLY)
    )
    await door.wait()

    def mood() -> Work[None]:
        model.log.append("mood")
        yield None

    asking = asyncio.create_task(executor.run(mood, priority=MOOD, timeout=9))
    await asyncio.sleep(0)
    door.opened.set()
    await asyncio.gather(asking, replies)

    assert ["pass 4", "mood", "pass 4", "pass 4"] == model.log[4:]


async def test_a_mood_is_served_between_the_chunks_of_two_prompts() -> None:
    """A mood asked for in one reply's chunk goes before the other reply's chunk."""
    executor = InferenceExecutor(max_waiting=8)
    log: list[str] = []
    loop = asyncio.get_running_loop()
    moods: list[asyncio.Task[object]] = []

    def ask() -> None:
        moods.append(asyncio.create_task(executor.run(mood, priority=MOOD, timeout=9)))

    def mood() -> Work[None]:
        log.append("mood")
        yield None

    def prompt(name: str, asks: bool) -> Callable[[], Work[None]]:
        def work() -> Work[None]:
            log.append(name)
            if asks:
                loop.call_soon_threadsafe(ask)
                while not executor.num_waiting:
                    time.sleep(0.001)
            yield None

        return work

    await together(executor, [prompt("one", True), prompt("other", False)], REPLY)
    await asyncio.gather(*moods)
    executor.close()

    assert ["one", "mood", "other"] == log


async def test_waiting_moods_share_passes(executor: InferenceExecutor) -> None:
    """Eight moods that wait are served in passes of the limit, and each gets its own result."""
    model = ScriptedModel(limit=3)
    results = await together(executor, [model.tokens(str(i), 1) for i in range(8)], MOOD)

    assert [[str(i) * 2] for i in range(8)] == results
    assert [3, 3, 2] == [len(one) for one in model.passes]


async def test_kinds_and_priorities_share_no_pass(executor: InferenceExecutor) -> None:
    """Calls of another model, another limit or another priority are served apart."""
    one, other = ScriptedModel(), ScriptedModel()

    def narrow() -> Work[Any]:
        return (yield Call(one.double, "窄", 2))

    bulk = asyncio.create_task(executor.run(one.tokens("b", 1), priority=BULK, timeout=9))
    starts = [one.tokens("a", 1), other.tokens("c", 1), narrow, one.tokens("d", 1)]
    await together(executor, starts, REPLY)
    await bulk

    assert [["a", "d"], ["b"], ["窄"]] == sorted(one.passes)
    assert [["c"]] == other.passes


async def test_deadlines_order_the_start(executor: InferenceExecutor) -> None:
    """Of those that wait, the one whose deadline is nearest starts first; then who came first."""
    order: list[str] = []
    async with busy(executor):
        deadlines = [("late", 30.0), ("first", 20.0), ("second", 25.0)]
        waiting = [
            asyncio.create_task(executor.run(noting(order, name), priority=BULK, timeout=timeout))
            for name, timeout in deadlines
        ]
    await asyncio.gather(*waiting)

    assert ["first", "second", "late"] == order


async def test_no_more_run_than_may() -> None:
    """Of each priority only so many have begun and not ended at any time."""
    executor = InferenceExecutor(max_waiting=200)
    most = dict.fromkeys(Priority, 0)
    alive = dict.fromkeys(Priority, 0)

    def counted(priority: Priority) -> Callable[[], Work[None]]:
        def work() -> Work[None]:
            alive[priority] += 1
            most[priority] = max(most[priority], alive[priority])
            yield None
            yield None
            alive[priority] -= 1

        return work

    async with busy(executor):
        callers = [
            asyncio.create_task(executor.run(counted(p), priority=p, timeout=9))
            for p in Priority
            for _ in range(40)
        ]
    await asyncio.gather(*callers)
    executor.close()

    assert MAX_RUNNING == most


# -- replies together ------------------------------------------------------------------


async def test_replies_are_decoded_together(executor: InferenceExecutor) -> None:
    """Four replies of three tokens cost three passes, not twelve."""
    model = ScriptedModel()
    results = await together(executor, [model.tokens(name, 3) for name in "甲乙丙丁"], REPLY)

    assert [[name * 2] * 3 for name in "甲乙丙丁"] == results
    assert [["甲", "乙", "丙", "丁"]] * 3 == model.passes


async def test_replies_leave_between_tokens(executor: InferenceExecutor) -> None:
    """A pass holds who still writes, and nobody waits for the longest."""
    model = ScriptedModel()
    await together(executor, [model.tokens(str(n), n) for n in (1, 3, 2)], REPLY)

    assert [["1", "3", "2"], ["3", "2"], ["3"]] == model.passes


async def test_a_late_reply_joins_the_next_pass(executor: InferenceExecutor) -> None:
    """A reply asked for during a pass is in the one after it."""
    door = Door()
    model = ScriptedModel(act=door.pass_through)
    early = asyncio.create_task(executor.run(model.tokens("早", 3), priority=REPLY, timeout=9))
    await door.wait()
    late = asyncio.create_task(executor.run(model.tokens("晚", 3), priority=REPLY, timeout=9))
    await asyncio.sleep(0)
    door.opened.set()
    await asyncio.gather(early, late)

    assert [["早"], ["早", "晚"], ["早", "晚"], ["晚"]] == model.passes


async def test_the_prompt_of_a_newcomer_stops_nobody(executor: InferenceExecutor) -> None:
    """Chunks of a long prompt alternate with the tokens of who already writes."""
    model = ScriptedModel()
    starts = [model.tokens("旧", 4), model.tokens("新", 1, chunks=3)]
    await together(executor, starts, REPLY)

    assert model.log == [*["chunk 新", "pass 1"] * 3, "pass 2"]


async def test_where_more_reply_than_a_pass_takes_nobody_starves() -> None:
    """Of eight replies, three a pass, none is ever more than one token ahead of another."""
    executor = InferenceExecutor(max_waiting=8)
    model = ScriptedModel(limit=3)
    names = [str(i) for i in range(8)]
    await together(executor, [model.tokens(name, 5) for name in names], REPLY)
    executor.close()

    written = dict.fromkeys(names, 0)
    for served in model.passes:
        for name in served:
            written[name] += 1
        assert max(written.values()) - min(written.values()) <= 1
        assert len(served) <= 3
    assert dict.fromkeys(names, 5) == written
    assert 15 == len(model.passes)


async def test_more_replies_than_may_run_all_finish() -> None:
    """Twenty replies, eight at once: those that wait move up, and each pass stays full."""
    executor = InferenceExecutor(max_waiting=20)
    model = ScriptedModel()
    results = await together(executor, [model.tokens(str(i), 3) for i in range(20)], REPLY)
    executor.close()

    assert [[str(i) * 2] * 3 for i in range(20)] == results
    assert [8] * 6 + [4] * 3 == [len(one) for one in model.passes]


# -- failures in a pass ----------------------------------------------------------------


async def test_only_the_guilty_fails(executor: InferenceExecutor) -> None:
    """Where a pass fails, each is served alone: one fails, and the others have their results."""
    model = ScriptedModel(poison=frozenset({"毒"}))
    results = await together(executor, [model.tokens(name, 2) for name in "甲毒乙"], REPLY)

    assert [["甲甲", "甲甲"], ["乙乙", "乙乙"]] == [results[0], results[2]]
    assert isinstance(results[1], ValueError)
    assert [["甲", "毒", "乙"], ["甲"], ["毒"], ["乙"], ["甲", "乙"]] == model.passes


async def test_an_error_of_a_pass_is_thrown_into_the_work(executor: InferenceExecutor) -> None:
    """Work may clean up after its failed call, or answer all the same."""
    model = ScriptedModel(poison=frozenset({"毒"}))

    def work() -> Work[str]:
        try:
            yield model.ask("毒")
        except ValueError:
            return "no matter"
        return ""

    assert "no matter" == await executor.run(work, priority=REPLY, timeout=5)


async def test_a_pass_that_miscounts_fails_its_callers(executor: InferenceExecutor) -> None:
    """One result too few goes to nobody: each is asked again alone, and fails if still wrong."""

    def lossy(arguments: Sequence[int]) -> list[int]:
        return list(arguments[1:])

    def work() -> Work[int]:
        result: int = yield Call(lossy, 1, 4)
        return result

    results = await together(executor, [work, work], REPLY)

    assert [ValueError, ValueError] == [type(result) for result in results]


# -- timeouts and cancellation ---------------------------------------------------------


async def test_a_timeout_stops_the_work_within_a_token(executor: InferenceExecutor) -> None:
    """After each of 100 timeouts at random points the thread is free within a token and 100 ms."""
    chance = random.Random(4)  # noqa: S311
    for _ in range(100):
        ended = threading.Event()
        with pytest.raises(EngineTimeout):
            await executor.run(endless(ended), priority=REPLY, timeout=chance.uniform(0.001, 0.02))
        start = time.monotonic()
        answer = await executor.run(steps(1, result="next"), priority=REPLY, timeout=2)
        took = time.monotonic() - start

        assert "next" == answer
        assert took < 0.105


async def test_a_cancelled_caller_stops_the_work(executor: InferenceExecutor) -> None:
    """Cancelling the awaiting task ends the generator, its clean-up included."""
    ended = threading.Event()
    caller = asyncio.create_task(executor.run(endless(ended), priority=REPLY, timeout=9))
    await asyncio.sleep(0.02)
    caller.cancel()

    assert await asyncio.to_thread(ended.wait, 5)


async def test_one_that_leaves_a_batch_changes_nothing_for_the_others(
    executor: InferenceExecutor,
) -> None:
    """One of four is cancelled, one expires: neither takes another step, both are cleaned up."""
    door = Door()
    model = ScriptedModel(act=door.pass_through)
    answered: list[str] = []
    cleaned: list[str] = []

    def cleaning(name: str) -> Callable[[], Work[Any]]:
        def work() -> Work[Any]:
            try:
                first = yield model.ask(name)
                answered.append(name)
                return [first, *(yield from model.tokens(name, 2)())]
            finally:
                cleaned.append(name)

        return work

    async with busy(executor):
        timeouts = {"甲": 9.0, "乙": 9.0, "丙": 0.8, "丁": 9.0}
        callers = {
            name: asyncio.create_task(executor.run(cleaning(name), priority=REPLY, timeout=timeout))
            for name, timeout in timeouts.items()
        }
    await door.wait()
    callers["乙"].cancel()
    with pytest.raises(EngineTimeout):
        await callers["丙"]
    door.opened.set()

    stayed = [await callers["甲"], await callers["丁"]]

    assert [["甲甲"] * 3, ["丁丁"] * 3] == stayed
    assert ["丁", "甲"] == sorted(answered)
    assert {"甲", "乙", "丙", "丁"} == set(model.passes[0])
    assert [{"甲", "丁"}] * 2 == [set(one) for one in model.passes[1:]]
    assert ["丁", "丙", "乙", "甲"] == sorted(cleaned)


async def test_one_that_leaves_before_its_pass_is_not_in_it(executor: InferenceExecutor) -> None:
    """Whoever is cancelled while another pass of the round runs costs no row of the next."""
    door = Door()
    model = ScriptedModel(limit=2, act=door.pass_through)
    async with busy(executor):
        callers = [
            asyncio.create_task(executor.run(model.tokens(name, 1), priority=REPLY, timeout=9))
            for name in "甲乙丙丁"
        ]
    await door.wait()
    callers[3].cancel()
    await asyncio.sleep(0.01)
    door.opened.set()
    await asyncio.gather(*callers, return_exceptions=True)

    assert [["甲", "乙"], ["丙"]] == model.passes


async def test_work_that_will_not_close_harms_nobody(executor: InferenceExecutor) -> None:
    """A clean-up that fails, or yields on, ends all the same; the thread lives on."""
    num_steps = 0

    def stubborn() -> Work[None]:
        nonlocal num_steps
        while True:
            try:
                yield None
                time.sleep(0.001)
            except GeneratorExit:
                num_steps += 1
                yield None
                num_steps += 1

    beside = asyncio.create_task(executor.run(steps(50, 0.005, "好"), priority=REPLY, timeout=9))
    with pytest.raises(EngineTimeout):
        await executor.run(stubborn, priority=REPLY, timeout=0.05)

    assert "好" == await beside
    assert 1 == num_steps


async def test_expired_work_never_starts(executor: InferenceExecutor) -> None:
    """What expires in the queue is dropped before its first step."""
    started = threading.Event()

    def late() -> Work[None]:
        started.set()
        yield None

    async with busy(executor):
        with pytest.raises(EngineTimeout):
            await executor.run(late, priority=MOOD, timeout=0.05)
    await executor.run(steps(1), priority=BULK, timeout=5)

    assert not started.is_set()
    assert 0 == executor.num_waiting


async def test_a_full_queue_refuses_at_once(executor: InferenceExecutor) -> None:
    """The ninth request that would have to wait is refused, and the message names the setting."""
    ended = threading.Event()
    hold = asyncio.create_task(executor.run(endless(ended), priority=BULK, timeout=9))
    await asyncio.to_thread(time.sleep, 0.05)
    waiting = [
        asyncio.create_task(executor.run(steps(1), priority=BULK, timeout=9)) for _ in range(8)
    ]
    await asyncio.sleep(0)

    assert 8 == executor.num_waiting
    with pytest.raises(EngineBusy, match=r"8 requests .* engine\.max_waiting"):
        await executor.run(steps(1), priority=MOOD, timeout=9)
    hold.cancel()
    await asyncio.gather(*waiting)


# -- closing ---------------------------------------------------------------------------


async def test_closing_ends_everything(executor: InferenceExecutor) -> None:
    """Close stops running work at its next yield and refuses waiting and new work."""
    ended = [threading.Event() for _ in range(3)]
    running = [
        asyncio.create_task(executor.run(endless(event), priority=REPLY, timeout=9))
        for event in ended
    ]
    await asyncio.sleep(0.05)
    waiting = asyncio.create_task(executor.run(steps(1), priority=BULK, timeout=9))
    await asyncio.sleep(0)
    await asyncio.to_thread(executor.close)

    for task in (*running, waiting):
        with pytest.raises(EngineClosed):
            await task
    with pytest.raises(EngineClosed):
        await executor.run(steps(1), priority=MOOD, timeout=1)
    assert all(event.is_set() for event in ended)


async def test_closing_an_idle_executor_ends_its_thread() -> None:
    """Close returns at once, also twice and before any work; no thread stays."""
    before = threading.active_count()
    for work in (0, 1):
        executor = InferenceExecutor(max_waiting=8)
        for _ in range(work):
            await executor.run(steps(1), priority=MOOD, timeout=5)
        executor.close()
        executor.close()

    assert before == threading.active_count()


async def test_closing_races_with_asking() -> None:
    """Whoever asks while the executor closes gets a result or ``EngineClosed``, never silence."""
    for delay in range(60):
        executor = InferenceExecutor(max_waiting=99)
        closing = threading.Timer(delay / 20_000, executor.close)
        closing.start()
        async with asyncio.timeout(20):
            results = await asyncio.gather(
                *(executor.run(steps(3, result="好"), priority=REPLY, timeout=60) for _ in "1234"),
                return_exceptions=True,
            )
        closing.join()

        assert all(result == "好" or isinstance(result, EngineClosed) for result in results)


async def test_an_idle_thread_sleeps(executor: InferenceExecutor) -> None:
    """With nothing to do, the thread takes no processor time."""
    await executor.run(steps(1), priority=MOOD, timeout=5)
    start = time.process_time()
    await asyncio.sleep(0.3)

    assert time.process_time() - start < 0.1


async def test_a_step_that_lasts_is_seen_from_outside(executor: InferenceExecutor) -> None:
    """While the thread stands inside a step or a pass its age grows; between two it is 0."""
    idle = executor.step_s
    async with busy(executor):
        await asyncio.sleep(0.05)
        inside = executor.step_s
    await executor.run(steps(1), priority=BULK, timeout=5)
    async with asyncio.timeout(5):  # the answer is there a moment before the step has ended
        while executor.step_s:
            await asyncio.sleep(0.001)

    assert 0.0 == idle
    assert 0.05 <= inside < 10


async def test_the_event_loop_runs_on_while_the_thread_works(executor: InferenceExecutor) -> None:
    """The loop's lag stays under 50 ms (p99) while the inference thread is busy."""
    busy = asyncio.create_task(executor.run(steps(60, 0.01), priority=REPLY, timeout=5))
    lags = []
    while not busy.done():
        start = time.monotonic()
        await asyncio.sleep(0.005)
        lags.append(time.monotonic() - start - 0.005)
    lags.sort()

    assert lags[int(len(lags) * 0.99)] < 0.05


# -- anything at all -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Plan:
    """One caller: what its work does, step by step, and when it gives up."""

    priority: Priority
    moves: list[str]  # "yield", "call", "poison", "raise"
    ends: str  # "done", "cancelled", "expired"
    delay_ms: int

    def outcome(self, number: int) -> object:
        """What its caller gets if it waits to the end."""
        results: list[int] = []
        for move in self.moves:
            if move in ("poison", "raise"):
                return f"{move} {number}"
            if move == "call":
                results.append(number * 2)
        return results


PLANS = st.builds(
    Plan,
    st.sampled_from(Priority),
    st.lists(st.sampled_from(["yield", "yield", "call", "call", "poison", "raise"]), max_size=6),
    st.sampled_from(["done", "done", "cancelled", "expired"]),
    st.integers(0, 4),
)


class Harness:
    """Work after plans, and what must hold of the passes and steps that serve it."""

    def __init__(self, limit: int) -> None:
        self.limit, self.widest, self.closed = limit, 0, False
        self.num_alive = self.num_late = 0
        self.threads: set[str] = set()

    def serve(self, arguments: Sequence[tuple[int, bool]]) -> list[int]:
        self.widest = max(self.widest, len(arguments))
        for number, is_poison in arguments:
            if is_poison:
                raise ValueError(f"poison {number}")
        return [number * 2 for number, _ in arguments]

    def work(self, number: int, plan: Plan) -> Work[list[int]]:
        self.num_alive += 1
        try:
            results = []
            for move in plan.moves:
                self.num_late += self.closed
                self.threads.add(threading.current_thread().name)
                if move == "raise":
                    raise ValueError(f"raise {number}")
                if move == "yield":
                    yield None
                else:
                    call = Call(self.serve, (number, move == "poison"), self.limit)
                    results.append((yield call))
            return results
        finally:
            self.num_alive -= 1

    async def ask(self, executor: InferenceExecutor, number: int, plan: Plan) -> object:
        """What its caller saw: a result, or its error in words."""
        await asyncio.sleep(plan.delay_ms / 1000)
        timeout = 0.002 if plan.ends == "expired" else 30
        caller = asyncio.create_task(
            executor.run(lambda: self.work(number, plan), priority=plan.priority, timeout=timeout)
        )
        if plan.ends == "cancelled":
            await asyncio.sleep(0)
            caller.cancel()
        try:
            return await caller
        except (EngineTimeout, EngineClosed, asyncio.CancelledError) as error:
            return type(error)
        except ValueError as error:
            return str(error)


ENDS: dict[str, set[object]] = {
    "done": set(),
    "cancelled": {asyncio.CancelledError},
    "expired": {EngineTimeout},
}


@settings(max_examples=60, deadline=None)
@given(
    plans=st.lists(PLANS, max_size=20),
    limit=st.integers(1, 4),
    max_running=st.fixed_dictionaries({priority: st.integers(1, 4) for priority in Priority}),
    close_ms=st.none() | st.integers(0, 4),
)
def test_everybody_gets_what_is_theirs(
    plans: list[Plan], limit: int, max_running: dict[Priority, int], close_ms: int | None
) -> None:
    """Whatever work does and whenever callers leave or the executor closes, each caller gets its
    own result or error, no pass is too wide, nothing is stepped after close, and all ends."""
    harness = Harness(limit)
    executor = InferenceExecutor(max_waiting=99, max_running=max_running)

    async def close() -> None:
        if close_ms is not None:
            await asyncio.sleep(close_ms / 1000)
            await asyncio.to_thread(executor.close)
            harness.closed = True

    async def ask_all() -> list[object]:
        async with asyncio.timeout(20):
            asking = (harness.ask(executor, number, plan) for number, plan in enumerate(plans))
            *seen, _ = await asyncio.gather(*asking, close())
            return seen

    seen = asyncio.run(ask_all())
    executor.close()

    for number, (plan, got) in enumerate(zip(plans, seen, strict=True)):
        excused = got in ENDS[plan.ends] if isinstance(got, type) else False
        was_closed = got is EngineClosed and close_ms is not None
        assert excused or was_closed or plan.outcome(number) == got
    assert harness.widest <= limit
    assert (0, 0) == (harness.num_alive, harness.num_late)
    assert harness.threads <= {"inference_0"}
    assert not any(thread.name.startswith("inference") for thread in threading.enumerate())
