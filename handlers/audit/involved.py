"""Where a person is in the tables of moderation and of the assistant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from handlers.audit.columns import keeping_of
from handlers.audit.person import Person, forms
from handlers.audit.tables import alerts, evidence, orders, reminders, steps

Row = sa.Row[Any]

#: The columns that make a row one about a person.
_ABOUT: dict[sa.Table, tuple[str, ...]] = {
    evidence: ("person_id",),
    steps: ("person_id", "other_id"),
    orders: ("chat_id", "person_id"),
    alerts: ("to_id", "chat_id", "person_id"),
    reminders: ("person_id",),
}
#: The columns that name them in rows about others.
NAMING: dict[sa.Table, str] = {
    evidence: "target_id",
    steps: "marked_by",
    orders: "given_by",
}
#: The columns of what the bot told of people.
TELLING: dict[sa.Table, str] = {steps: "detail", alerts: "text"}


@dataclass(frozen=True, slots=True)
class Involved:
    """The rows that a person is in, by table.

    Attributes:
        about: Those about them: what they wrote to others, what was done about them or is ordered
            for them, what they were told or asked to be told.
        naming: Those about others that name them: to whom it was said, who marked or gave it.
        retold: The ids of those about others that repeat their words or names, and what remains.
    """

    about: dict[sa.Table, list[Row]] = field(default_factory=dict)
    naming: dict[sa.Table, list[Row]] = field(default_factory=dict)
    retold: dict[sa.Table, dict[int, str]] = field(default_factory=dict)

    def count(self, *tables: sa.Table) -> int:
        """In how many rows of these tables they are."""
        return sum(
            len(
                {row.id for row in (*self.about[table], *self.naming[table])}
                | {*self.retold[table]}
            )
            for table in tables
        )

    def rows(self) -> Iterator[tuple[sa.Table, Row]]:
        """All but those that only repeat them, table by table, oldest first."""
        for table, about in self.about.items():
            rows = sorted((*about, *self.naming[table]), key=lambda row: int(row.id))
            yield from ((table, row) for row in rows)


def involved(
    connection: sa.Connection, person: Person, blotted: Callable[[str], str] = str
) -> Involved:
    """Looks through all rows: SQL cannot look into ids that are sealed.

    Args:
        blotted: A text without their words and names.
    """
    codes = keeping_of(connection.dialect).codes

    def is_theirs(row: Row, columns: Iterable[str]) -> bool:
        ids = [id_ for name in columns if (id_ := row._mapping[name])]
        return bool(forms(ids, codes) & person.ids)

    found = Involved()
    for table, columns in _ABOUT.items():
        about: list[Row] = []
        others: list[Row] = []
        for row in connection.execute(sa.select(table).order_by(table.c.id)):
            (about if is_theirs(row, columns) else others).append(row)
        found.about[table] = about
        naming, telling = NAMING.get(table), TELLING.get(table)
        found.naming[table] = [row for row in others if naming and is_theirs(row, [naming])]
        found.retold[table] = {
            row.id: left
            for row in others
            if telling and (left := blotted(row._mapping[telling])) != row._mapping[telling]
        }
    return found
