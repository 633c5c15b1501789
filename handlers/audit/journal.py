"""The journal of the audit log: every write of a row adds an entry that the next one seals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
import structlog

from handlers.audit import chain
from handlers.audit.anchor import Anchor
from handlers.audit.chain import SHOWS, Event, Head, Note
from handlers.audit.schema import exchanges, journal, runs

log = structlog.get_logger()

#: Ids in one question: SQLite takes 32,766 parameters, before 3.32 no more than 999.
_AT_ONCE = 500


def stored(table: sa.Table) -> sa.Select[Any]:
    """Rows as they are in the file: no column type opens, decodes or converts anything."""
    columns: list[sa.ColumnClause[Any]] = [sa.column(column.name) for column in table.c]
    return sa.select(*columns).select_from(table)


# Made once: SQLAlchemy takes as long to build them as SQLite to answer them.
_EXCHANGES = (
    stored(exchanges)
    .where(exchanges.c.id.in_(sa.bindparam("ids", expanding=True)))
    .order_by(exchanges.c.seq)
)
_SAID = (
    sa.select(journal.c.exchange_id, journal.c.digest)
    .where(journal.c.exchange_id.in_(sa.bindparam("ids", expanding=True)))
    .where(journal.c.kind.in_([kind.value for kind in SHOWS]))
    .order_by(journal.c.n)
)
_RUNS = stored(runs).where(runs.c.id.in_(sa.bindparam("ids", expanding=True))).order_by(runs.c.id)
_END = sa.select(journal.c.n, journal.c.link).order_by(journal.c.n.desc()).limit(1)
_ADD = journal.insert()
_COLUMNS = [column.name for column in journal.c]


class Journal:
    """Adds entries inside the caller's transaction, and names the last one once it is committed.

    Args:
        anchor: Where to name it; None where there is no place for one.
        key: Seals the links; see ``chain.link``.
    """

    def __init__(self, anchor: Anchor | None, key: bytes | None) -> None:
        self._anchor, self._key = anchor, key
        self._head: Head | None = None
        self._named: Head | None = None

    def append(self, connection: sa.Connection, at: float, notes: Iterable[Note]) -> Head:
        """Adds an entry for each note, all at one time (unix seconds); the new end."""
        head = self._head or end(connection)
        entries = []
        for note in notes:
            n = head.n + 1
            said = (note.kind.value, note.exchange_id, note.number, note.digest)
            head = Head(n, chain.link(head.link, n, at, *said, self._key))
            entries.append(dict(zip(_COLUMNS, (n, at, *said, head.link), strict=True)))
        if entries:
            connection.execute(_ADD, entries)
        self._head = head
        return head

    def wrote(
        self, connection: sa.Connection, at: float, ids: Sequence[str], kind: Event = Event.WRITE
    ) -> None:
        """Adds an entry for each of these exchanges, by what is now in the database."""
        for start in range(0, len(ids), _AT_ONCE):
            rows = connection.execute(_EXCHANGES, {"ids": ids[start : start + _AT_ONCE]})
            self.append(connection, at, list(_shown(rows, kind)))

    def vouched(self, connection: sa.Connection, ids: Sequence[str]) -> set[str]:
        """Those of these exchanges that are as their last entries say.

        To be asked before an old row is written or deleted with an entry of its own: else somebody
        could change the row, and have the bot seal the change with its key.
        """
        right: set[str] = set()
        for start in range(0, len(ids), _AT_ONCE):
            asked = {"ids": ids[start : start + _AT_ONCE]}
            said = {row.exchange_id: row.digest for row in connection.execute(_SAID, asked)}
            for row in connection.execute(_EXCHANGES, asked):
                if said.get(row.id) == chain.digest(row._asdict()):
                    right.add(row.id)
        if wrong := len(ids) - len(right):
            log.error("audit.rows_changed", exchanges=wrong, hint="audit verify names the first")
        return right

    def started(self, connection: sa.Connection, at: float, ids: Sequence[int]) -> None:
        """Adds an entry for each of these runs."""
        found = [row._asdict() for row in connection.execute(_RUNS, {"ids": ids})]
        notes = (Note(Event.START, number=row["id"], digest=chain.digest(row)) for row in found)
        self.append(connection, at, notes)

    def check_end(self, connection: sa.Connection, at: float) -> None:
        """Keeps what the anchor knows of a lost end of the chain, before the anchor moves on.

        Without this, a cut tail would be found only until the bot starts the next time.
        """
        if self._anchor is None:
            return
        head, known = end(connection), self._anchor.read()
        if known is None and head.n == 0:
            return
        if known is None or not known.vouches_for(head):
            log.warning("audit.anchor_missing", path=str(self._anchor.path))
            self.append(connection, at, [Note(Event.LOSS)])
        elif not _holds(connection, known.head):
            log.error("audit.end_lost", entry=known.head.n, end=head.n)
            self.append(
                connection, at, [Note(Event.LOSS, number=known.head.n, digest=known.head.link)]
            )

    def committed(self) -> None:
        """Names the last entry; call it after the commit of each transaction."""
        if self._anchor and self._head and self._head != self._named:
            self._anchor.write(self._head)
            self._named = self._head

    def rolled_back(self) -> None:
        """Forgets the entries that were not committed."""
        self._head = None


def end(connection: sa.Connection) -> Head:
    """The last entry; an empty head where there is none."""
    row = connection.execute(_END).first()
    return Head(row.n, row.link) if row else Head()


def _shown(rows: sa.CursorResult[Any], kind: Event) -> Iterator[Note]:
    for row in rows:
        values = row._asdict()
        yield Note(kind, values["id"], values["seq"], chain.digest(values))


def _holds(connection: sa.Connection, head: Head) -> bool:
    """Whether the chain has that entry, or lost it together with all before it."""
    found = connection.scalar(sa.select(journal.c.link).where(journal.c.n == head.n))
    if found is not None:
        return bool(found == head.link)
    first = connection.scalar(sa.select(sa.func.min(journal.c.n)))
    return first is not None and head.n < first
