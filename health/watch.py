"""Everything a supervisor is told, for as long as the bot runs: what the composition root opens."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Protocol

from handlers.exchange import Exchange
from health.checks import live, ready
from health.metrics import Gauges, Metrics, Start
from health.server import HealthServer
from health.systemd import READY, Systemd


class Model(Protocol):
    @property
    def num_waiting(self) -> int: ...
    @property
    def step_s(self) -> float: ...


class Account(Protocol):
    @property
    def online(self) -> bool: ...


class Pipeline(Protocol):
    is_stopping: bool

    @property
    def num_waiting(self) -> int: ...


class Governor(Protocol):
    @property
    def is_resting(self) -> bool: ...
    def used(self) -> Mapping[str, tuple[int, int]]: ...


class Ledger(Protocol):
    async def touch(self) -> None: ...


class Watch:
    """The pages, the figures on them, and the signs of life to systemd.

    Args:
        start: What this run is of.
        is_breaker_open: Whether the model is left alone after failures.
        reply_timeout_s: A step of the model that lasts 30 s longer than this never ends.
    """

    def __init__(
        self,
        start: Start,
        *,
        model: Model,
        account: Account,
        pipeline: Pipeline,
        governor: Governor,
        ledger: Ledger,
        is_breaker_open: Callable[[], bool],
        reply_timeout_s: float,
    ) -> None:
        self._is_warm = False
        self._systemd = Systemd(os.environ)
        self._live = live(lambda: model.step_s, reply_timeout_s=reply_timeout_s)
        self._ready = ready(
            is_warm=lambda: self._is_warm,
            is_online=lambda: account.online,
            is_breaker_open=is_breaker_open,
            is_resting=lambda: governor.is_resting,
            is_stopping=lambda: pipeline.is_stopping,
            touch=ledger.touch,
        )
        queues = {"messages": lambda: pipeline.num_waiting, "model": lambda: model.num_waiting}
        self._metrics = Metrics(
            start,
            Gauges(
                waiting=queues,
                is_online=lambda: account.online,
                is_breaker_open=is_breaker_open,
                is_resting=lambda: governor.is_resting,
                sends=governor.used,
            ),
        )

    def ended(self, exchange: Exchange) -> None:
        """Count one exchange that has ended: a listener of the pipeline."""
        self._metrics.ended(exchange)

    def warm(self) -> None:
        """From here on the model answers at its usual speed; systemd is told that the bot is up."""
        self._is_warm = True
        self._systemd.tell(READY)

    @asynccontextmanager
    async def kept(self, bound: socket.socket | None) -> AsyncIterator[None]:
        """/live, /ready and /metrics, and signs of life to systemd, until the block ends.

        Args:
            bound: Where the pages are served, see ``bind``; None for none.

        Raises:
            PortTaken: Another program listened there first.
        """
        asked = {
            "/live": self._live.page,
            "/ready": self._ready.page,
            "/metrics": self._metrics.page,
        }
        async with AsyncExitStack() as stack:
            if bound is not None:
                await stack.enter_async_context(HealthServer(bound, asked))
            watching = asyncio.create_task(self._systemd.watch(self._live), name="watchdog")
            stack.callback(watching.cancel)
            yield
