"""The order of the stages, the order within each chat, and the one place that catches all."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import structlog

import settings
from handlers.exchange import Exchange, Gate, Message

log = structlog.get_logger()

Stage = Callable[[Exchange], Exchange | Awaitable[Exchange]]

#: A burst is answered after so many quiet windows at the latest, however long somebody types on.
MAX_WINDOWS = 4


class Ledger(Protocol):
    async def receive(self, exchange: Exchange) -> bool: ...
    async def record(self, exchange: Exchange) -> None: ...


class Deliver(Protocol):
    async def deliver(self, exchange: Exchange) -> Exchange: ...


class Pipeline:
    """Takes every message through the stages: chats side by side, each chat in order.

    Args:
        read: Stages every message goes through, by name, until one sets a gate or a reply.
        write: The stage that writes a reply for what is left.
        pace: How many messages may wait in one chat and in all.
        burst_s: Quiet seconds that end a burst of one person; 0: each message is answered by
            itself.
        done: Told of each exchange when it has ended, e.g. to show it in a terminal.
    """

    def __init__(
        self,
        *,
        read: Mapping[str, Stage],
        write: Stage,
        deliverer: Deliver,
        ledger: Ledger,
        pace: settings.Deliver,
        burst_s: float,
        done: Sequence[Callable[[Exchange], None]] = (),
    ) -> None:
        self._read_stages, self._write_stage = read, write
        self._deliverer, self._ledger, self._done = deliverer, ledger, done
        self._pace, self._burst_s = pace, burst_s
        self._queues: dict[str, asyncio.Queue[Exchange]] = {}
        self._workers: set[asyncio.Task[None]] = set()
        self._stopping = False

    @property
    def num_waiting(self) -> int:
        return sum(queue.qsize() for queue in self._queues.values())

    async def submit(self, message: Message) -> None:
        """Take a message in; returns once it is on record and queued, long before its answer.

        Raises:
            AuditError: It could not be recorded, so it was not taken.
        """
        exchange = Exchange(message)
        if not await self._ledger.receive(exchange):
            log.info("message.seen", message=message.id)
            return
        if gate := self._refusal(message.chat_id):
            await self._end(exchange.stopped(gate, f"{self.num_waiting} messages were waiting"))
            return
        if message.chat_id not in self._queues:
            self._queues[message.chat_id] = asyncio.Queue()
            self._start(self._serve(message.chat_id))
        self._queues[message.chat_id].put_nowait(exchange)

    def _refusal(self, chat_id: str) -> Gate | None:
        if self._stopping:
            return Gate.STOPPING
        waiting_here = self._queues[chat_id].qsize() if chat_id in self._queues else 0
        if waiting_here >= self._pace.max_waiting_chat:
            return Gate.OVERLOADED
        return Gate.OVERLOADED if self.num_waiting >= self._pace.max_waiting else None

    def say(self, exchange: Exchange) -> None:
        """Deliver what the bot says by itself (a welcome, a word to the owner), on record too.

        Returns at once: whoever calls is in the way of the next message, and delivery takes its
        time on purpose.
        """
        self._start(self._conclude(exchange))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        worker = asyncio.create_task(work)
        self._workers.add(worker)
        worker.add_done_callback(self._workers.discard)

    async def drain(self, timeout: float) -> None:
        """Take nothing more; finish what is under way for ``timeout`` s; account for the rest."""
        self._stopping = True
        if self._workers:
            await asyncio.wait(self._workers, timeout=timeout)
        for worker in list(self._workers):
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        for queue in self._queues.values():
            while not queue.empty():
                await self._end(queue.get_nowait().stopped(Gate.STOPPING, "the bot was stopped"))

    # -- one chat ----------------------------------------------------------------------

    async def _serve(self, chat_id: str) -> None:
        """Handle one chat's messages until none is left, then go away."""
        burst: list[Exchange] = []
        opened = 0.0
        while True:
            exchange = await self._next(chat_id, burst, opened)
            if exchange is None and not burst:
                del self._queues[chat_id]
                return
            if exchange is not None:
                exchange = await self._run(self._read_stages, exchange)
                if exchange.gate is not None:
                    await self._end(exchange)
                    continue
            # A command, or another person, closes the burst before it.
            if burst and not (exchange and _continues(burst[-1], exchange)):
                await self._answer(burst)
                burst = []
            if exchange is not None and exchange.reply is not None:
                await self._conclude(exchange)
            elif exchange is not None:
                opened = opened if burst else time.monotonic()
                burst.append(exchange)

    async def _next(
        self, chat_id: str, burst: Sequence[Exchange], opened: float
    ) -> Exchange | None:
        """The chat's next message; None when there is none and nobody need be waited for."""
        queue, window = self._queues[chat_id], self._burst_s
        left = min(window, opened + MAX_WINDOWS * window - time.monotonic()) if burst else 0
        if burst and left > 0:
            try:
                return await asyncio.wait_for(queue.get(), left)
            except TimeoutError:
                return None
        if burst or queue.empty():
            return None
        return queue.get_nowait()

    async def _answer(self, burst: Sequence[Exchange]) -> None:
        """Answer the messages of one burst together, in the exchange of the last."""
        *earlier, last = burst
        for exchange in earlier:
            await self._end(exchange.stopped(Gate.MERGED, last.id))
        together = "\n".join(exchange.cleaned for exchange in burst)
        asked = replace(last, cleaned=together)
        answered = await self._run({"reply": self._write_stage}, asked)
        await self._conclude(replace(answered, cleaned=last.cleaned))

    # -- one message -------------------------------------------------------------------

    async def _run(self, stages: Mapping[str, Stage], exchange: Exchange) -> Exchange:
        for name, stage in stages.items():
            start = time.perf_counter()
            try:
                result = stage(exchange)
                exchange = await result if inspect.isawaitable(result) else result
            except Exception as error:
                log.exception("stage.failed", stage=name, exchange=exchange.id)
                exchange = exchange.stopped(Gate.ERROR, f"{name}: {type(error).__name__}: {error}")
            exchange = exchange.timed(name, (time.perf_counter() - start) * 1000)
            if exchange.gate is not None or exchange.reply is not None:
                break
        return exchange

    async def _conclude(self, exchange: Exchange) -> None:
        """Record what was decided, then deliver it, if there is anything to deliver."""
        if exchange.reply is None:
            await self._end(exchange)
            return
        try:
            await self._ledger.record(exchange)
            start = time.perf_counter()
            exchange = await self._deliverer.deliver(exchange)
            exchange = exchange.timed("deliver", (time.perf_counter() - start) * 1000)
        except Exception:
            log.exception("delivery.refused", exchange=exchange.id)
        await self._end(exchange)

    async def _end(self, exchange: Exchange) -> None:
        try:
            await self._ledger.record(exchange)
        except Exception:
            log.exception("audit.failed", exchange=exchange.id)
        log.info(
            "exchange.ended",
            exchange=exchange.id,
            message=exchange.message.id,
            outcome=exchange.outcome,
            gate=exchange.gate,
            mood=exchange.reading.mood if exchange.reading else None,
            ms={name: round(ms) for name, ms in exchange.stage_ms},
        )
        for listener in self._done:
            listener(exchange)


def _continues(last: Exchange, exchange: Exchange) -> bool:
    """Whether a message belongs to the burst that ``last`` is in."""
    same_person = last.message.talker_id == exchange.message.talker_id
    return same_person and exchange.reply is None
