"""The tables of moderation and of the assistant; those of the log itself are in ``schema``."""

from __future__ import annotations

import sqlalchemy as sa

from handlers.audit.columns import Id, Name, Sealed, StorableText, Veiled

#: Of all tables, here and there.
metadata = sa.MetaData()

#: Points that a message of a group added to its writer's.
evidence = sa.Table(
    "evidence",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("exchange_id", sa.Text, nullable=False),
    sa.Column("room_id", Veiled("evidence.room_id"), nullable=False),
    sa.Column("person_id", Veiled("evidence.person_id"), nullable=False),
    # Whom it was said to; empty where nobody is known.
    sa.Column("target_id", Veiled("evidence.target_id"), nullable=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("rule", StorableText, nullable=False),
    sa.Column("points", sa.Double, nullable=False),
    sa.Column("forgiven_at", sa.Double),
)

#: Steps taken about somebody in a group, or that would have been.
steps = sa.Table(
    "steps",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("room_id", Veiled("steps.room_id"), nullable=False),
    sa.Column("room_name", Name("steps.room_name"), nullable=False),
    sa.Column("person_id", Veiled("steps.person_id"), nullable=False),
    sa.Column("person_name", Name("steps.person_name"), nullable=False),
    # The other side of a quarrel; empty where there is none.
    sa.Column("other_id", Veiled("steps.other_id"), nullable=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("action", StorableText, nullable=False),
    sa.Column("rule", StorableText, nullable=False),
    sa.Column("detail", Sealed("steps.detail"), nullable=False),
    sa.Column("points", sa.Double, nullable=False),
    sa.Column("mode", StorableText, nullable=False),
    # would, due, done, failed.
    sa.Column("state", StorableText, nullable=False),
    # The message that led to it, and the one that the bot said.
    sa.Column("exchange_id", sa.Text, nullable=False),
    sa.Column("notice_id", sa.Text),
    # What an admin said of it: right or wrong.
    sa.Column("mark", StorableText),
    sa.Column("marked_by", Id),
    sa.Column("marked_at", sa.Double),
    sqlite_autoincrement=True,
)

#: What the owner and admins ordered and is in force: pauses, modes, exemptions.
orders = sa.Table(
    "orders",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("kind", StorableText, nullable=False),
    sa.Column("chat_id", Veiled("orders.chat_id"), nullable=False),
    sa.Column("person_id", Veiled("orders.person_id"), nullable=False),
    # A mode, on or off, or the id of a room.
    sa.Column("value", Veiled("orders.value"), nullable=False),
    # Unix seconds; NULL: until it is taken back.
    sa.Column("until", sa.Double),
    sa.Column("given_by", Id, nullable=False),
    sa.Column("given_at", sa.Double, nullable=False),
)

#: What the owner or an admin was told and may answer with one word.
alerts = sa.Table(
    "alerts",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("kind", StorableText, nullable=False),
    sa.Column("to_id", Veiled("alerts.to_id"), nullable=False),
    # The chat, the person, the message and the step that it is about; empty, NULL: none.
    sa.Column("chat_id", Veiled("alerts.chat_id"), nullable=False),
    sa.Column("person_id", Veiled("alerts.person_id"), nullable=False),
    sa.Column("exchange_id", sa.Text),
    sa.Column("step_id", sa.Integer),
    sa.Column("text", Sealed("alerts.text"), nullable=False),
    sa.Column("raised_at", sa.Double, nullable=False),
    sa.Column("expires_at", sa.Double, nullable=False),
    # The exchange that told it.
    sa.Column("notice_id", sa.Text),
    sa.Column("answer", StorableText),
    sa.Column("answered_at", sa.Double),
    # A number is never another alert's: somebody may answer by it.
    sqlite_autoincrement=True,
)

#: What somebody asked to be reminded of.
reminders = sa.Table(
    "reminders",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("person_id", Veiled("reminders.person_id"), nullable=False),
    sa.Column("text", Sealed("reminders.text"), nullable=False),
    sa.Column("given_at", sa.Double, nullable=False),
    sa.Column("due_at", sa.Double, nullable=False),
    # The exchange that said it; NULL: not said yet.
    sa.Column("notice_id", sa.Text),
    sqlite_autoincrement=True,
)

sa.Index("ix_evidence", evidence.c.at)
sa.Index("ix_steps", steps.c.at)
sa.Index("ix_orders", orders.c.kind, orders.c.chat_id, orders.c.person_id, unique=True)
