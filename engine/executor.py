"""One thread for one model: many chats at once, priorities, deadlines, work that really stops.

Work is a generator (see ``engine.work``). Between any two of its yields the executor decides who
goes on: moods first, then a round of replies, each one chunk of its prompt or, all together in
one pass, the next token. Replies join and leave between tokens.

A timeout around an awaited call does not stop its thread (measured: one ``generate`` ran on for
34 s), and ``max_time`` does not bound the prompt pass; closing a generator does both.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from bisect import insort
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, InvalidStateError, ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import chain
from operator import attrgetter
from typing import Any

from engine.errors import EngineBusy, EngineClosed, EngineTimeout
from engine.work import Call, T, Work


class Priority(IntEnum):
    """Lower goes first, also between the tokens of what is already running."""

    MOOD = 0
    REPLY = 1
    BULK = 2


#: Tasks of a priority that run at once.
MAX_RUNNING: Mapping[Priority, int] = {
    Priority.MOOD: 32,  # as many rows as a pass gains from; a mood keeps next to no memory
    Priority.REPLY: 8,  # 8 tokens together cost twice one, and each reply holds a cache of its own
    Priority.BULK: 1,  # nobody waits for it, and it brings batches of its own
}


@dataclass(eq=False, slots=True)
class _Task:
    priority: Priority
    work: Work[Any]
    deadline: float
    # Never set running: a concurrent future can be cancelled only while it is pending.
    future: Future[Any] = field(default_factory=Future)
    call: Call[Any, Any] | None = None

    @property
    def is_wanted(self) -> bool:
        """Whether somebody still waits for it; never again once its work has ended."""
        return not self.future.done() and time.monotonic() < self.deadline

    def advance(self, resume: Callable[[Any], Call[Any, Any] | None], value: object) -> None:
        """Bring wanted work to its next yield, or its caller what it ended with."""
        if not self.is_wanted:
            return
        self.call = None
        try:
            self.call = resume(value)
        except StopIteration as done:
            _settle(self.future.set_result, done.value)
        except BaseException as error:  # a panic in a tokenizer written in Rust is no Exception
            _settle(self.future.set_exception, error)


_Batch = Sequence[tuple[_Task, Call[Any, Any]]]


class InferenceExecutor:
    """Runs many generators on one thread, the most urgent first, their calls together.

    Args:
        max_waiting: Tasks that may wait to start; the next one is refused.
        max_running: Tasks of each priority that run at once.
    """

    def __init__(
        self, *, max_waiting: int, max_running: Mapping[Priority, int] = MAX_RUNNING
    ) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="inference")
        self._max_waiting, self._max_running = max_waiting, max_running
        self._lock = threading.Lock()
        self._waiting: dict[Priority, list[_Task]] = {priority: [] for priority in Priority}
        self._running: dict[Priority, list[_Task]] = {priority: [] for priority in Priority}
        self._closed = False
        self._step_began: float | None = None

    @property
    def step_s(self) -> float:
        """Seconds that the step at work (a token, a chunk of a prompt) has lasted; 0.0 between two.

        A thread cannot be ended from outside: one that never comes back is for a supervisor to see.
        """
        began = self._step_began  # once: the other thread may set it at any time
        return time.monotonic() - began if began is not None else 0.0

    @property
    def num_waiting(self) -> int:
        """Wanted tasks that have not started."""
        with self._lock:
            return sum(task.is_wanted for task in chain(*self._waiting.values()))

    def do(self, work: Callable[[], T]) -> T:
        """Result of work on the inference thread, which nothing else may want yet. Blocks.

        A second thread that computes in parallel makes OpenMP's workers sleep between operations
        instead of wait: decoding took 25 ms a token, not 17.5, where another thread had loaded
        the model.
        """
        return self._pool.submit(work).result()

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
        task = _Task(priority, _begin(start), time.monotonic() + timeout)
        self._enqueue(task)
        try:
            async with asyncio.timeout(timeout) as scope:
                return await asyncio.wrap_future(task.future)
        except TimeoutError:
            if not scope.expired():  # the work's own
                raise
            raise EngineTimeout(
                f"no answer within {timeout:g} s; raise engine.mood_timeout_s or "
                "engine.reply_timeout_s, or use a smaller model"
            ) from None

    def _enqueue(self, task: _Task) -> None:
        with self._lock:
            if self._closed:
                raise EngineClosed("the engine is shutting down")
            for priority, line in self._waiting.items():
                self._waiting[priority] = [waiting for waiting in line if waiting.is_wanted]
            if (num := sum(map(len, self._waiting.values()))) >= self._max_waiting:
                raise EngineBusy(f"{num} requests are waiting, engine.max_waiting allows no more")
            # With the lock held: once closed, the pool takes no more.
            self._pool.submit(self._serve_above, len(Priority))
            insort(self._waiting[task.priority], task, key=attrgetter("deadline"))

    def _serve_above(self, bound: int) -> None:
        """Serve what is more urgent than ``bound`` until nothing of it is left."""
        for priority in list(Priority)[:bound]:
            while self._serve_round(priority):
                pass

    def _serve_round(self, priority: Priority) -> bool:
        """Bring every task of a priority one step on, calls together; False where none is left.

        Whatever is more urgent goes first, before every step and every pass.
        """
        tasks = self._admit(priority)
        for task in tasks:
            if task.call is None:
                self._serve_above(priority)
                with self._step():
                    task.advance(task.work.send, None)
        batches = _batches(tasks)
        while batches:
            self._serve_above(priority)
            batch = [(task, call) for task, call in batches.pop(0) if task.is_wanted]
            with self._step():
                is_served = not batch or _serve_together(batch)
            if not is_served:
                batches[:0] = [[alone] for alone in batch]
        return bool(tasks)

    @contextlib.contextmanager
    def _step(self) -> Iterator[None]:
        self._step_began = time.monotonic()
        yield  # what is inside never raises: errors go to the callers
        self._step_began = None

    def _admit(self, priority: Priority) -> list[_Task]:
        """Tasks of a priority that run from here: those that ended leave, the next in line join."""
        ended = [task for task in self._running[priority] if not task.is_wanted]
        for task in ended:
            with contextlib.suppress(BaseException):  # nobody is left to tell
                task.work.close()
        with self._lock:
            running = [task for task in self._running[priority] if task not in ended]
            num_free = self._max_running[priority] - len(running)
            line = [task for task in self._waiting[priority] if task.is_wanted]
            self._waiting[priority] = line[num_free:]
            self._running[priority] = running + line[:num_free]
            return self._running[priority]

    def close(self) -> None:
        """Stop what runs at its next yield, refuse what waits, and end the thread. Blocking."""
        with self._lock:
            self._closed = True
            tasks = list(chain(*self._waiting.values(), *self._running.values()))
        for task in tasks:  # nobody wants them from here on, so the thread closes what runs
            _settle(task.future.set_exception, EngineClosed("the engine is shutting down"))
        self._pool.shutdown(wait=True)


def _begin(start: Callable[[], Work[T]]) -> Work[T]:
    """Work that makes its generator in its first step, so in the thread that takes it."""
    return (yield from start())


def _batches(tasks: Iterable[_Task]) -> list[_Batch]:
    """What waits for a pass, grouped by who can share one."""
    batches: list[_Batch] = []
    parked = [(task, task.call) for task in tasks if task.call is not None]
    while parked:
        call = parked[0][1]
        alike = [one for one in parked if call.is_like(one[1])]
        others = [one for one in parked if not call.is_like(one[1])]
        batches.append(alike[: call.limit])
        parked = alike[call.limit :] + others
    return batches


def _serve_together(batch: _Batch) -> bool:
    """One pass; False where it failed for many and each should be served alone."""
    (first, call), *others = batch
    try:
        results = call.together([call.argument for _, call in batch])
        answered = list(zip(batch, results, strict=True))
    except BaseException as error:
        if not others:
            first.advance(first.work.throw, error)
        return not others
    for (task, _), result in answered:
        task.advance(task.work.send, result)
    return True


def _settle(setter: Callable[[Any], None], value: object) -> None:
    """Settle a future that its caller may have cancelled in the same moment."""
    with contextlib.suppress(InvalidStateError):
        setter(value)
