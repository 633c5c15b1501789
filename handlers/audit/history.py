"""What was said in a chat so far, as the next answer needs to know it."""

from __future__ import annotations

import sqlalchemy as sa

from engine.talk import Turn
from handlers.audit.columns import is_any
from handlers.audit.schema import exchanges, has_reply, is_merged, runs
from handlers.budgets import DAY_S, Departure, Past
from handlers.exchange import Gate, Outcome, Source
from handlers.parts import parts
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
    told = is_any(row.detail, list(merged), connection.dialect)
    for into, cleaned in connection.execute(
        sa.select(row.detail, row.cleaned).where(here, is_merged, told).order_by(row.seq)
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
    said &= exchanges.c.outcome.not_in((Outcome.SILENT, Outcome.FAILED))  # written, never said
    return tuple(connection.scalars(sa.select(exchanges.c.reply).where(said)))


def past(connection: sa.Connection, run_id: int, now: float, split_chars: int) -> Past:
    """What left, or may have, in the day before ``now`` by the channel of that run.

    The ids of chats are codes where the log keeps codes; then a chat's own minute begins anew
    with a restart, and what all chats share does not.

    Args:
        now: Unix seconds. What seems to be of later is told too: the clock was set back.
        split_chars: Replies longer than this left as several messages.
    """
    row = exchanges.c
    channel = sa.select(runs.c.channel).where(runs.c.id == run_id).scalar_subquery()
    of_channel = runs.c.channel == channel
    first = sa.select(sa.func.min(runs.c.started_at)).where(of_channel)
    here = row.run_id.in_(sa.select(runs.c.id).where(of_channel))
    has_left = row.outcome.in_((Outcome.SENDING, Outcome.SENT, Outcome.UNCERTAIN))
    left = connection.execute(
        sa.select(row.chat_id, row.updated_at, row.reply, row.reply_source)
        # received_at has an index; no message waits for longer than two days for its answer.
        .where(here, has_left, row.received_at >= now - 3 * DAY_S, row.updated_at >= now - DAY_S)
    )
    # The platform's own word has no reply, and what it would not take has failed, or broke off
    # halfway; the others with this gate were only held back. No rest is longer than a week.
    told = row.outcome.in_((Outcome.FAILED, Outcome.UNCERTAIN)) | ~has_reply
    # Of its own word it counts when it was said: gateways replay old messages.
    is_old = ~has_reply & (row.sent_at < row.updated_at)
    restricted_at = sa.select(
        sa.func.max(sa.case((is_old, row.sent_at), else_=row.updated_at))
    ).where(here, row.received_at >= now - 8 * DAY_S, row.gate == Gate.RESTRICTED, told)
    return Past(
        connection.scalar(first) or now,
        tuple(
            Departure(chat, at, len(parts(said or "", source, split_chars)) or 1)
            for chat, at, said, source in left
        ),
        connection.scalar(restricted_at),
    )
