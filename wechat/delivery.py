"""Events of a puppet, handed to their listeners one at a time in the order they came.

Upstream starts one task an event, with no bound: of 500 messages up to 494 were handled at once, in
an order of their own, and a login could be handled after the first message of its session.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import structlog

log = structlog.get_logger()

#: What a puppet's event carries is upstream's: one class an event, all untyped.
Listener = Callable[[Any], Awaitable[None]]


class Delivery:
    """A queue of events, a worker that empties it, and who listens.

    Args:
        room: Events that may wait before ``put`` does. A gateway that sends faster than messages
            are taken in is slowed down by that, through the flow control of HTTP/2.
    """

    def __init__(self, room: int = 32) -> None:
        self._waiting: asyncio.Queue[tuple[str, object, bool]] = asyncio.Queue()
        self._room = asyncio.Semaphore(room)
        self._listeners: dict[str, list[Listener]] = {}
        self._turn = asyncio.Lock()
        self._worker: asyncio.Task[None] | None = None

    def listen(self, event: str, listener: Listener) -> None:
        self._listeners.setdefault(event, []).append(listener)

    def count(self, event: str) -> int:
        return len(self._listeners.get(event, ()))

    async def put(self, event: str, payload: object) -> None:
        """Queue an event; waits until there is room."""
        await self._room.acquire()
        self._waiting.put_nowait((event, payload, True))

    def put_now(self, event: str, payload: object) -> None:
        """Queue an event, room or not: for those that are ours and few."""
        self._waiting.put_nowait((event, payload, False))

    def start(self) -> None:
        self._worker = asyncio.create_task(self._work(), name="wechat-delivery")

    async def stop(self, grace_s: float = 5.0) -> None:
        """Let the listener at work finish, for at most ``grace_s``; what waits is dropped."""
        worker, self._worker = self._worker, None
        if (
            worker is None or worker is asyncio.current_task()
        ):  # called by a listener: ends after it
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(grace_s), self._turn:
                worker.cancel()
        worker.cancel()
        await asyncio.wait([worker])

    async def _work(self) -> None:
        while True:
            event, payload, held_room = await self._waiting.get()
            if held_room:
                self._room.release()
            async with self._turn:
                for listener in self._listeners.get(event, ()):
                    await _tell(listener, event, payload)
            if self._worker is not asyncio.current_task():
                return


async def _tell(listener: Listener, event: str, payload: object) -> None:
    try:
        await listener(payload)
    except Exception:
        # The one place where a fault of a listener ends; the next event must not suffer from it.
        log.exception("event.failed", of=event)
