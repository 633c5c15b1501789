"""What the owner and admins were told, and what they answered, kept in the audit log."""

from __future__ import annotations

import sqlalchemy as sa

from handlers.alert import FRESH_S, Alert, AlertKind, Raised, Word
from handlers.audit.columns import is_meant
from handlers.audit.history import SPOKEN
from handlers.audit.log import AuditLog
from handlers.audit.schema import exchanges, has_reply
from handlers.audit.tables import alerts
from handlers.exchange import Outcome

_LEFT = (Outcome.SENDING, Outcome.SENT, Outcome.UNCERTAIN)


def _its_notice(*outcomes: Outcome) -> sa.ColumnElement[bool]:
    """Whether its notice is on record, as one of these where any are named."""
    row = exchanges.c
    ended = (row.outcome.in_(outcomes),) if outcomes else ()
    return sa.exists().where(row.id == alerts.c.notice_id, *ended)


_UNSAID, _HAS_LEFT = ~_its_notice(), _its_notice(*_LEFT)
#: Certainly nothing of it left.
_HELD_BACK = _its_notice(Outcome.SILENT, Outcome.FAILED)


class AlertStore:
    """Each method raises AuditError where the log refuses; then nothing of it was kept.

    Times are unix seconds.
    """

    def __init__(self, audit: AuditLog) -> None:
        self._audit = audit

    async def raise_(self, alert: Alert, to_id: str, at: float, expires_at: float) -> Raised:
        """Keeps an alert for one person, not told yet, and gives it its number."""
        values = {
            "kind": alert.kind,
            "to_id": to_id,
            "chat_id": alert.chat_id,
            "person_id": alert.person_id,
            "exchange_id": alert.exchange_id or None,
            "step_id": alert.step_id or None,
            "text": alert.text,
            "raised_at": at,
            "expires_at": expires_at,
        }
        new = alerts.insert().values(values).returning(alerts.c.id)
        number = await self._audit.do(lambda connection: connection.scalar(new) or 0)
        return Raised(number, alert, to_id, at, expires_at)

    async def told(self, number: int, notice_id: str) -> None:
        """Notes the exchange that tells it; once that is on record it is not ``untold``."""
        told = alerts.update().where(alerts.c.id == number).values(notice_id=notice_id)
        await self._audit.do(lambda connection: connection.execute(told))

    async def open_for(self, to_id: str, now: float) -> tuple[Raised, ...]:
        """What that person has before them and may answer, newest first.

        Neither answered nor expired, and its notice left or may have.
        """
        return await self._found(_is_open(to_id, now) & _HAS_LEFT, alerts.c.id.desc())

    async def standing(self, to_id: str, now: float) -> tuple[Raised, ...]:
        """The same with those that are on their way to that person."""
        lost = _HELD_BACK | (_UNSAID & (alerts.c.raised_at < now - FRESH_S))
        return await self._found(_is_open(to_id, now) & ~lost, alerts.c.id.desc())

    async def is_raised(self, kind: AlertKind, step_id: int) -> bool:
        """Whether anybody was ever told so of that step."""
        meant = (alerts.c.kind == kind) & (alerts.c.step_id == step_id)
        found = sa.select(sa.exists().where(meant))
        return await self._audit.do(lambda connection: bool(connection.scalar(found)))

    async def find(self, number: int) -> Raised | None:
        return next(iter(await self._found(alerts.c.id == number, alerts.c.id)), None)

    async def answer(self, number: int, word: Word, at: float) -> bool:
        """Keeps the first answer; False where there is no such alert, or it has one already."""
        unanswered = (alerts.c.id == number) & alerts.c.answer.is_(None)
        given = alerts.update().where(unanswered).values(answer=word, answered_at=at)
        return await self._audit.do(lambda connection: connection.execute(given).rowcount == 1)

    async def untold(self, since: float) -> tuple[Raised, ...]:
        """Those raised since then that were not told, oldest first.

        Kept from it by a crash, or by whatever held their notice back. One that is just about to
        be recorded is among them.
        """
        row = alerts.c
        waiting = row.answer.is_(None) & (row.raised_at >= since)
        return await self._found(waiting & (_UNSAID | _HELD_BACK), row.id)

    async def talked_since(self, chat_id: str, since: float) -> bool:
        """Whether small talk of the bot left this chat since then, or may have."""
        row = exchanges.c
        talk = is_meant(row.chat_id, chat_id) & row.reply_source.in_(SPOKEN)
        talk &= (row.updated_at > since) & row.outcome.in_(_LEFT)
        found = sa.select(sa.exists().where(has_reply, talk))
        return bool(await self._audit.do(lambda connection: connection.scalar(found)))

    async def _found(
        self, meant: sa.ColumnElement[bool], order: sa.ColumnElement[int]
    ) -> tuple[Raised, ...]:
        found = sa.select(alerts).where(meant).order_by(order)
        return await self._audit.do(
            lambda connection: tuple(map(_raised, connection.execute(found)))
        )


def _is_open(to_id: str, now: float) -> sa.ColumnElement[bool]:
    row = alerts.c
    return is_meant(row.to_id, to_id) & row.answer.is_(None) & (row.expires_at > now)


def _raised(row: sa.Row[tuple[object, ...]]) -> Raised:
    alert = Alert(
        AlertKind(row.kind),
        row.text,
        row.chat_id,
        row.person_id,
        row.exchange_id or "",
        row.step_id or 0,
    )
    return Raised(
        row.id,
        alert,
        row.to_id,
        row.raised_at,
        row.expires_at,
        row.notice_id or "",
        None if row.answer is None else Word(row.answer),
    )
