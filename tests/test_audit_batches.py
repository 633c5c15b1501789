"""Commits shared by what waits for the disk together: as if each were alone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from handlers.audit.batches import MOST, Batches, Job
from handlers.audit.database import Database
from handlers.audit.errors import AuditError
from handlers.audit.worker import Worker
from settings import Audit

scratch = sa.Table("scratch", sa.MetaData(), sa.Column("n", sa.Integer, primary_key=True))


class CountingDatabase(Database):
    """Counts its commits, and fails them when told to."""

    num_commits = 0
    fails = False

    @contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        with super().begin() as connection:
            yield connection
            if self.fails:
                raise AuditError("the disk is gone")
        self.num_commits += 1


class Bed:
    def __init__(self, database: CountingDatabase) -> None:
        self.database, self.worker = database, Worker()
        self.batches = Batches(self.worker, database)
        self.num_run = 0

    def insert(self, n: int) -> Job[int]:
        """A job that writes a number once; the second time it is refused."""

        def job(connection: sa.Connection) -> int:
            self.num_run += 1
            connection.execute(scratch.insert().values(n=n))
            return n

        return job

    async def stored(self) -> list[int]:
        return await self.batches.do(lambda c: list(c.scalars(sa.select(scratch.c.n))))

    @contextmanager
    def busy(self) -> Iterator[None]:
        """While the disk is held up, so that what is handed in has to wait."""
        hold = threading.Event()
        self.worker.do(hold.wait)
        yield
        hold.set()


@pytest.fixture
async def bed(tmp_path: Path) -> AsyncIterator[Bed]:
    bed = Bed(CountingDatabase.to_write(Audit(folder=str(tmp_path))))  # type: ignore[arg-type]
    await bed.batches.do(scratch.create)
    bed.database.num_commits = 0
    yield bed
    bed.worker.do(bed.database.close)
    bed.worker.stop()


async def test_what_waits_together_is_committed_together(bed: Bed) -> None:
    """A hundred writes that waited: one commit, each result its own, in order."""
    with bed.busy():
        waiting = [bed.batches.do(bed.insert(n)) for n in range(100)]

    assert list(range(100)) == await asyncio.gather(*waiting)
    assert 1 == bed.database.num_commits
    assert list(range(100)) == await bed.stored()


async def test_no_commit_is_endless(bed: Bed) -> None:
    """Three times the most that a commit may hold, and one: four commits."""
    with bed.busy():
        waiting = [bed.batches.do(bed.insert(n)) for n in range(3 * MOST + 1)]
    await asyncio.gather(*waiting)

    assert 4 == bed.database.num_commits


async def test_a_refused_write_fails_alone(bed: Bed) -> None:
    """Of fifty writes two are refused: those two raise, and the others are all kept, once."""
    numbers = [*range(25), 7, *range(25, 48), 7]
    with bed.busy():
        waiting = [bed.batches.do(bed.insert(n)) for n in numbers]
    results = await asyncio.gather(*waiting, return_exceptions=True)

    errors = [place for place, result in enumerate(results) if isinstance(result, AuditError)]
    assert [25, 49] == errors
    assert list(range(48)) == await bed.stored()


async def test_a_failed_commit_fails_all_of_it(bed: Bed) -> None:
    """Whether it is on the disk nobody knows, so nothing is run again; the next writes work."""
    bed.database.fails = True
    with bed.busy():
        waiting = [bed.batches.do(bed.insert(n)) for n in range(10)]
    results = await asyncio.gather(*waiting, return_exceptions=True)
    bed.database.fails = False

    assert [AuditError] * 10 == [type(result) for result in results]
    assert 10 == bed.num_run
    assert 3 == await bed.batches.do(bed.insert(3))


async def test_a_write_whose_caller_gave_up_is_made(bed: Bed) -> None:
    """A cancelled call is carried out in its place, as those around it are."""
    with bed.busy():
        waiting = [bed.batches.do(bed.insert(n)) for n in range(3)]
        waiting[1].cancel()

    assert [0, 2] == [await waiting[0], await waiting[2]]
    assert [0, 1, 2] == await bed.stored()


async def test_nothing_is_taken_after_the_end(bed: Bed) -> None:
    """A closed log refuses at once, and what was handed in before is still written."""
    with bed.busy():
        before = bed.batches.do(bed.insert(1))
        bed.worker.stop()
        with pytest.raises(AuditError, match="closed"):
            bed.batches.do(bed.insert(2))

    assert 1 == await before
    bed.database.close()
    bed.worker = Worker()
