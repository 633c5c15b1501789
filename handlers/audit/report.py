"""What moderation did or would have done, room by room, and what admins said of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

import sqlalchemy as sa

from handlers.audit.columns import is_meant, keeping_of, storable
from handlers.audit.conduct import steps
from handlers.audit.database import Database
from handlers.audit.errors import AuditError
from handlers.audit.marks import Marked, Precision, Threshold, num_missing, threshold
from handlers.audit.migration import require_current
from handlers.audit.schema import exchanges, is_in_room, of_others
from handlers.audit.tables import evidence
from handlers.conduct import Mark, Step, StepState
from handlers.exchange import Action
from settings import Audit


@dataclass(frozen=True, slots=True)
class Line:
    """Steps of one kind about one person.

    Attributes:
        person: Name and id, or the code of the id where names are not kept.
        states: How many steps got how far.
        right: Of them, what admins called right; ``wrong`` likewise.
    """

    action: Action
    rule: str
    person: str
    states: dict[StepState, int]
    right: int
    wrong: int


@dataclass(frozen=True, slots=True)
class Judged:
    """What the marks say of some steps.

    Attributes:
        precision: Of what was or would have been said or done; a note accuses nobody.
        threshold: Of points, notes included; not of what calmed two, whose points are of both.
        num_missing: Marks it takes at least before there can be a threshold.
    """

    precision: Precision
    threshold: Threshold | None
    num_missing: int


@dataclass(frozen=True, slots=True)
class RoomReport:
    """One room in one period.

    Attributes:
        num_messages: Texts that people wrote there.
        num_noticed: Those of them that are evidence of something, forgiven or not.
        num_forgiven: Those of them that were forgiven.
        lines: The strongest action first.
    """

    room_id: str
    name: str
    num_messages: int
    num_noticed: int
    num_forgiven: int
    lines: tuple[Line, ...]
    judged: Judged


@dataclass(frozen=True, slots=True)
class Report:
    """All rooms that are asked for, and what the marks of all of them say together."""

    since: float
    rooms: tuple[RoomReport, ...]
    judged: Judged


def report(settings: Audit, since: float, room: str | None = None) -> Report:
    """What there is since then (unix seconds), also while the bot runs.

    Args:
        room: Id of a room or part of its name, in either case; None: every room.

    Raises:
        AuditError: No such room had evidence or steps; or see ``Database.to_read``.
    """
    with closing(Database.to_read(settings)) as database, database.begin() as connection:
        require_current(connection, database.place)
        taken = steps(connection, since)
        names = _rooms(connection, taken, since)
        if room is not None:
            names = _meant(connection, names, room)
        shown = _shown(connection)
        rooms = tuple(
            _room(connection, id_, name, [one for one in taken if one.room_id == id_], since, shown)
            for id_, name in names.items()
        )
    return Report(since, rooms, _judged([one for one in taken if one.room_id in names]))


def _rooms(connection: sa.Connection, taken: Sequence[Step], since: float) -> dict[str, str]:
    """Those with evidence or steps, by id, with the name they had last."""
    row = evidence.c
    noticed = sa.select(row.room_id).where(row.at >= since).distinct()
    names = dict.fromkeys(connection.scalars(noticed), "")
    names |= {step.room_id: step.room_name for step in taken}
    for id_ in (id_ for id_, name in names.items() if not name):
        last = sa.select(exchanges.c.room_name).where(
            is_in_room, is_meant(exchanges.c.chat_id, id_)
        )
        names[id_] = connection.scalar(last.order_by(exchanges.c.received_at.desc()).limit(1)) or ""
    return dict(sorted(names.items(), key=lambda item: (item[1], item[0])))


def _meant(connection: sa.Connection, names: dict[str, str], said: str) -> dict[str, str]:
    codes, text = keeping_of(connection.dialect).codes, storable(said)
    found = {
        id_: name
        for id_, name in names.items()
        if text in (id_, codes and codes.code(id_)) or (text and text.casefold() in name.casefold())
    }
    if not found:
        raise AuditError(
            f"{said!r} is no room with evidence or steps since then; without --room all are shown"
        )
    return found


def _shown(connection: sa.Connection) -> Callable[[str, str], str]:
    """A name together with its id; the code alone where there is no name."""
    codes = keeping_of(connection.dialect).codes
    return lambda id_, name: f"{name} ({id_})" if name else codes.code(id_) if codes else id_


def _room(
    connection: sa.Connection,
    id_: str,
    name: str,
    taken: Sequence[Step],
    since: float,
    shown: Callable[[str, str], str],
) -> RoomReport:
    said, row = exchanges.c, evidence.c
    here = is_in_room & is_meant(said.chat_id, id_) & (said.received_at >= since)
    written = here & of_others & (said.cleaned != "")
    num_messages = connection.scalar(sa.select(sa.func.count()).where(written)) or 0
    against = is_meant(row.room_id, id_) & (row.at >= since)
    num = sa.func.count(row.exchange_id.distinct())
    forgiven = against & row.forgiven_at.is_not(None)
    return RoomReport(
        shown(id_, ""),
        name,
        num_messages,
        connection.scalar(sa.select(num).where(against)) or 0,
        connection.scalar(sa.select(num).where(forgiven)) or 0,
        tuple(_lines(taken, shown)),
        _judged(taken),
    )


def _lines(taken: Sequence[Step], shown: Callable[[str, str], str]) -> Iterator[Line]:
    names = {step.person_id: step.person_name for step in taken}
    alike: dict[tuple[Action, str, str], list[Step]] = {}
    for step in taken:
        alike.setdefault((step.action, step.rule, step.person_id), []).append(step)
    order = tuple(Action)
    for (action, rule, person_id), group in sorted(
        alike.items(), key=lambda item: (-order.index(item[0][0]), -len(item[1]), item[0])
    ):
        marks = Counter(step.mark for step in group)
        states = Counter(step.state for step in group)
        person = shown(person_id, names[person_id])
        yield Line(action, rule, person, dict(states), marks[Mark.RIGHT], marks[Mark.WRONG])


def _judged(taken: Sequence[Step]) -> Judged:
    marked = [step for step in taken if step.mark is not None]
    spoken = [_marked(step) for step in marked if step.action is not Action.NOTE]
    weighed = [_marked(step) for step in marked if step.action is not Action.CALM]
    return Judged(Precision.of(spoken), threshold(weighed), num_missing(weighed))


def _marked(step: Step) -> Marked:
    return Marked(step.points, step.mark is Mark.RIGHT)
