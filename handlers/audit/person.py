"""One person in the audit log: found by id or name, and which rows are theirs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa

from handlers.audit.columns import StorableText, keeping_of, storable
from handlers.audit.errors import AuditError
from handlers.audit.schema import corrections, exchanges, voice
from handlers.audit.sealed import Codes
from handlers.audit.tables import alerts, evidence, orders, reminders, steps

T = TypeVar("T", str, int)
_PAGE = 500
#: Ids of people outside ``exchanges``, in columns that SQL cannot look into where they are sealed.
_ELSEWHERE = (
    voice.c.chat_id,
    *(evidence.c.person_id, evidence.c.target_id, steps.c.person_id, steps.c.other_id),
    *(orders.c.person_id, alerts.c.to_id, alerts.c.person_id, reminders.c.person_id),
)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who wrote, or was written to; or several of them.

    Attributes:
        ids: Theirs, in every form they may be stored in.
        names: Under which they wrote.
    """

    ids: frozenset[str]
    names: frozenset[str] = frozenset()


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


def _among(column: sa.ColumnElement[str], ids: frozenset[str]) -> sa.ColumnElement[bool]:
    return sa.type_coerce(column, StorableText()).in_(sorted(ids))


def _is_elsewhere(connection: sa.Connection, ids: frozenset[str], codes: Codes | None) -> bool:
    """Whether they wrote nothing that is kept, and yet something is kept of them."""
    for column in (corrections.c.given_by, orders.c.given_by, steps.c.marked_by):
        if connection.scalar(sa.select(sa.exists().where(_among(column, ids)))):
            return True
    return any(
        forms([id_], codes) & ids
        for column in _ELSEWHERE
        for id_ in connection.scalars(sa.select(column).distinct())
    )


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
