"""Transactions that wait for the disk together go to it together: one commit for all of them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from handlers.audit.database import Database
from handlers.audit.worker import Worker

T = TypeVar("T")
Job = Callable[[sa.Connection], T]

#: Transactions that one commit may hold: under half a second of work, so that nobody waits long.
MOST = 128


@dataclass(eq=False, slots=True)
class _Entry(Generic[T]):
    job: Job[T]
    done: Future[T] = field(default_factory=Future)


class Batches:
    """Runs jobs in the order they were handed in, each as if in a transaction of its own.

    A commit waits for the disk, and a message needs about four. What was handed in while the disk
    was busy shares the next one. Measured on two busy cores, in turns: of 400 writes at once, 97,
    170 and 81 a second each by itself, and 157, 429 and 312 together. Where a job of a batch
    fails, nothing of the batch is kept, and each of its jobs runs again alone.
    """

    def __init__(self, worker: Worker, database: Database) -> None:
        self._worker, self._database = worker, database
        self._waiting: deque[_Entry[Any]] = deque()

    def do(self, job: Job[T]) -> asyncio.Future[T]:
        """Its result, once it is on the disk.

        Raises:
            AuditError: The log is closed. All else the future raises.
        """
        entry = _Entry(job)
        if not self._worker.is_stopped:
            self._waiting.append(entry)
        return self._worker.do(partial(self._result, entry))

    def _result(self, entry: _Entry[T]) -> T:
        """In the worker's thread: of its batch, if it was in one; else it is the first of one."""
        if not entry.done.done():
            self._run([self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))])
        return entry.done.result()

    def _run(self, batch: Sequence[_Entry[Any]]) -> None:
        is_committing = False
        try:
            with self._database.begin() as connection:
                results = [entry.job(connection) for entry in batch]
                is_committing = True
        except BaseException as error:
            if len(batch) == 1 or is_committing:  # whether a failed commit is on the disk is open
                for entry in batch:
                    entry.done.set_exception(error)
                return
            for entry in batch:
                self._run([entry])
            return
        for entry, result in zip(batch, results, strict=True):
            entry.done.set_result(result)
