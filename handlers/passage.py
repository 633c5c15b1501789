"""The way of one message: its stages, its decision, its end, and the one place that catches all."""

from __future__ import annotations

import inspect
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

import structlog

from handlers.exchange import Exchange, Gate

log = structlog.get_logger()

Stage = Callable[[Exchange], Exchange | Awaitable[Exchange]]


class Ledger(Protocol):
    async def receive(self, exchange: Exchange) -> bool: ...
    async def record(self, exchange: Exchange) -> None: ...


class Deliver(Protocol):
    async def deliver(self, exchange: Exchange) -> Exchange: ...


class Passage:
    """Takes one message at a time through stages, and knows which are on their way.

    Args:
        done: Told of each exchange when it has ended.
    """

    def __init__(
        self, deliverer: Deliver, ledger: Ledger, done: Sequence[Callable[[Exchange], None]]
    ) -> None:
        self._deliverer, self._ledger, self._done = deliverer, ledger, done
        self._under_way: dict[str, Exchange] = {}

    @property
    def under_way(self) -> tuple[Exchange, ...]:
        """What has begun, has not ended, and has not been given to the deliverer."""
        return tuple(self._under_way.values())

    async def run(self, stages: Mapping[str, Stage], exchange: Exchange) -> Exchange:
        """Through the stages, by name, until one sets a gate or a reply."""
        self._under_way[exchange.id] = exchange
        for name, stage in stages.items():
            start = time.perf_counter()
            try:
                result = stage(exchange)
                exchange = await result if inspect.isawaitable(result) else result
            except Exception as error:
                log.exception("stage.failed", stage=name, exchange=exchange.id)
                exchange = exchange.stopped(Gate.ERROR, f"{name}: {type(error).__name__}: {error}")
            exchange = exchange.timed(name, (time.perf_counter() - start) * 1000)
            self._under_way[exchange.id] = exchange
            if exchange.gate is not None or exchange.reply is not None:
                break
        return exchange

    async def conclude(self, exchange: Exchange) -> None:
        """Record what was decided, then deliver it, if there is anything to deliver."""
        if exchange.reply is None:
            await self.end(exchange)
            return
        self._under_way[exchange.id] = exchange
        try:
            await self._ledger.record(exchange)
            # From here on the deliverer accounts for it: only that knows whether it may have left.
            del self._under_way[exchange.id]
            start = time.perf_counter()
            exchange = await self._deliverer.deliver(exchange)
            exchange = exchange.timed("deliver", (time.perf_counter() - start) * 1000)
        except Exception as error:  # without a row nothing has left
            log.exception("delivery.refused", exchange=exchange.id)
            exchange = exchange.stopped(Gate.ERROR, f"deliver: {type(error).__name__}: {error}")
        await self.end(exchange)

    async def end(self, exchange: Exchange) -> None:
        """Record how it ended, and tell the listeners."""
        self._under_way.pop(exchange.id, None)
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
            try:
                listener(exchange)
            except Exception:
                log.exception("listener.failed", exchange=exchange.id)
