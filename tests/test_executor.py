"""The inference thread: order, deadlines, and work that stops."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import AsyncIterator, Callable

import pytest

from engine.errors import EngineBusy, EngineClosed, EngineTimeout
from engine.executor import InferenceExecutor, Priority, Work


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
            yield
        return result

    return work


def endless(ended: threading.Event, each: float = 0.005) -> Callable[[], Work[None]]:
    """Work that never finishes by itself and tells when it was stopped."""

    def work() -> Work[None]:
        try:
            while True:
                time.sleep(each)
                yield
        finally:
            ended.set()

    return work


async def test_the_result_of_the_work_is_returned(executor: InferenceExecutor) -> None:
    """What the generator returns is what the caller gets."""
    result = await executor.run(steps(3, result="好"), priority=Priority.MOOD, timeout=1)

    assert result == "好"


async def test_an_error_of_the_work_reaches_its_caller(executor: InferenceExecutor) -> None:
    """An exception in the work is raised to the one who asked, and the thread lives on."""

    def broken() -> Work[None]:
        yield
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await executor.run(broken, priority=Priority.REPLY, timeout=1)
    assert await executor.run(steps(1, result=1), priority=Priority.MOOD, timeout=1) == 1


async def test_moods_go_before_replies_that_wait(executor: InferenceExecutor) -> None:
    """A mood asked for last is served before replies asked for first."""
    order: list[str] = []

    def note(name: str) -> Callable[[], Work[None]]:
        def work() -> Work[None]:
            order.append(name)
            yield

        return work

    hold = asyncio.create_task(executor.run(steps(5, 0.01), priority=Priority.MOOD, timeout=1))
    await asyncio.sleep(0.01)
    names = [("reply", Priority.REPLY), ("bulk", Priority.BULK), ("mood", Priority.MOOD)]
    waiting = [executor.run(note(n), priority=p, timeout=1) for n, p in names]
    await asyncio.gather(hold, *waiting)

    assert order == ["mood", "reply", "bulk"]


async def test_a_mood_is_served_between_the_tokens_of_a_reply(executor: InferenceExecutor) -> None:
    """A mood does not wait for the end of a reply under way."""
    ended = threading.Event()
    reply = asyncio.create_task(executor.run(endless(ended), priority=Priority.REPLY, timeout=5))
    await asyncio.sleep(0.02)

    mood = await executor.run(steps(1, result="mood"), priority=Priority.MOOD, timeout=1)

    assert mood == "mood"
    assert not reply.done()
    reply.cancel()


async def test_a_timeout_stops_the_work_within_a_token(executor: InferenceExecutor) -> None:
    """After each of 100 timeouts at random points the thread is free within a token and 100 ms."""
    chance = random.Random(4)  # noqa: S311
    for _ in range(100):
        ended = threading.Event()
        with pytest.raises(EngineTimeout):
            await executor.run(
                endless(ended), priority=Priority.REPLY, timeout=chance.uniform(0.001, 0.02)
            )
        start = time.monotonic()
        answer = await executor.run(steps(1, result="next"), priority=Priority.REPLY, timeout=2)
        took = time.monotonic() - start

        assert answer == "next"
        assert took < 0.105


async def test_a_cancelled_caller_stops_the_work(executor: InferenceExecutor) -> None:
    """Cancelling the awaiting task ends the generator, its clean-up included."""
    ended = threading.Event()
    caller = asyncio.create_task(executor.run(endless(ended), priority=Priority.REPLY, timeout=9))
    await asyncio.sleep(0.02)
    caller.cancel()

    assert await asyncio.to_thread(ended.wait, 1)


async def test_expired_work_never_starts(executor: InferenceExecutor) -> None:
    """What expires in the queue is dropped before its first step."""
    started = threading.Event()

    def late() -> Work[None]:
        started.set()
        yield

    hold = asyncio.create_task(executor.run(steps(10, 0.02), priority=Priority.MOOD, timeout=2))
    await asyncio.sleep(0.01)
    with pytest.raises(EngineTimeout):
        await executor.run(late, priority=Priority.MOOD, timeout=0.05)
    await hold
    await executor.run(steps(1), priority=Priority.BULK, timeout=1)

    assert not started.is_set()


async def test_a_full_queue_refuses_at_once(executor: InferenceExecutor) -> None:
    """The ninth request that would have to wait is refused, and the message names the setting."""
    ended = threading.Event()
    hold = asyncio.create_task(executor.run(endless(ended), priority=Priority.MOOD, timeout=5))
    await asyncio.sleep(0.02)
    waiting = [
        asyncio.create_task(executor.run(steps(1), priority=Priority.MOOD, timeout=5))
        for _ in range(8)
    ]
    await asyncio.sleep(0.02)

    with pytest.raises(EngineBusy, match=r"engine\.max_waiting"):
        await executor.run(steps(1), priority=Priority.MOOD, timeout=5)
    hold.cancel()
    await asyncio.gather(*waiting)


async def test_closing_ends_everything(executor: InferenceExecutor) -> None:
    """Close stops running work at its next yield and refuses waiting and new work."""
    ended = threading.Event()
    running = asyncio.create_task(executor.run(endless(ended), priority=Priority.MOOD, timeout=9))
    await asyncio.sleep(0.02)
    waiting = asyncio.create_task(executor.run(steps(1), priority=Priority.MOOD, timeout=9))
    await asyncio.sleep(0.02)
    await asyncio.to_thread(executor.close)

    for task in (running, waiting):
        with pytest.raises(EngineClosed):
            await task
    with pytest.raises(EngineClosed):
        await executor.run(steps(1), priority=Priority.MOOD, timeout=1)
    assert ended.is_set()


async def test_the_event_loop_runs_on_while_the_thread_works(executor: InferenceExecutor) -> None:
    """The loop's lag stays under 50 ms (p99) while the inference thread is busy."""
    busy = asyncio.create_task(executor.run(steps(60, 0.01), priority=Priority.REPLY, timeout=5))
    lags = []
    while not busy.done():
        start = time.monotonic()
        await asyncio.sleep(0.005)
        lags.append(time.monotonic() - start - 0.005)
    lags.sort()

    assert lags[int(len(lags) * 0.99)] < 0.05
