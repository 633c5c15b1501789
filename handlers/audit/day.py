"""What went on in the chats: the audit log asked for digests, questions and commands."""

from __future__ import annotations

import math
from itertools import islice
from typing import Any

import sqlalchemy as sa

from engine.mood import Mood
from handlers.audit.chats import chats
from handlers.audit.columns import StorableText, is_meant, keeping_of, storable
from handlers.audit.log import AuditLog
from handlers.audit.schema import exchanges, is_in_room, of_others
from handlers.audit.sealed import Codes
from handlers.audit.tables import evidence
from handlers.day import Chat, Said, Spoken
from handlers.exchange import Exchange, Gate, Kind, Message, Outcome, Source

#: Of its last messages: who wrote none of them is not looked for by name.
_LAST = 5000
_ROW = exchanges.c
_SAID = [
    *(_ROW.id, _ROW.received_at, _ROW.chat_id, _ROW.room_name, _ROW.talker_id, _ROW.talker_name),
    *(_ROW.kind, _ROW.text, _ROW.mood, _ROW.unsure, _ROW.reply, _ROW.reply_source),
    *(_ROW.gate, _ROW.detail, _ROW.outcome),
]


class DayStore:
    """Reads what others write here. Each method raises AuditError where the log refuses.

    Times are unix seconds, of when a message came. With ``audit.pseudonyms`` the ids of chats and
    people are codes, which nothing turns back, and names are empty; an id that is asked for may be
    either.
    """

    def __init__(self, audit: AuditLog) -> None:
        self._audit = audit

    async def spoken(
        self, room_id: str, since: float, until: float, *, person_id: str = ""
    ) -> tuple[Spoken, ...]:
        """What people wrote in a group in that time, oldest first; one person, where one is named.

        Not what was no text, or ended before it was cleaned: stale, interrupted, erased.
        """
        row = exchanges.c
        here = is_in_room & is_meant(row.chat_id, room_id)
        meant = of_others & here & (row.cleaned != "")
        meant &= (row.received_at >= since) & (row.received_at < until)
        if person_id:
            meant &= is_meant(row.talker_id, person_id)
        points = (
            sa.select(evidence.c.exchange_id, sa.func.sum(evidence.c.points).label("points"))
            .where(evidence.c.forgiven_at.is_(None), evidence.c.at >= since)
            .group_by(evidence.c.exchange_id)
            .subquery()
        )
        found = (
            sa.select(row.id, row.received_at, row.talker_id, row.talker_name, row.cleaned)
            .add_columns(row.mood, row.polarity, row.confidence, row.offence, row.unsure)
            .add_columns(points.c.points)
            .select_from(exchanges.outerjoin(points, points.c.exchange_id == row.id))
            .where(meant)
            .order_by(row.seq)
        )
        return await self._audit.do(
            lambda connection: tuple(_spoken(line) for line in connection.execute(found))
        )

    async def chats(self, since: float, until: float = math.inf) -> tuple[Chat, ...]:
        """Every chat in which others wrote in that time, the last one first."""
        return await self._audit.do(lambda connection: chats(connection, since, until))

    async def said(self, chat: str, since: float, limit: int) -> tuple[Said, ...]:
        """The newest ``limit`` exchanges of a chat or with a person since then, oldest first.

        Args:
            chat: Id of a chat or a talker, or part of a room's or a talker's name, in either case.
        """
        row = exchanges.c
        # Names first: SQL cannot look into sealed ones, and opening all the rest takes seconds.
        named: list[sa.Column[Any]] = [row.id, row.chat_id, row.room_name]
        named += row.talker_id, row.talker_name
        newest = sa.select(*named).where(row.received_at >= since, row.erased_at.is_(None))
        newest = newest.order_by(row.seq.desc())

        def job(connection: sa.Connection) -> tuple[Said, ...]:
            codes = keeping_of(connection.dialect).codes
            lines = (line for line in connection.execute(newest) if _is_named(line, chat, codes))
            ids = [line.id for line in islice(lines, limit)]
            found = sa.select(*_SAID).where(row.id.in_(ids)).order_by(row.seq)
            return tuple(_said(line) for line in connection.execute(found))

        return await self._audit.do(job)

    async def exchange(self, id_: str) -> Said | None:
        """One exchange, by its whole id."""
        found = sa.select(*_SAID).where(exchanges.c.id == id_)

        def job(connection: sa.Connection) -> Said | None:
            line = connection.execute(found).one_or_none()
            return None if line is None else _said(line)

        return await self._audit.do(job)

    async def names(self, room_id: str) -> dict[str, str]:
        """Who wrote in a group of late: id to the name shown last, the last writer first.

        With ``audit.pseudonyms`` nobody: a name that is not kept finds no one.
        """
        row = exchanges.c
        found = (
            sa.select(row.talker_id, row.talker_name)
            .where(of_others, is_in_room, is_meant(row.chat_id, room_id), row.talker_name != "")
            .order_by(row.received_at.desc())
            .limit(_LAST)
        )

        def job(connection: sa.Connection) -> dict[str, str]:
            names: dict[str, str] = {}
            for id_, name in connection.execute(found):
                names.setdefault(id_, name)
            return names

        return await self._audit.do(job)

    async def interrupted(self, since: float) -> tuple[Exchange, ...]:
        """Group messages that a crash ended before their mood was read, oldest first.

        To be read for points, never to be answered. Whom they mention, nobody noted; nor whether
        they are the account's own, so what comes from an id that ever was its own is left out.
        With ``audit.pseudonyms`` none: nobody knows whose they are.
        """
        row = exchanges.c
        own = sa.select(row.talker_id).where(row.gate == Gate.OWN)
        is_evidence = sa.exists().where(evidence.c.exchange_id == row.id)
        found = (
            sa.select(exchanges)
            .where(row.gate == Gate.INTERRUPTED, row.received_at >= since, row.kind == Kind.TEXT)
            .where(of_others, is_in_room, row.mood.is_(None), ~is_evidence)
            .where(row.text != "", ~_is_code(row.talker_id), row.talker_id.not_in(own))
            .order_by(row.seq)
        )
        return await self._audit.do(
            lambda connection: tuple(_exchange(line) for line in connection.execute(found))
        )


