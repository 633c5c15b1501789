"""What was said in a chat so far, as the next answer needs to know it."""

from __future__ import annotations

import sqlalchemy as sa

from engine.talk import Turn
from handlers.audit.schema import exchanges, has_reply, is_merged
from handlers.exchange import Outcome, Source
from handlers.sanitize import speaker

#: Answers that are part of a conversation, whoever worded them.
SPOKEN = (Source.MODEL, Source.EXAMPLE, Source.SKILL, Source.CANNED)


def turns(connection: sa.Connection, chat_id: str, limit: int) -> tuple[Turn, ...]:
    """The last turns of a chat since its last /reset, oldest first, at most ``limit``.

    Only answers by the model or its stand-ins that left, or may have. Messages answered together
    (gate MERGED, the id of the answering exchange as detail) are one turn. What had no text, such
    as a picture that was answered with a canned line, is none: the user said no words in it.
    """
    row = exchanges.c
    here = row.chat_id == chat_id
    reset = connection.scalar(
        sa.select(row.seq)
        .where(here, has_reply, row.reply_name == "reset", row.reply_source == Source.COMMAND)
        .order_by(row.seq.desc())
        .limit(1)
    )
    here &= row.seq > (reset or 0)
    answered = connection.execute(
        sa.select(row.id, row.cleaned, row.reply, row.room_name, row.talker_name)
        .where(here, has_reply, row.reply_source.in_(SPOKEN))
        .where(row.outcome.in_((Outcome.SENT, Outcome.UNCERTAIN)), row.cleaned != "")
        .order_by(row.seq.desc())
        .limit(limit)
    ).all()
    merged: dict[str, list[str]] = {id_: [] for id_, *_ in answered}
    for into, cleaned in connection.execute(
        sa.select(row.detail, row.cleaned)
        .where(here, is_merged, row.detail.in_(list(merged)))
        .order_by(row.seq)
    ):
        merged[into].append(cleaned)
    return tuple(
        Turn("\n".join((*merged[id_], cleaned)), reply, speaker(room, name))
        for id_, cleaned, reply, room, name in reversed(answered)
    )


def was_said(connection: sa.Connection, chat_id: str, name: str, since: float) -> bool:
    """Whether a reply of that name left this chat since then (unix seconds), or may have."""
    said = (
        (exchanges.c.chat_id == chat_id)
        & (exchanges.c.reply_name == name)
        & has_reply
        & (exchanges.c.updated_at >= since)
        & exchanges.c.outcome.in_((Outcome.SENDING, Outcome.SENT, Outcome.UNCERTAIN))
    )
    return bool(connection.scalar(sa.select(sa.exists().where(said))))


def replies_since(connection: sa.Connection, chat_id: str, since: float) -> tuple[str, ...]:
    """What the bot said or was about to say in a chat since then (unix seconds), in no order."""
    said = (exchanges.c.chat_id == chat_id) & has_reply & (exchanges.c.updated_at >= since)
    return tuple(connection.scalars(sa.select(exchanges.c.reply).where(said)))
