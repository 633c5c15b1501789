"""How the owner answered in their chats: kept, told, listed and erased."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from engine.bank import Pair
from engine.mood import Mood
from handlers.audit.columns import is_meant
from handlers.audit.database import Database
from handlers.audit.errors import AuditInUse
from handlers.audit.schema import voice
from handlers.audit.scrub import owe
from settings import Audit


@dataclass(frozen=True, slots=True)
class Learnt:
    """A pair as it is kept; its ``chat`` is the one it was seen in.

    Attributes:
        id: What it is erased by.
        seen_at: Unix seconds.
    """

    id: int
    pair: Pair
    seen_at: float


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which pairs are meant: all, those of a chat, or those with these ids."""

    chat: str | None = None
    ids: frozenset[int] | None = None

    def condition(self) -> sa.ColumnElement[bool]:
        meant = sa.true() if self.chat is None else is_meant(voice.c.chat_id, self.chat)
        return meant if self.ids is None else meant & voice.c.id.in_(self.ids)


EVERYTHING = Chosen()


def keep(
    connection: sa.Connection, message_id: str, pair: Pair, seen_at: float, limit: int
) -> bool:
    """Adds a pair and drops all but the newest ``limit``; False if its message is known.

    The same answer to the same message in a chat, typed every day, is kept once, as the newest.
    """
    row = voice.c
    if connection.scalar(sa.select(sa.exists().where(is_meant(row.message_id, message_id)))):
        return False
    is_here = is_meant(row.chat_id, pair.chat)
    same = is_here & (row.text == pair.text) & (row.reply == pair.reply)
    connection.execute(voice.delete().where(same))
    connection.execute(
        voice.insert().values(
            message_id=message_id,
            chat_id=pair.chat,
            text=pair.text,
            mood=pair.mood,
            reply=pair.reply,
            seen_at=seen_at,
        )
    )
    _trim(connection, limit)
    return True


def kept(connection: sa.Connection, limit: int) -> tuple[Pair, ...]:
    """The newest ``limit`` pairs, oldest first; the others are dropped."""
    _trim(connection, limit)
    return tuple(learnt.pair for learnt in _found(connection, EVERYTHING))


def listed(settings: Audit, chosen: Chosen = EVERYTHING) -> list[Learnt]:
    """The pairs that are meant, oldest first; also while the bot runs.

    Raises:
        AuditError: See ``Database.to_read``.
    """
    database = Database.to_read(settings)
    try:
        with database.begin() as connection:
            if not sa.inspect(connection).has_table(voice.name):  # written by an earlier Yixin
                return []
            return _found(connection, chosen)
    finally:
        database.close()


def erase(settings: Audit, chosen: Chosen) -> int:
    """Erases the pairs that are meant, and returns how many there were.

    Raises:
        AuditInUse: The bot runs: it is the only one that writes, and holds the pairs in memory.
        AuditError: See ``Database.to_write``.
    """
    try:
        database = Database.to_write(settings)
    except AuditInUse as error:
        raise AuditInUse(
            "nothing was erased: the bot is running, and what it learnt is in its memory too; "
            "stop it, erase, and start it again"
        ) from error
    try:
        with database.begin() as connection:
            count = connection.execute(voice.delete().where(chosen.condition())).rowcount
            owe(connection)
        database.scrub()
        return count
    finally:
        database.close()


def _found(connection: sa.Connection, chosen: Chosen) -> list[Learnt]:
    rows = connection.execute(sa.select(voice).where(chosen.condition()).order_by(voice.c.id))
    return [
        Learnt(row.id, Pair(row.text, Mood(row.mood), row.reply, row.chat_id), row.seen_at)
        for row in rows
    ]


def _trim(connection: sa.Connection, limit: int) -> None:
    newest = sa.select(voice.c.id).order_by(voice.c.id.desc()).limit(limit)
    connection.execute(voice.delete().where(voice.c.id.not_in(newest)))
