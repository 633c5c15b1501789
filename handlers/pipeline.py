"""Chats side by side, the messages of each chat in order, and bursts answered together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import structlog

import settings
from handlers.exchange import Exchange, Gate, Message
from handlers.passage import Deliver, Ledger, Passage, Stage
from handlers.waiting import Waiting

__all__ = ["Pipeline", "Stage"]

log = structlog.get_logger()

#: Messages that are read at once, and as many that are answered: what the engine's queue takes in
#: all. The others wait here, where it is known which to drop; a full engine refuses any.
AT_ONCE = 32
#: A burst is answered after so many quiet windows at the latest, however long somebody types on.
MAX_WINDOWS = 4
#: Seconds in which a stop records what it stopped, and rows it has written at once: the audit log
#: commits together what waits together.
ACCOUNT_S, ACCOUNT_AT_ONCE = 1.5, 100


async def _ignored(message: Message) -> None:
    """Nobody needs to know of it."""


class Pipeline:
    """Takes every message through the stages: chats side by side, each chat in order.

    Args:
        read: Stages every message goes through, by name, until one sets a gate or a reply.
        write: The stage that writes a reply for what is left.
        pace: How many messages may wait in one chat and in all.
        burst_s: Quiet seconds that end a burst of one person; 0: each message is answered by
            itself.
        done: Told of each exchange when it has ended, e.g. to show it in a terminal.
        is_spare: Whether a message may be dropped where too many wait; see ``Waiting``.
        arrived: Told of each message once it is on record, before it waits behind the answer to
            the one before: an own message there may have that answer dropped. Raises nothing.
    """

    def __init__(  # noqa: PLR0913 - each is one narrow thing it needs
        self,
        *,
        read: Mapping[str, Stage],
        write: Stage,
        deliverer: Deliver,
        ledger: Ledger,
        pace: settings.Deliver,
        burst_s: float,
        done: Sequence[Callable[[Exchange], None]] = (),
        is_spare: Callable[[Message], bool] = lambda message: not message.is_direct,
        arrived: Callable[[Message], Awaitable[None]] = _ignored,
    ) -> None:
        self._read_stages, self._write_stage = read, write
        self._ledger, self._passage = ledger, Passage(deliverer, ledger, done)
        self._waiting, self._burst_s = Waiting(pace, is_spare), burst_s
        self._arrived = arrived
        self._reading, self._writing = asyncio.Semaphore(AT_ONCE), asyncio.Semaphore(AT_ONCE)
        self._arrivals: dict[str, asyncio.Event] = {}
        self._workers: set[asyncio.Task[None]] = set()
        self.is_stopping = False

    @property
    def num_waiting(self) -> int:
        return len(self._waiting)

    async def submit(self, message: Message) -> None:
        """Take a message in; returns once it is on record and queued, long before its answer.

        Raises:
            AuditError: It could not be recorded, so it was not taken.
        """
        exchange = Exchange(message)
        if not await self._ledger.receive(exchange):
            log.info("message.seen", message=message.id)
            return
        await self._arrived(message)
        if self.is_stopping:
            await self._stop(exchange)
            return
        dropped = self._waiting.put(exchange)
        if dropped is not exchange:
            self._attend(message.chat_id)
        if dropped is not None:
            detail = f"{self.num_waiting} messages were waiting"
            self._start(self._passage.end(dropped.stopped(Gate.OVERLOADED, detail)))

    def _attend(self, chat_id: str) -> None:
        """Wake who serves the chat, or have it served."""
        if chat_id in self._arrivals:
            self._arrivals[chat_id].set()
            return
        self._arrivals[chat_id] = asyncio.Event()
        self._start(self._serve(chat_id))

    def say(self, exchange: Exchange) -> None:
        """Deliver what the bot says by itself (a welcome, a word to the owner), on record too.

        Returns at once: whoever calls is in the way of the next message, and delivery takes its
        time on purpose.
        """
        self._start(self._passage.conclude(exchange))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        worker = asyncio.create_task(work)
        self._workers.add(worker)
        worker.add_done_callback(self._workers.discard)

    async def drain(self, timeout: float) -> None:
        """Take nothing more; finish what is under way for ``timeout`` s; account for the rest."""
        self.is_stopping = True
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                while self._workers:  # the end of one may have something said, which is another
                    await asyncio.wait(self._workers)
        for worker in list(self._workers):
            worker.cancel()
        if self._workers:  # not for ever: what a worker records last may wait for a disk
            await asyncio.wait(self._workers, timeout=ACCOUNT_S)
        await self._account([*self._passage.under_way, *self._waiting.clear()])

    async def _account(self, left: Sequence[Exchange]) -> None:
        """Record what was stopped, while there is time; the next start settles the other rows."""
        start = 0
        try:
            async with asyncio.timeout(ACCOUNT_S):
                for start in range(0, len(left), ACCOUNT_AT_ONCE):
                    few = left[start : start + ACCOUNT_AT_ONCE]
                    await asyncio.gather(*(self._stop(each) for each in few))
        except TimeoutError:
            log.warning("drain.left_to_the_next_start", messages=len(left) - start)

    async def _stop(self, exchange: Exchange) -> None:
        await self._passage.end(exchange.stopped(Gate.STOPPING, "the bot was stopped"))

    # -- one chat ----------------------------------------------------------------------

    async def _serve(self, chat_id: str) -> None:
        """Handle one chat's messages until none is left, then go away."""
        burst: list[Exchange] = []
        opened = 0.0
        while True:
            comes = await self._comes(chat_id, burst, opened)
            if not comes and not burst:
                del self._arrivals[chat_id]
                return
            exchange = await self._read(chat_id) if comes else None
            if comes and (exchange is None or exchange.gate is not None):
                continue
            # A command, or another person, closes the burst before it.
            if burst and not (exchange and _continues(burst[-1], exchange)):
                await self._answer(burst)
                burst = []
            if exchange is not None and exchange.reply is not None:
                await self._passage.conclude(exchange)
            elif exchange is not None:
                opened = opened if burst else time.monotonic()
                burst.append(exchange)

    async def _comes(self, chat_id: str, burst: Sequence[Exchange], opened: float) -> bool:
        """Whether the chat has a next message; an open burst is given time for one."""
        if burst:
            left = min(self._burst_s, opened + MAX_WINDOWS * self._burst_s - time.monotonic())
            if left <= 0:
                return False
            if not self._waiting.num_in(chat_id):
                arrival = self._arrivals[chat_id]
                arrival.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(arrival.wait(), left)
        return self._waiting.num_in(chat_id) > 0

    async def _read(self, chat_id: str) -> Exchange | None:
        """The chat's next message, read, and ended if that ended it; None where it was dropped."""
        async with self._reading:  # it waits its turn where it may still be dropped
            exchange = self._waiting.pop(chat_id)
            if exchange is None:
                return None
            exchange = await self._passage.run(self._read_stages, exchange)
        if exchange.gate is not None:
            await self._passage.end(exchange)
        return exchange

    async def _answer(self, burst: Sequence[Exchange]) -> None:
        """Answer the messages of one burst together, in the exchange of the last."""
        *earlier, last = burst
        for exchange in earlier:
            await self._passage.end(exchange.stopped(Gate.MERGED, last.id))
        together = "\n".join(exchange.cleaned for exchange in burst)
        asked = replace(last, cleaned=together)
        async with self._writing:
            answered = await self._passage.run({"reply": self._write_stage}, asked)
        await self._passage.conclude(replace(answered, cleaned=last.cleaned))


def _continues(last: Exchange, exchange: Exchange) -> bool:
    """Whether a message belongs to the burst that ``last`` is in."""
    same_person = last.message.talker_id == exchange.message.talker_id
    return same_person and exchange.reply is None
