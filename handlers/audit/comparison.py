"""Every row of the log beside what the journal says of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import sqlalchemy as sa

from handlers.audit import chain
from handlers.audit.finding import Fault, Finding
from handlers.audit.journal import stored
from handlers.audit.schema import exchanges, runs
from handlers.audit.walk import PAGE, Told

Row = dict[str, object]
#: Columns that two rows can have swapped between them, beside single ones: all but their names.
_NAMES = (("id",), ("seq",), ("id", "seq"), ("id", "seq", "message_id"))


def first_wrong(
    connection: sa.Connection, told: Told, advance: Callable[[int], None]
) -> Finding | None:
    """The exchange with the lowest seq that is not as the journal says, else the first such run.

    Args:
        told: What the journal says; its ``exchanges`` and ``runs`` are used up.
        advance: Told of every row.
    """
    return _exchange(connection, told.exchanges, advance) or _run(connection, told.runs)


def _exchange(
    connection: sa.Connection,
    expected: dict[str, tuple[int, str]],
    advance: Callable[[int], None],
) -> Finding | None:
    found: list[Finding] = []
    changed: list[tuple[Row, str]] = []
    for row in _rows(connection, exchanges, advance):
        id_ = str(row["id"])
        seq, digest = expected.pop(id_, (0, ""))
        if digest == chain.digest(row):
            continue
        if digest:
            changed.append((row, digest))
        fault = Fault.CHANGED if digest else Fault.INSERTED
        found.append(Finding(fault, "exchange", _number(row["seq"], seq), id_))
    gone = [Finding(Fault.DELETED, "exchange", seq, id_) for id_, (seq, _) in expected.items()]
    if not found + gone:
        return None
    # Where one row is missing and another stands in its place, it is the missing one that counts.
    first = min(gone + found, key=lambda finding: finding.number or 0)
    if first.fault is Fault.CHANGED and len(changed) == 2 and _are_swapped(*changed):
        other = changed[1][0]["seq"]
        return Finding(
            Fault.SWAPPED, "exchange", first.number, first.exchange_id, f"exchange {other}"
        )
    return first


def _run(connection: sa.Connection, expected: dict[int, str]) -> Finding | None:
    for row in _rows(connection, runs, lambda amount: None):
        number = _number(row["id"], 0)
        digest = expected.pop(number, "")
        if digest != chain.digest(row):
            return Finding(Fault.CHANGED if digest else Fault.INSERTED, "run", number)
    return Finding(Fault.DELETED, "run", min(expected)) if expected else None


def _rows(
    connection: sa.Connection, table: sa.Table, advance: Callable[[int], None]
) -> Iterator[Row]:
    order = table.c.seq if "seq" in table.c else table.c.id
    streamed = {"stream_results": True, "yield_per": PAGE}
    names = [column.name for column in table.c]
    result = connection.execute(stored(table).order_by(order), execution_options=streamed)
    for page in result.partitions():
        yield from (dict(zip(names, row, strict=True)) for row in page)
        advance(len(page))


def _number(value: object, otherwise: int) -> int:
    """A number as it stands in its row; whoever changes a file can put a text there."""
    return value if isinstance(value, int) else otherwise


def _are_swapped(one: tuple[Row, str], other: tuple[Row, str]) -> bool:
    """Whether exchanging a column, or all but their names, makes both rows right again."""
    (row, digest), (row2, digest2) = one, other
    differing = [name for name in row if row[name] != row2[name]]
    sets = [[name] for name in differing]
    sets += [[name for name in differing if name not in kept] for kept in _NAMES]
    digests = {digest, digest2}
    return any(
        {chain.digest(row | _of(row2, names)), chain.digest(row2 | _of(row, names))} == digests
        for names in sets
    )


def _of(row: Row, names: list[str]) -> Row:
    return {name: row[name] for name in names}
