"""Evidence and the steps that were taken on it, kept in the audit log."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from engine.mood import Mood
from handlers.audit.columns import is_meant
from handlers.audit.log import AuditLog
from handlers.audit.schema import exchanges
from handlers.audit.tables import evidence
from handlers.audit.tables import steps as taken
from handlers.conduct import Evidence, Mark, Shown, Step, StepState
from handlers.exchange import Action


class ConductStore:
    """Each method raises AuditError where the log refuses; then nothing of it was kept.

    Ids of rooms and people go in and come back as they are, also with ``audit.pseudonyms``; names
    do not come back then. Times are unix seconds.
    """

    def __init__(self, audit: AuditLog) -> None:
        self._audit = audit

    async def add(self, *found: Evidence) -> None:
        """Keeps evidence, all of it or none; an ``id`` that it brings is not used."""
        rows = [_without_id(asdict(one)) for one in found]
        if rows:
            await self._audit.do(lambda connection: connection.execute(evidence.insert(), rows))

    async def evidence_since(self, since: float) -> tuple[Evidence, ...]:
        """All that counts: since then, not forgiven, oldest first."""
        row = evidence.c
        names = [row[name] for name in Evidence.__slots__]
        found = sa.select(*names).where(row.at >= since, row.forgiven_at.is_(None))
        found = found.order_by(row.at, row.id)
        return await self._audit.do(
            lambda connection: tuple(
                Evidence(**line._mapping) for line in connection.execute(found)
            )
        )

    async def shown(
        self, room_id: str, person_id: str, since: float, *, with_forgiven: bool = False
    ) -> tuple[Shown, ...]:
        """What there is against somebody in a room since then, oldest first."""
        row = evidence.c
        meant = is_meant(row.room_id, room_id) & is_meant(row.person_id, person_id)
        meant &= row.at >= since
        if not with_forgiven:
            meant &= row.forgiven_at.is_(None)
        return await self._audit.do(lambda connection: _shown(connection, meant))

    async def shown_of(self, exchange_id: str) -> tuple[Shown, ...]:
        """What one message is evidence of, forgiven or not."""
        meant = evidence.c.exchange_id == exchange_id
        return await self._audit.do(lambda connection: _shown(connection, meant))

    async def forgive(self, room_id: str, person_id: str, at: float) -> int:
        """Nothing that there is against somebody in a room counts any more; how much there was."""
        row = evidence.c
        return await self._forgive(
            is_meant(row.room_id, room_id) & is_meant(row.person_id, person_id), at
        )

    async def forgive_exchange(self, exchange_id: str, at: float) -> int:
        """The same for what one message is evidence of."""
        return await self._forgive(evidence.c.exchange_id == exchange_id, at)

    async def charge_exchange(self, exchange_id: str) -> int:
        """Takes ``forgive_exchange`` back; how much counts again."""
        meant = (evidence.c.exchange_id == exchange_id) & evidence.c.forgiven_at.is_not(None)
        again = evidence.update().where(meant).values(forgiven_at=None)
        return await self._audit.do(lambda connection: connection.execute(again).rowcount)

    async def take(self, step: Step) -> int:
        """Keeps a step; its id."""
        values = _without_id(asdict(step)) | {"notice_id": step.notice_id or None}
        new = taken.insert().values(values).returning(taken.c.id)
        return await self._audit.do(lambda connection: connection.scalar(new) or 0)

    async def put(self, step_id: int, state: StepState, notice_id: str = "") -> None:
        """Notes how far a step got, and which exchange said it, where that is known."""
        notice = {"notice_id": notice_id} if notice_id else {}
        await self._change(step_id, state=state, **notice)

    async def mark(self, step_id: int, mark: Mark | None, by: str, at: float) -> None:
        """Keeps what an admin says of a step; the last word counts, None takes it back."""
        given = (
            {"marked_by": by, "marked_at": at} if mark else {"marked_by": None, "marked_at": None}
        )
        await self._change(step_id, mark=mark, **given)

    async def step(self, step_id: int) -> Step | None:
        """The step of that id; None where there is none."""
        found = await self._audit.do(lambda connection: _steps(connection, taken.c.id == step_id))
        return found[0] if found else None

    async def steps(
        self, since: float, *, room_id: str = "", person_id: str = "", limit: int = 200
    ) -> tuple[Step, ...]:
        """The newest ``limit`` since then, newest first, in whatever state.

        Args:
            room_id: In that room; empty: in any.
            person_id: About that person, or with them as the other side; empty: about anybody.
        """
        return await self._audit.do(
            lambda connection: steps(
                connection, since, room_id=room_id, person_id=person_id, limit=limit
            )[::-1]
        )

    async def due(self) -> tuple[Step, ...]:
        """Those decided and not known to be carried out, oldest first."""
        is_due = taken.c.state == StepState.DUE
        return await self._audit.do(lambda connection: _steps(connection, is_due))

    async def _forgive(self, meant: sa.ColumnElement[bool], at: float) -> int:
        counting = meant & evidence.c.forgiven_at.is_(None)
        forgiven = evidence.update().where(counting).values(forgiven_at=at)
        return await self._audit.do(lambda connection: connection.execute(forgiven).rowcount)

    async def _change(self, step_id: int, **values: object) -> None:
        changed = taken.update().where(taken.c.id == step_id).values(values)
        await self._audit.do(lambda connection: connection.execute(changed))


def steps(
    connection: sa.Connection,
    since: float,
    *,
    room_id: str = "",
    person_id: str = "",
    limit: int | None = None,
) -> tuple[Step, ...]:
    """The newest ``limit`` steps since then, oldest first; see ``ConductStore.steps``."""
    row = taken.c
    meant = row.at >= since
    if room_id:
        meant &= is_meant(row.room_id, room_id)
    if person_id:
        meant &= is_meant(row.person_id, person_id) | is_meant(row.other_id, person_id)
    return _steps(connection, meant, limit)


def led_to(
    connection: sa.Connection, exchange_id: str
) -> tuple[tuple[Shown, ...], tuple[Step, ...]]:
    """What one message is evidence of, forgiven or not, and the steps that it led to."""
    shown = _shown(connection, evidence.c.exchange_id == exchange_id)
    return shown, _steps(connection, taken.c.exchange_id == exchange_id)


def _steps(
    connection: sa.Connection, meant: sa.ColumnElement[bool], limit: int | None = None
) -> tuple[Step, ...]:
    newest = sa.select(taken).where(meant).order_by(taken.c.id.desc()).limit(limit)
    return tuple(_step(row._mapping) for row in connection.execute(newest))[::-1]


def _step(row: sa.RowMapping) -> Step:
    values = {name: row[name] for name in Step.__slots__} | {
        "action": Action(row["action"]),
        "state": StepState(row["state"]),
        "mark": row["mark"] and Mark(row["mark"]),
        "notice_id": row["notice_id"] or "",
    }
    return Step(**values)


def _without_id(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name != "id"}


def _shown(connection: sa.Connection, meant: sa.ColumnElement[bool]) -> tuple[Shown, ...]:
    row, said = evidence.c, exchanges.c
    found = (
        sa.select(row.exchange_id, row.at, row.rule, row.points, row.target_id)
        .add_columns(said.mood, said.confidence, said.offence, said.cleaned, row.forgiven_at)
        .select_from(evidence.outerjoin(exchanges, said.id == row.exchange_id))
        .where(meant)
        .order_by(row.at, row.id)
    )
    return tuple(_one_shown(line._mapping) for line in connection.execute(found))


def _one_shown(row: sa.RowMapping) -> Shown:
    return Shown(
        row["exchange_id"],
        row["at"],
        row["rule"],
        row["points"],
        row["target_id"],
        row["mood"] and Mood(row["mood"]),
        row["confidence"],
        row["offence"],
        row["cleaned"] or "",
        row["forgiven_at"] is not None,
    )
