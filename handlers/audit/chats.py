"""How much came in each chat of late, and what became of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from engine.mood import Mood
from handlers.audit.person import in_pages
from handlers.audit.schema import exchanges, of_others
from handlers.day import Chat
from handlers.exchange import Gate, Outcome

_ROW = exchanges.c
_IS_ANSWERED = _ROW.outcome.in_((Outcome.SENDING, Outcome.SENT, Outcome.UNCERTAIN))


@dataclass(frozen=True, slots=True)
class _Alike:
    """Messages of one chat that ended alike; ``seq`` and ``at`` of the last of them."""

    chat_id: str
    gate: str | None
    is_answered: bool
    mood: str | None
    is_unsure: bool | None
    num: int
    at: float
    seq: int


def chats(connection: sa.Connection, since: float, until: float) -> tuple[Chat, ...]:
    """Every chat in which others wrote in that time (unix seconds), the last one first.

    Counted by the database: a busy week has tens of thousands of messages.
    """
    recent = of_others & (_ROW.received_at >= since) & (_ROW.received_at < until)
    by_chat: dict[str, list[_Alike]] = {}
    for alike in (*_counted(connection, recent), *_merged(connection, recent)):
        by_chat.setdefault(alike.chat_id, []).append(alike)
    lasts = {max(one.seq for one in alike) for alike in by_chat.values()}
    names: dict[str, tuple[str | None, str]] = {}
    for page in in_pages(sorted(lasts)):
        named = sa.select(_ROW.chat_id, _ROW.room_name, _ROW.talker_name)
        for chat_id, *shown in connection.execute(named.where(_ROW.seq.in_(page))):
            names[chat_id] = (shown[0], shown[1])
    found = (_chat(id_, *names[id_], alike) for id_, alike in by_chat.items())
    return tuple(sorted(found, key=lambda chat: -chat.last_at))


def _counted(connection: sa.Connection, recent: sa.ColumnElement[bool]) -> Iterator[_Alike]:
    columns = (_ROW.chat_id, _ROW.gate, _IS_ANSWERED, _ROW.mood, _ROW.unsure)
    last = sa.func.max(_ROW.received_at), sa.func.max(_ROW.seq)
    alone = _ROW.gate.is_distinct_from(Gate.MERGED)
    counted = sa.select(*columns, sa.func.count(), *last).where(recent, alone).group_by(*columns)
    return (_Alike(*line) for line in connection.execute(counted))


def _merged(connection: sa.Connection, recent: sa.ColumnElement[bool]) -> Iterator[_Alike]:
    """Those that were answered together with another, if that one was answered."""
    columns = (_ROW.chat_id, _ROW.detail, _ROW.mood, _ROW.unsure, _ROW.received_at, _ROW.seq)
    found = sa.select(*columns).where(recent, _ROW.gate == Gate.MERGED)
    lines = connection.execute(found).all()
    answered: set[str] = set()
    for page in in_pages(sorted({line.detail for line in lines})):
        ids = sa.select(_ROW.id).where(_ROW.id.in_(page), _IS_ANSWERED)
        answered.update(connection.scalars(ids))
    for chat_id, into, mood, unsure, at, seq in lines:
        yield _Alike(chat_id, Gate.MERGED, into in answered, mood, unsure, 1, at, seq)


def _chat(id_: str, room_name: str | None, talker_name: str, alike: list[_Alike]) -> Chat:
    unanswered: Counter[Gate] = Counter()
    moods: Counter[Mood] = Counter()
    for one in alike:
        if one.gate and not one.is_answered:
            unanswered[Gate(one.gate)] += one.num
        if one.mood and not one.is_unsure:
            moods[Mood(one.mood)] += one.num
    return Chat(
        id_,
        room_name,
        talker_name,
        sum(one.num for one in alike),
        sum(one.num for one in alike if one.is_answered),
        unanswered,
        moods,
        max(one.at for one in alike),
    )
