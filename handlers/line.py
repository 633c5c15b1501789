"""Those who wait for room in their budgets, in the order they came.

No library fits (looked at pyrate-limiter 4.5 and limits 5.8): they take one key at a time, where a
message needs room in its chat, the minute and the day at once or not at all; neither takes back
what was not used, nor wakes those who wait in their order.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from handlers.exchange import Gate
from handlers.refusal import Refused
from handlers.windows import LATE_S, Budget, Windows


@dataclass(slots=True, eq=False)
class _Waiter:
    chat_id: str
    num: int
    is_excused: bool
    ready: asyncio.Future[None]

    @property
    def has_room(self) -> bool:
        ready = self.ready
        return ready.done() and not ready.cancelled() and ready.exception() is None


class Line:
    """Who waits for room in its own chat holds nobody else up; the room that all share is given in
    the order of arrival.

    Args:
        limits: The budgets, none of which is ever exceeded.
        max_wait_s: What would wait longer is refused, at once where that can be foreseen.
        shut: Why nothing may leave now, asked for what is excused and for what is not.
        clock: Seconds that nobody can set.
    """

    def __init__(
        self,
        limits: tuple[Budget, ...],
        *,
        max_wait_s: float,
        shut: Callable[[bool], Refused | None],
        clock: Callable[[], float],
    ) -> None:
        self.windows = Windows(limits)
        self._max_wait_s, self._shut, self._clock = max_wait_s, shut, clock
        self._waiters: list[_Waiter] = []
        self._timer: asyncio.TimerHandle | None = None

    def used(self) -> Mapping[str, tuple[int, int]]:
        """Of each budget that all chats share: messages that count against it now, and the most."""
        counted = self.windows.used(self._clock())
        return {budget.name: (used, budget.limit()) for budget, used in counted}

    async def claim(self, chat_id: str, num: int, *, is_excused: bool) -> int:
        """Wait for room for ``num`` messages, or as many as are allowed together; how many it is.

        Raises:
            Refused: There is none, or not in time.
        """
        num = self.windows.most_at_once(chat_id, num)
        ready = asyncio.get_running_loop().create_future()
        waiter = _Waiter(chat_id, num, is_excused, ready)
        self._waiters.append(waiter)
        try:
            self.admit()
            self._foresee(waiter)
            async with asyncio.timeout(self._max_wait_s):
                await ready
        except TimeoutError:
            if not waiter.has_room:
                _, name = self._expected(waiter)
                raise self._no_room(name) from None
        except asyncio.CancelledError:
            if waiter.has_room:
                self.settle(chat_id, num, left=False)
            raise
        finally:
            self._waiters.remove(waiter)
            self.admit()  # it may have been the one that others waited behind
        return num

    def settle(self, chat_id: str, num: int, *, left: bool) -> None:
        """``num`` that had room have left just now, or never will."""
        self.windows.settle(chat_id, self._clock(), num, left=left)
        self.admit()

    def admit(self) -> None:
        """Give room to all who may have it, tell those who wait in vain, and come back in time."""
        now, soonest = self._clock(), math.inf
        full: set[str] = set()
        for waiter in self._still_waiting():
            if waiter.chat_id in full:
                continue
            own_s, shared_s = self._waits_s(waiter, now)
            if not own_s and not shared_s:
                self.windows.promise(waiter.chat_id, waiter.num)
                waiter.ready.set_result(None)
                continue
            soonest = min(soonest, own_s or shared_s)
            full.add(waiter.chat_id)
            if not own_s:
                break  # nobody may overtake it to the room that all share
        self.close()
        if soonest < math.inf:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(soonest + LATE_S, self.admit)

    def close(self) -> None:
        """Lets go of the event loop's timer."""
        if self._timer is not None:
            self._timer.cancel()

    def _still_waiting(self) -> list[_Waiter]:
        waiting = [waiter for waiter in self._waiters if not waiter.ready.done()]
        for waiter in waiting:
            if refused := self._shut(waiter.is_excused):
                waiter.ready.set_exception(refused)
        return [waiter for waiter in waiting if not waiter.ready.done()]

    def _waits_s(self, waiter: _Waiter, now: float) -> tuple[float, float]:
        """Seconds until there may be room in its own chat, and in what all share; 0: now."""
        own_s = shared_s = 0.0
        for budget, window in self.windows.of(waiter.chat_id):
            wait_s = window.wait_s(now, waiter.num, budget.limit())
            if budget.per_chat:
                own_s = max(own_s, wait_s)
            else:
                shared_s = max(shared_s, wait_s)
        return own_s, shared_s

    def _foresee(self, waiter: _Waiter) -> None:
        if not waiter.ready.done():
            wait_s, name = self._expected(waiter)
            if wait_s >= self._max_wait_s:
                raise self._no_room(name)

    def _expected(self, waiter: _Waiter) -> tuple[float, str]:
        """Seconds until its turn at the soonest, those ahead counted, and for which budget."""
        now, own, shared = self._clock(), waiter.num, waiter.num
        for other in self._waiters[: self._waiters.index(waiter)]:
            if other.ready.done():
                continue
            own += other.num if other.chat_id == waiter.chat_id else 0
            # One that waits for room in its own chat is overtaken.
            shared += other.num if not self._waits_s(other, now)[0] else 0
        return max(
            (window.wait_s(now, own if budget.per_chat else shared, budget.limit()), budget.setting)
            for budget, window in self.windows.of(waiter.chat_id)
        )

    def _no_room(self, name: str) -> Refused:
        detail = f"{name} has no room within deliver.max_wait_s ({self._max_wait_s:g} s)"
        return Refused(Gate.BUDGET, detail)