def _spoken(line: sa.Row[Any]) -> Spoken:
    return Spoken(
        line.id,
        line.received_at,
        line.talker_id,
        line.talker_name,
        line.cleaned,
        line.mood and Mood(line.mood),
        line.polarity,
        line.confidence,
        line.offence,
        line.unsure is not False,
        line.points or 0.0,
    )


def _is_code(column: sa.Column[str]) -> sa.ColumnElement[bool]:
    return sa.type_coerce(column, StorableText()).startswith("code:")


def _is_named(line: sa.Row[Any], asked: str, codes: Codes | None) -> bool:
    text = storable(asked)
    ids = {text, codes.code(text)} if codes else {text}
    names = (line.talker_name, line.room_name or "")
    return bool(ids & {line.chat_id, line.talker_id}) or any(
        text.casefold() in name.casefold() for name in names
    )


def _said(line: sa.Row[Any]) -> Said:
    return Said(
        line.id,
        line.received_at,
        line.chat_id,
        line.room_name,
        line.talker_id,
        line.talker_name,
        Kind(line.kind),
        line.text,
        line.mood and Mood(line.mood),
        bool(line.unsure),
        line.reply or "",
        line.reply_source and Source(line.reply_source),
        line.gate and Gate(line.gate),
        line.detail,
        Outcome(line.outcome),
    )


def _exchange(line: sa.Row[Any]) -> Exchange:
    message = Message(
        id=line.message_id,
        chat_id=line.chat_id,
        talker_id=line.talker_id,
        talker_name=line.talker_name,
        text=line.text,
        raw=line.raw,
        kind=Kind(line.kind),
        sent_at=line.sent_at,
        room_name=line.room_name,
    )
    ended = (line.cleaned, line.quoted)
    exchange = Exchange(message, line.id, *ended)
    return exchange.stopped(Gate.INTERRUPTED, line.detail)
