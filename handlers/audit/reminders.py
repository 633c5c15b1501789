"""Reminders, kept in the audit log until they are said and a while longer."""

from __future__ import annotations

import sqlalchemy as sa

from handlers.audit.columns import is_meant
from handlers.audit.log import AuditLog
from handlers.audit.tables import reminders
from handlers.reminder import Reminder


class ReminderStore:
    """Each method raises AuditError where the log refuses; then nothing of it was kept.

    Times are unix seconds.
    """

    def __init__(self, audit: AuditLog) -> None:
        self._audit = audit

    async def add(self, person_id: str, text: str, due_at: float, at: float) -> int:
        """Keeps a reminder asked for at ``at``; its id."""
        values = {"person_id": person_id, "text": text, "given_at": at, "due_at": due_at}
        new = reminders.insert().values(values).returning(reminders.c.id)
        return await self._audit.do(lambda connection: connection.scalar(new) or 0)

    async def pending(self) -> tuple[Reminder, ...]:
        """All that were not said yet, the first due first; also what is overdue."""
        return await self._found(sa.true())

    async def listed(self, person_id: str) -> tuple[Reminder, ...]:
        """Those of one person that were not said yet, the first due first."""
        return await self._found(is_meant(reminders.c.person_id, person_id))

    async def said(self, id_: int, notice_id: str) -> None:
        """Notes the exchange that says it; from then on it is not pending."""
        said = reminders.update().where(reminders.c.id == id_).values(notice_id=notice_id)
        await self._audit.do(lambda connection: connection.execute(said))

    async def cancel(self, id_: int, person_id: str) -> bool:
        """Deletes it, if it is that person's and was not said yet; whether it was."""
        row = reminders.c
        theirs = (row.id == id_) & is_meant(row.person_id, person_id) & row.notice_id.is_(None)
        gone = reminders.delete().where(theirs)
        return await self._audit.do(lambda connection: connection.execute(gone).rowcount == 1)

    async def _found(self, meant: sa.ColumnElement[bool]) -> tuple[Reminder, ...]:
        row = reminders.c
        unsaid = sa.select(row.id, row.person_id, row.text, row.given_at, row.due_at).where(
            row.notice_id.is_(None), meant
        )
        unsaid = unsaid.order_by(row.due_at, row.id)
        return await self._audit.do(
            lambda connection: tuple(Reminder(*line) for line in connection.execute(unsaid))
        )
