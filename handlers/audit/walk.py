"""The way through the journal, link by link, to what it says of every row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import sqlalchemy as sa

from handlers.audit.anchor import Known
from handlers.audit.chain import GENESIS, KEYED, SHOWS, Event, Head, link
from handlers.audit.errors import AuditError
from handlers.audit.finding import Broken, Fault, Finding
from handlers.audit.schema import journal
from settings import AUDIT_KEY

#: Rows taken from the database at a time.
PAGE = 1000


@dataclass(slots=True)
class Told:
    """What the journal says, once all of it was walked.

    Attributes:
        exchanges: By id, in order of arrival: seq and digest of those that must be there.
        runs: By id: digest of those that must be there.
        since: When what it vouches for began, unix seconds; None for an empty journal.
        lost: An end of the chain that a start of the bot found cut off.
    """

    exchanges: dict[str, tuple[int, str]] = field(default_factory=dict)
    runs: dict[int, str] = field(default_factory=dict)
    since: float | None = None
    lost: Finding | None = None
    head: Head = field(default_factory=Head)

    def take(
        self, n: int, at: float, kind: str, exchange_id: str, number: int | None, digest: str
    ) -> None:
        """Learns from the next entry, whose link was found right."""
        if self.since is None:
            self.since = at
        if kind in SHOWS:
            self.exchanges[exchange_id] = (number or 0, digest)
        elif kind == Event.EXPIRE:
            self.exchanges.pop(exchange_id, None)
        elif kind == Event.START:
            self.runs[number or 0] = digest
        elif kind == Event.LOSS and number is None:
            self.since = at
        elif kind == Event.LOSS and self.lost is None:
            detail = f"entry {number} was once the last; the start at entry {n} found it gone"
            self.lost = Finding(Fault.TAIL_CUT, "journal", detail=detail)


def walk(
    connection: sa.Connection, told: Told, known: Known | None, key: bytes | None
) -> Iterator[int]:
    """Checks every entry; yields how many, ``PAGE`` at most at a time.

    Args:
        told: Is taught what they say.
        known: What the anchor said before this transaction saw the journal: it may be behind.

    Raises:
        Broken: At the first entry that is not as it was written.
        AuditError: A key sealed the journal, and none is given.
    """
    told.head = _before_first(connection)
    last, previous = told.head.n, told.head.link
    anchored = known.head if known else Head()
    query = sa.select(journal).order_by(journal.c.n)
    streamed = {"stream_results": True, "yield_per": PAGE}
    for page in connection.execute(query, execution_options=streamed).partitions():
        for n, at, kind, exchange_id, number, digest, stored in page:
            if n != last + 1:
                raise Broken(_gap(last + 1, n))
            seal_key = _key_of(stored, key)
            right = link(previous, n, at, kind, exchange_id, number, digest, seal_key)
            is_open_again = previous[:1] == KEYED and not seal_key  # once sealed, always sealed
            if stored != right or is_open_again or (n == anchored.n and stored != anchored.link):
                raise Broken(Finding(Fault.CHANGED, "journal entry", n, exchange_id))
            if seal_key and previous[:1] != KEYED:
                told.since = at  # what was before it, anybody could have written
            told.take(n, at, kind, exchange_id, number, digest)
            last, previous = n, stored
        told.head = Head(last, previous)
        yield len(page)


def check_end(head: Head, known: Known | None, key: bytes | None) -> Finding | None:
    """Whether the chain ends where it should."""
    if known is None or not known.vouches_for(head):
        if known is None and head.n == 0:
            return None
        return Finding(Fault.NO_ANCHOR, "anchor")
    if known.head.n > head.n:
        detail = f"it ends with entry {head.n}, and {known.head.n} was there"
        return Finding(Fault.TAIL_CUT, "journal", detail=detail)
    if key and head.n and not head.is_keyed:
        return Finding(Fault.UNSEALED, "journal")
    return None


def _before_first(connection: sa.Connection) -> Head:
    """Where the journal takes up: nowhere, or behind what a later entry says was cut off."""
    first: int | None = connection.scalar(sa.select(sa.func.min(journal.c.n)))
    if first is None or first == 1:
        return Head(0, GENESIS)
    cut = (journal.c.kind == Event.CUT.value) & (journal.c.number == first - 1)
    of_last = connection.scalar(sa.select(journal.c.digest).where(cut).limit(1))
    if of_last is None:
        detail = f"it begins with entry {first}"
        raise Broken(Finding(Fault.HEAD_CUT, "journal", detail=detail))
    return Head(first - 1, of_last)


def _gap(missing: int, n: int) -> Finding:
    detail = "" if n == missing + 1 else f"and all up to {n - 1}"
    return Finding(Fault.DELETED, "journal entry", missing, detail=detail)


def _key_of(stored: str, key: bytes | None) -> bytes | None:
    """What sealed an entry with such a link."""
    if stored[:1] != KEYED:
        return None
    if key is None:
        raise AuditError(f"a key seals this audit log; set {AUDIT_KEY} to the one it began with")
    return key
