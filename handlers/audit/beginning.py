"""What a start writes: the run it begins, and the end of what the last one left unfinished."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from handlers.audit.journal import Journal
from handlers.audit.schema import Run, exchanges, runs
from handlers.exchange import Gate, Outcome


@dataclass(frozen=True, slots=True)
class Recovered:
    """Rows that the last run left unfinished, and what they were made into at the start."""

    uncertain: int
    interrupted: int


def add_run(connection: sa.Connection, journal: Journal, run: Run, now: float) -> int:
    run_id: int = connection.scalar(next_of(runs.c.id)) or 1
    connection.execute(runs.insert().values(asdict(run) | {"id": run_id, "started_at": now}))
    journal.started(connection, now, [run_id])
    return run_id


def recover(connection: sa.Connection, journal: Journal, now: float) -> Recovered:
    outcome = exchanges.c.outcome
    sending, waiting = (
        outcome == Outcome.SENDING,
        outcome.in_((Outcome.RECEIVED, Outcome.DECIDED)),
    )
    ids = list(connection.scalars(sa.select(exchanges.c.id).where(sending | waiting)))
    vouched = journal.vouched(connection, ids)
    uncertain = _settle(connection, sending, now, outcome=Outcome.UNCERTAIN)
    interrupted = _settle(
        connection,
        waiting,
        now,
        outcome=Outcome.SILENT,
        gate=Gate.INTERRUPTED,
        detail=outcome,
    )
    journal.wrote(connection, now, [id_ for id_ in ids if id_ in vouched])
    return Recovered(uncertain, interrupted)


def _settle(
    connection: sa.Connection, meant: sa.ColumnElement[bool], now: float, **values: object
) -> int:
    """Writes ``values`` into the rows that are meant; how many they are."""
    update = exchanges.update().where(meant).values(values | {"updated_at": now})
    return connection.execute(update).rowcount


def next_of(column: sa.Column[Any]) -> sa.Select[int]:
    """One more than the highest there is."""
    return sa.select(sa.func.coalesce(sa.func.max(column), 0) + 1)
