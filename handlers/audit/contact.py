"""How a person and the bot stand with each other, as far as the log tells."""

from __future__ import annotations

import sqlalchemy as sa

from engine.mood import FIRM, Mood
from handlers.audit.columns import is_meant
from handlers.audit.history import SPOKEN
from handlers.audit.log import AuditLog
from handlers.audit.schema import exchanges, has_reply
from handlers.exchange import Gate, Outcome
from handlers.first import ALONE
from handlers.presence import HAND_OVER

#: Ends of messages that were not for the bot, or that it never looked at.
_NOT_FOR_IT = (Gate.NOT_ADDRESSED, Gate.NOT_ALLOWED, Gate.OWN, Gate.STALE, Gate.OFFICIAL)


class ContactStore:
    """Each method raises AuditError where the log refuses.

    Asked anew each time, so that a restart forgets nothing; and by the ids of the messages at
    hand, since codes (``audit.pseudonyms``) cannot be turned back into ids.
    """

    def __init__(self, audit: AuditLog) -> None:
        self._audit = audit

    async def was_answered(self, person_id: str) -> bool:
        """Whether an answer to that person ever left, or may have, in any chat."""
        row = exchanges.c
        answered = is_meant(row.talker_id, person_id) & has_reply & row.reply_source.in_(SPOKEN)
        answered &= row.reply_name.not_in(ALONE)
        answered &= row.outcome.in_((Outcome.SENDING, Outcome.SENT, Outcome.UNCERTAIN))
        found = sa.select(sa.exists().where(answered))
        return await self._audit.do(lambda connection: bool(connection.scalar(found)))

    async def harsh(self, chat_id: str, person_id: str, since: float) -> tuple[str, ...]:
        """Cleaned texts that a person wrote for the bot there since then (unix seconds), read
        surely as angry or as firmly offensive; none from before the last hand-over there, and not
        the one at hand, whose way has not ended.
        """
        row = exchanges.c
        here = is_meant(row.chat_id, chat_id) & (row.received_at >= since)
        handed = sa.select(sa.func.max(row.seq)).where(here, row.reply_name == HAND_OVER)
        is_harsh = (row.mood == Mood.ANGRY) | (row.offence >= FIRM)
        found = (
            sa.select(row.cleaned)
            .where(here, is_meant(row.talker_id, person_id), is_harsh, row.unsure.is_(False))
            .where(row.outcome != Outcome.RECEIVED)
            .where(row.gate.is_(None) | row.gate.not_in(_NOT_FOR_IT))
            .where(row.seq > sa.func.coalesce(handed.scalar_subquery(), 0))
            .order_by(row.seq)
        )
        return await self._audit.do(lambda connection: tuple(connection.scalars(found)))
