"""One thread for one model: priorities, deadlines, and work that really stops.

Work is a generator that yields wherever it may be stopped: between tokens, between chunks of a
prompt. The executor decides at each yield whether to go on, so the model code knows nothing of
deadlines, cancellation or of who else is waiting.

A timeout around an awaited executor call does not stop its thread (measured: one ``generate`` ran
on for 34 s), and ``max_time`` does not bound the prompt pass; closing a generator does both.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future, InvalidStateError, ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, TypeVar

from engine.errors import EngineBusy, EngineClosed, EngineTimeout

T = TypeVar("T")
Work = Generator[None, None, T]


class Priority(IntEnum):
    """Lower goes first, also between the tokens of what is already running."""

    MOOD = 0
    REPLY = 1
    BULK = 2


@dataclass(order=True, slots=True)
class _Task:
    priority: int
    number: int
    start: Callable[[], Work[Any]] = field(compare=False)
    deadline: float = field(compare=False)
    # Never set running: a concurrent future can be cancelled only while it is pending.
    future: Future[Any] = field(compare=False, default_factory=Future)

    @property
    def is_wanted(self) -> bool:
        return not self.future.done() and time.monotonic() < self.deadline


def finish(work: Work[T]) -> T:
    """Result of work done here and now, for programs that have nothing else to do meanwhile."""
    while True:
        try:
            next(work)
        except StopIteration as done:
            result: T = done.value
            return result


class InferenceExecutor:
    """Runs generators one at a time on one thread, the most urgent first.

    Args:
        max_waiting: Tasks that may wait; the next one is refused.
    """

    def __init__(self, *, max_waiting: int) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="inference")
        self._max_waiting = max_waiting
        self._lock = threading.Lock()
        self._waiting: list[_Task] = []
        self._numbers = itertools.count()
        self._closed = False

    @property
    def num_waiting(self) -> int:
        with self._lock:
            return sum(task.is_wanted for task in self._waiting)

    async def run(self, start: Callable[[], Work[T]], *, priority: Priority, timeout: float) -> T:
        """Result of the work that ``start`` begins, in the inference thread.

        Args:
            start: Makes the generator; called in the inference thread.
            timeout: Seconds from now, the wait in the queue included.

        Raises:
            EngineBusy: The queue is full.
            EngineTimeout: The deadline passed. The work has stopped or will at its next yield.
            EngineClosed: The executor was closed first.
        """
        task = _Task(priority, next(self._numbers), start, time.monotonic() + timeout)
        self._enqueue(task)
        try:
            async with asyncio.timeout(timeout):
                return await asyncio.wrap_future(task.future)
        except TimeoutError:
            raise EngineTimeout(
                f"no answer within {timeout:g} s; raise engine.mood_timeout_s or "
                "engine.reply_timeout_s, or use a smaller model"
            ) from None

    def _enqueue(self, task: _Task) -> None:
        with self._lock:
            if self._closed:
                raise EngineClosed("the engine is shutting down")
            self._waiting = [waiting for waiting in self._waiting if waiting.is_wanted]
            if len(self._waiting) >= self._max_waiting:
                raise EngineBusy(
                    f"{len(self._waiting)} requests are waiting, engine.max_waiting allows no more"
                )
            heapq.heapify(self._waiting)
            heapq.heappush(self._waiting, task)
        self._pool.submit(self._serve, Priority.BULK)

    def _serve(self, at_least: Priority) -> None:
        """Run the most urgent waiting task, if it is at least that urgent."""
        with self._lock:
            if not self._waiting or self._waiting[0].priority > at_least:
                return
            task = heapq.heappop(self._waiting)
        try:
            self._step_through(task)
        except Exception as error:
            _settle(task.future.set_exception, error)

    def _step_through(self, task: _Task) -> None:
        work = task.start()
        while task.is_wanted:
            try:
                next(work)
            except StopIteration as done:
                _settle(task.future.set_result, done.value)
                return
            if self._closed:
                work.close()
                raise EngineClosed("the engine is shutting down")
            if task.priority > Priority.MOOD:
                self._serve(Priority(task.priority - 1))
        work.close()

    def close(self) -> None:
        """Stop what runs at its next yield, refuse what waits, and end the thread."""
        with self._lock:
            self._closed = True
            waiting, self._waiting = self._waiting, []
        for task in waiting:
            _settle(task.future.set_exception, EngineClosed("the engine is shutting down"))
        self._pool.shutdown(wait=True)


def _settle(setter: Callable[[Any], None], value: object) -> None:
    """Settle a future that its caller may have cancelled in the same moment."""
    with contextlib.suppress(InvalidStateError):
        setter(value)
