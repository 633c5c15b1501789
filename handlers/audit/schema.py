"""The tables of the audit log, and how an exchange becomes a row of them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

import sqlalchemy as sa

from handlers.audit.columns import Id, Name, Sealed, StorableText, Veiled
from handlers.audit.tables import metadata
from handlers.exchange import Exchange, Gate

#: Raised with every change of a table below.
SCHEMA = 4
#: What this Yixin can read; 1 had no table ``voice``, 2 no ``journal``, 3 none of those for
#: moderation and the assistant. See ``migration``.
READABLE = (1, 2, 3, SCHEMA)
#: The first with a journal.
CHAINED = 3


def new_salt() -> str:
    """16 random bytes as hex."""
    return secrets.token_hex(16)


schema = sa.Table(
    "yixin_schema",
    metadata,
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    # Tells the key that the log was written with from another one; NULL without a key.
    sa.Column("key_check", sa.Text),
    # The same for the key of the codes; NULL where ids never were codes.
    sa.Column("codes_check", sa.Text),
)

#: One row a start of the bot.
runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("started_at", sa.Double, nullable=False),
    sa.Column("version", StorableText, nullable=False),
    sa.Column("model", StorableText, nullable=False),
    sa.Column("fingerprint", StorableText, nullable=False),
    sa.Column("precision", StorableText, nullable=False),
    sa.Column("prompt_version", StorableText, nullable=False),
    sa.Column("settings_digest", StorableText, nullable=False),
    # Empty before schema 3. What was said in the console is no burden on the WeChat account.
    sa.Column("channel", StorableText, nullable=False),
)

#: One row a message. Times are unix seconds, durations milliseconds.
exchanges = sa.Table(
    "exchanges",
    metadata,
    sa.Column("id", StorableText, primary_key=True),
    # Order of arrival. received_at is not that: clocks are set back, and two may be equal.
    sa.Column("seq", sa.Integer, nullable=False, unique=True),
    sa.Column("run_id", sa.ForeignKey("runs.id"), nullable=False),
    # Unique by itself: a database belongs to one account, and the ids of chats and talkers cannot
    # help, since the web protocol deals new ones at every login, just when replays come (trap 2).
    sa.Column("message_id", Id, nullable=False, unique=True),
    sa.Column("chat_id", Id, nullable=False),
    sa.Column("room_name", Name("exchanges.room_name")),
    sa.Column("talker_id", Id, nullable=False),
    sa.Column("talker_name", Name("exchanges.talker_name"), nullable=False),
    sa.Column("kind", StorableText, nullable=False),
    sa.Column("sent_at", sa.Double, nullable=False),
    sa.Column("received_at", sa.Double, nullable=False),
    sa.Column("raw", Sealed("exchanges.raw"), nullable=False),
    sa.Column("text", Sealed("exchanges.text"), nullable=False),
    sa.Column("cleaned", Sealed("exchanges.cleaned"), nullable=False),
    sa.Column("quoted", Sealed("exchanges.quoted"), nullable=False),
    sa.Column("mood", StorableText),
    sa.Column("sentiment", StorableText),
    sa.Column("polarity", sa.Double),
    sa.Column("offence", sa.Double),
    sa.Column("confidence", sa.Double),
    sa.Column("scores", sa.JSON(none_as_null=True)),
    sa.Column("unsure", sa.Boolean),
    sa.Column("mood_ms", sa.Double),
    sa.Column("action", StorableText),
    sa.Column("rule", StorableText),
    sa.Column("rule_detail", Sealed("exchanges.rule_detail")),
    sa.Column("gate", StorableText),
    sa.Column("detail", Sealed("exchanges.detail", same=True), nullable=False),
    sa.Column("reply", Sealed("exchanges.reply")),
    sa.Column("reply_source", StorableText),
    sa.Column("reply_name", StorableText),
    sa.Column("reply_tokens", sa.Integer),
    sa.Column("reply_attempts", sa.Integer),
    sa.Column("outcome", StorableText, nullable=False),
    sa.Column("updated_at", sa.Double, nullable=False),
    sa.Column("stage_ms", sa.JSON(none_as_null=True), nullable=False),
    # Nobody can find a short text by trying digests: the salt goes when its row goes.
    sa.Column("salt", sa.Text, nullable=False, default=new_salt),
    # When its texts and names were taken out on request.
    sa.Column("erased_at", sa.Double),
)

#: What was written to ``exchanges`` and ``runs``, entry by entry, each sealed with the one before.
journal = sa.Table(
    "journal",
    metadata,
    sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    # No foreign key: an entry outlives the row that it tells of.
    sa.Column("exchange_id", sa.Text),
    # The seq of the exchange, the id of the run, or the last entry that was cut off.
    sa.Column("number", sa.Integer),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("link", sa.Text, nullable=False),
)

#: Labels that people gave; calibration reads them as more labelled lines.
corrections = sa.Table(
    "corrections",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("text", Sealed("corrections.text"), nullable=False),
    sa.Column("label", StorableText, nullable=False),
    sa.Column("kind", StorableText, nullable=False),
    sa.Column("given_by", Id, nullable=False),
    sa.Column("given_at", sa.Double, nullable=False),
    sa.Column("exchange_id", sa.ForeignKey("exchanges.id")),
)

#: Messages and how the owner answered them by hand, the latest last.
voice = sa.Table(
    "voice",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    # The owner's; a message is learnt from once.
    sa.Column("message_id", Id, nullable=False, unique=True),
    sa.Column("chat_id", Veiled("voice.chat_id"), nullable=False),
    sa.Column("text", Sealed("voice.text", same=True), nullable=False),
    sa.Column("mood", StorableText, nullable=False),
    sa.Column("reply", Sealed("voice.reply", same=True), nullable=False),
    sa.Column("seen_at", sa.Double, nullable=False),
    # A number that was erased is never another pair's: somebody may have it on the screen.
    sqlite_autoincrement=True,
)

#: A literal, as in the indexes: SQLite uses a partial index only where it sees its condition again.
is_merged = exchanges.c.gate == sa.literal(Gate.MERGED.value, StorableText, literal_execute=True)
has_reply = exchanges.c.reply_source.is_not(None)
is_in_room = exchanges.c.room_name.is_not(None)
#: Neither the account's own, nor what the bot says by itself, nor what was erased.
of_others = (
    (exchanges.c.talker_id != "")
    & exchanges.c.gate.is_distinct_from(Gate.OWN)
    & exchanges.c.erased_at.is_(None)
)

sa.Index("ix_entries", journal.c.exchange_id)
sa.Index("ix_received", exchanges.c.received_at)
sa.Index("ix_outcome", exchanges.c.outcome)
# Most rows of a group have no reply; the turns of a chat must not read through them.
for _name, _columns, _where in (
    ("ix_replies", ("chat_id", "seq"), has_reply),
    ("ix_reply_names", ("chat_id", "reply_name", "seq"), has_reply),
    ("ix_merged", ("detail",), is_merged),
    # Not of all chats: SQLite would take that for a chat's turns, and read through it for them.
    ("ix_rooms", ("chat_id", "received_at"), is_in_room),
):
    sa.Index(
        _name,
        *(exchanges.c[column] for column in _columns),
        sqlite_where=_where,
        postgresql_where=_where,
    )


@dataclass(frozen=True, slots=True)
class Run:
    """What answered: the model and settings of one start of the bot."""

    model: str
    fingerprint: str
    precision: str
    prompt_version: str
    settings_digest: str
    version: str
    channel: str = ""


def row_of(exchange: Exchange) -> dict[str, object]:
    """The columns of a row that the exchange itself knows."""
    message, reading = exchange.message, exchange.reading
    verdict, reply = exchange.verdict, exchange.reply
    return {
        "id": exchange.id,
        "message_id": message.id,
        "chat_id": message.chat_id,
        "room_name": message.room_name,
        "talker_id": message.talker_id,
        "talker_name": message.talker_name,
        "kind": message.kind,
        "sent_at": message.sent_at,
        "raw": message.raw,
        "text": message.text,
        "cleaned": exchange.cleaned,
        "quoted": exchange.quoted,
        "mood": reading and reading.mood,
        "sentiment": reading and reading.sentiment,
        "polarity": reading and reading.polarity,
        "offence": reading and reading.offence,
        "confidence": reading and reading.confidence,
        "scores": reading and dict(reading.scores),
        "unsure": reading and reading.unsure,
        "mood_ms": reading and reading.ms,
        "action": verdict and verdict.action,
        "rule": verdict and verdict.rule,
        "rule_detail": verdict and verdict.detail,
        "gate": exchange.gate,
        "detail": exchange.detail,
        "reply": reply and reply.text,
        "reply_source": reply and reply.source,
        "reply_name": reply and reply.name,
        "reply_tokens": reply and reply.num_tokens,
        "reply_attempts": reply and reply.attempts,
        "outcome": exchange.outcome,
        "stage_ms": _by_stage(exchange.stage_ms),
    }


def _by_stage(stage_ms: tuple[tuple[str, float], ...]) -> dict[str, float]:
    """Milliseconds of each stage, in order; a stage that ran twice has the sum."""
    total: dict[str, float] = {}
    for stage, ms in stage_ms:
        total[stage] = total.get(stage, 0) + ms
    return total


def rewritten(connection: sa.Connection) -> None:
    """Writes to the disk and changes nothing.

    There and back: SQLite writes no page for a row that is to become what it is.
    """
    connection.execute(schema.update().values(version=SCHEMA + 1))
    connection.execute(schema.update().values(version=SCHEMA))
