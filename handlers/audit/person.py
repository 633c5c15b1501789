"""One person in the audit log: found by id or name, and all that is stored about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa

from handlers.audit.columns import StorableText, keeping_of, storable
from handlers.audit.database import Database
from handlers.audit.errors import AuditError
from handlers.audit.migration import require_current
from handlers.audit.schema import corrections, exchanges, voice
from handlers.audit.sealed import Codes
from settings import Audit

T = TypeVar("T", str, int)
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who wrote, or was written to; or several of them.

    Attributes:
        ids: Theirs, in every form they may be stored in.
        names: Under which they wrote.
    """

    ids: frozenset[str]
    names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Stored:
    """A row about a person: the table it is of, and its columns with their plain values."""

    table: str
    row: dict[str, object]


def people_of(connection: sa.Connection, said: Sequence[str]) -> Person:
    """Who is meant, taken together as one: each by an id, or by a name that only one id has.

    Raises:
        AuditError: One is nobody, or several; then it lists their ids.
    """
    codes = keeping_of(connection.dialect).codes
    row = exchanges.c
    people = sa.select(row.talker_id, row.talker_name, row.chat_id, row.room_name)
    names: dict[str, set[str]] = {}
    counts: Counter[str] = Counter()
    for talker_id, name, chat_id, room_name in connection.execute(people):
        names.setdefault(talker_id, set()).add(name)
        counts[talker_id] += 1
        if room_name is None:
            names.setdefault(chat_id, set())
    ids: frozenset[str] = frozenset()
    for one in map(storable, said):
        # An empty id is that of what the bot says by itself.
        meant = forms([one], codes) if one else frozenset()
        if not meant & names.keys() and not _is_elsewhere(connection, meant, codes):
            named = {id_: counts[id_] for id_ in names if one and one in names[id_]}
            meant = _only(one, named, codes)
        ids |= meant
    return Person(ids, frozenset(name for id_ in ids for name in names.get(id_, ()) if name))


def forms(ids: Iterable[str], codes: Codes | None) -> frozenset[str]:
    """The ids, and the codes that they have where ids are codes."""
    plain = frozenset(ids)
    return plain | {codes.code(id_) for id_ in plain} if codes else plain


def is_about(person: Person) -> sa.ColumnElement[bool]:
    """Whether an exchange is one that they wrote, or of the private chat with them."""
    row = exchanges.c
    return _among(row.talker_id, person.ids) | (
        _among(row.chat_id, person.ids) & row.room_name.is_(None)
    )


def learnt_with(connection: sa.Connection, person: Person) -> list[sa.Row[Any]]:
    """The pairs that were learnt in the chat with them."""
    codes = keeping_of(connection.dialect).codes
    rows = connection.execute(sa.select(voice).order_by(voice.c.id))
    return [row for row in rows if forms([row.chat_id], codes) & person.ids]


def is_given_by(person: Person) -> sa.ColumnElement[bool]:
    return _among(corrections.c.given_by, person.ids)


def ids_of(connection: sa.Connection, person: Person) -> list[str]:
    """The exchanges that are about them, in their order."""
    about = sa.select(exchanges.c.id).where(is_about(person)).order_by(exchanges.c.seq)
    return list(connection.scalars(about))


def in_pages(ids: Sequence[T]) -> Iterator[Sequence[T]]:
    """So many at a time as fit into one question: SQLite takes 32,766 parameters at most."""
    return (ids[start : start + _PAGE] for start in range(0, len(ids), _PAGE))


def stored(settings: Audit, said: str) -> Iterator[Stored]:
    """All that is stored about one person, table by table, oldest first; also while the bot runs.

    Not among it: what others wrote about them, or quoted of theirs.

    Raises:
        AuditError: See ``people_of`` and ``Database.to_read``; at the first row.
    """
    with closing(Database.to_read(settings)) as database:
        with database.begin() as connection:
            require_current(connection, database.place)
            person = people_of(connection, [said])
            ids = ids_of(connection, person)
            learnt = learnt_with(connection, person)
        for page in in_pages(ids):
            with database.begin() as connection:
                found = sa.select(exchanges).where(exchanges.c.id.in_(page))
                rows = connection.execute(found.order_by(exchanges.c.seq)).all()
                about = corrections.c.exchange_id.in_(page) & ~is_given_by(person)
                put_right = connection.execute(sa.select(corrections).where(about)).all()
            yield from (_stored(exchanges, row) for row in rows)
            yield from (_stored(corrections, row) for row in put_right)
        with database.begin() as connection:
            given = sa.select(corrections).where(is_given_by(person))
            rows = connection.execute(given.order_by(corrections.c.id)).all()
        yield from (_stored(corrections, row) for row in rows)
        yield from (_stored(voice, row) for row in learnt)


def _stored(table: sa.Table, row: sa.Row[Any]) -> Stored:
    return Stored(table.name, {name: row._mapping[name] for name in row._mapping if name != "salt"})


def _among(column: sa.ColumnElement[str], ids: frozenset[str]) -> sa.ColumnElement[bool]:
    return sa.type_coerce(column, StorableText()).in_(sorted(ids))


def _is_elsewhere(connection: sa.Connection, ids: frozenset[str], codes: Codes | None) -> bool:
    """Whether only a label or a learnt answer knows them: their exchanges have expired."""
    given = sa.exists().where(_among(corrections.c.given_by, ids))
    chats = connection.scalars(sa.select(voice.c.chat_id).distinct())
    return bool(connection.scalar(sa.select(given))) or any(forms([c], codes) & ids for c in chats)


def _only(said: str, counts: dict[str, int], codes: Codes | None) -> frozenset[str]:
    if not counts:
        raise AuditError(f"{said!r} is nobody's id or whole name in this audit log; see audit list")
    same = {forms([id_], codes): id_ for id_ in counts}
    # One person before and after their id became a code is one.
    apart = [ids for ids in same if not any(ids < other for other in same)]
    if len(apart) > 1:
        known = ", ".join(f"{id_} ({counts[id_]} messages)" for id_ in sorted(counts))
        raise AuditError(f"{said!r} is the name of several; say which by id: {known}")
    return apart[0]
