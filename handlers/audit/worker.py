"""The one thread on which the audit log writes, so that no disk holds up the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import structlog

from handlers.audit.errors import AuditError

log = structlog.get_logger()
T = TypeVar("T")


class Worker:
    """One thread; jobs run in the order they were handed in, none is left out."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="audit")
        self.is_stopped = False

    def do(self, job: Callable[[], T]) -> asyncio.Future[T]:
        if self.is_stopped:
            raise AuditError("the audit log is closed; nothing can be written to it any more")
        done = asyncio.wrap_future(self._pool.submit(job))
        # Cancelling the future of a waiting job would take that job out of the queue.
        awaited = asyncio.shield(done)

        def watch(_: object) -> None:
            if awaited.cancelled():
                done.add_done_callback(_tell)

        awaited.add_done_callback(watch)
        return awaited

    def stop(self) -> None:
        """Takes no more jobs; those handed in are still done."""
        self.is_stopped = True
        self._pool.shutdown(wait=False)


def _tell(done: asyncio.Future[Any]) -> None:
    """Tells of the failure of a job whose caller has gone."""
    if not done.cancelled() and (error := done.exception()):
        log.error("audit.failed", error=str(error))
