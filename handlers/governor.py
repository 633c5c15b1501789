"""The one door through which everything leaves: never over a budget, and not while it is shut."""

from __future__ import annotations

import asyncio
import math
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType

import structlog

import settings
from handlers.budgets import Past, budgets
from handlers.clearance import Clearance
from handlers.exchange import Gate
from handlers.line import Line
from handlers.refusal import Refused, Restricted
from handlers.windows import LATE_S, Budget

log = structlog.get_logger()


def since_boot() -> float:
    """Seconds that nobody can set, and that go on while a laptop sleeps."""
    if sys.platform == "linux":  # where the monotonic clock stands still meanwhile
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


class Governor:
    """Lets messages leave one at a time, ``gap_s`` apart, within budgets over sliding windows.

    The clock is one that cannot be set: with the wall's, one set forward would open a flood, and
    one set back would shut the door for as long.

    Without budgets, as it is made by default, it keeps the gap alone: for the console, where
    nobody can be restricted.

    Args:
        limits: The budgets, none of which is ever exceeded.
        gap_s: Least seconds between the end of one send and the begin of the next.
        max_wait_s: What would wait longer is refused, at once where that can be foreseen.
        rest_s: Seconds in which nothing leaves after the platform said that it was too much.
        quiet: The span of quiet hours that it is now, or None.
        rested: Told when such a rest is over.
        clock: Seconds.
    """

    def __init__(
        self,
        limits: tuple[Budget, ...] = (),
        *,
        gap_s: float,
        max_wait_s: float = 0.0,
        rest_s: float = 0.0,
        quiet: Callable[[], str | None] = lambda: None,
        rested: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = since_boot,
    ) -> None:
        self._line = Line(limits, max_wait_s=max_wait_s, shut=self._shut, clock=clock)
        self._gap_s, self._rest_s = gap_s, rest_s
        self._quiet, self._rested, self._clock = quiet, rested, clock
        self._door = asyncio.Lock()
        self._free_at = self._shut_until = -math.inf
        self._timer: asyncio.TimerHandle | None = None

    @classmethod
    def of(
        cls,
        pace: settings.Deliver,
        past: Past,
        *,
        quiet: Callable[[], str | None],
        rested: Callable[[], None],
        chats: Mapping[str, settings.ChatOverride] = MappingProxyType({}),
        clock: Callable[[], float] = since_boot,
        wall: Callable[[], float] = time.time,
    ) -> Governor:
        """The governor of an account that can be restricted; needs a running event loop.

        Args:
            chats: ``answer.chats``, where single chats have budgets of their own.
            wall: Unix seconds now, asked once, to measure the past by. What lies in the future
                by it counts as of just now: a clock that was set back must free nothing.
        """
        start, now = clock(), wall()
        age_s = max(0.0, now - past.first_run_at)
        governor = cls(
            budgets(pace, lambda: age_s + clock() - start, chats),
            gap_s=pace.gap_s,
            max_wait_s=pace.max_wait_s,
            rest_s=pace.rest_s,
            quiet=quiet,
            rested=rested,
            clock=clock,
        )
        for one in sorted(past.departures, key=lambda departure: departure.at):
            left_at = start - max(0.0, now - one.at)
            governor._line.windows.recall(one.chat_id, left_at, one.num)
            governor._free_at = left_at + pace.gap_s
        if past.restricted_at is not None:
            governor.restrict(now - past.restricted_at)
        return governor

    @property
    def is_resting(self) -> bool:
        return self._clock() < self._shut_until

    def used(self) -> Mapping[str, tuple[int, int]]:
        """Of each budget that all chats share: messages that count against it now, and the most."""
        return self._line.used()

    @property
    def num_chats(self) -> int:
        """Chats whose last messages it still has in mind."""
        return self._line.windows.num_chats

    def restrict(self, ago_s: float = 0.0) -> None:
        """The platform said, so long ago, that it was too much: nothing leaves for ``rest_s``."""
        left_s = self._rest_s - max(0.0, ago_s)
        if left_s <= 0:  # over by now, as gateways replay old messages; or none is wanted
            return
        log.error("account.restricted", rest_s=round(left_s))
        if (until := self._clock() + left_s) > self._shut_until:
            self._shut_until = until
            self._end_rest()
            self._line.admit()

    def close(self) -> None:
        """Lets go of the event loop's timers."""
        self._line.close()
        if self._timer is not None:
            self._timer.cancel()

    @asynccontextmanager
    async def clearance(
        self, chat_id: str, num: int, *, is_owner: bool = False
    ) -> AsyncIterator[Clearance]:
        """Room for ``num`` messages to one chat, before the first of them leaves.

        Where fewer are allowed at a time, for as many as that; the others wait for theirs when
        they come. Room that is not used is given back.

        Args:
            is_owner: Whether it is for the owner, to whom it may leave in quiet hours, too.

        Raises:
            Refused: There is none, or not in time.
        """
        clearance = Clearance(self._line, self._turn, chat_id, num, is_owner=is_owner)
        await clearance.ask()
        try:
            yield clearance
        finally:
            self._line.settle(chat_id, clearance.num_promised, left=False)

    @asynccontextmanager
    async def _turn(self, is_excused: bool) -> AsyncIterator[None]:
        async with self._door:
            # Not once: the loop's clock may run ahead of ours.
            while (left_s := self._free_at - self._clock()) > 0:  # noqa: ASYNC110
                await asyncio.sleep(left_s)
            if refused := self._shut(is_excused):
                raise refused
            try:
                yield
            except Restricted:
                self.restrict()
                raise
            finally:
                self._free_at = self._clock() + self._gap_s

    def _shut(self, is_excused: bool) -> Refused | None:
        """Why nothing may leave now; what is excused may leave in quiet hours."""
        if (left_s := self._shut_until - self._clock()) > 0:
            detail = f"the platform said it was too much; it has to rest another {left_s:.0f} s"
            return Refused(Gate.RESTRICTED, detail)
        if not is_excused and (span := self._quiet()):
            return Refused(Gate.QUIET, f"deliver.quiet_hours: {span}")
        return None

    def _end_rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if (left_s := self._shut_until - self._clock()) > 0:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(left_s + LATE_S, self._end_rest)
            return
        log.info("account.rested")
        self._rested()
