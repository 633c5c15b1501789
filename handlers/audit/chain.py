"""What makes the journal a chain: digests of rows, and links that hold the entries together.

No database here. Canonical is one JSON text for each value: keys sorted, ASCII, no spaces; unlike
fields joined by a separator, it cannot be cut differently and mean something else.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from json.encoder import encode_basestring_ascii as _quoted


class Event(StrEnum):
    """What an entry of the journal tells of."""

    #: A run began; digest of its row.
    START = "start"
    #: An exchange was written; digest of its row as it then stood.
    WRITE = "write"
    #: An exchange was emptied on request; digest of what is left of its row.
    ERASE = "erase"
    #: An exchange grew too old and was deleted.
    EXPIRE = "expire"
    #: The entries up to ``number`` were cut off, for nothing they tell of is left; digest is the
    #: link of the last of them.
    CUT = "cut"
    #: A start found that the end of the chain was gone: ``number`` and digest are the n and link
    #: that the anchor knew, or None and empty where there was no anchor to ask.
    LOSS = "loss"


#: Events that say how a row of ``exchanges`` looks.
SHOWS = (Event.WRITE, Event.ERASE)

#: The link before the first entry.
GENESIS = ""
#: What the links of a chain begin with that is sealed with a key.
KEYED = "k"


@dataclass(frozen=True, slots=True)
class Note:
    """What an entry says; its place in the chain is the journal's business.

    Attributes:
        number: The seq of the exchange, the id of the run, or the last entry that was cut off.
    """

    kind: Event
    exchange_id: str | None = None
    number: int | None = None
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry of the chain, all that the next one needs of it."""

    n: int = 0
    link: str = GENESIS

    @property
    def is_keyed(self) -> bool:
        """Whether a key sealed it."""
        return self.link.startswith(KEYED)


def _unknown(value: object) -> object:
    """What SQLite keeps and JSON does not know: a blob, which no column of ours is."""
    if isinstance(value, bytes | memoryview):
        return {"blob": bytes(value).hex()}
    return repr(value)


_canonical = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), check_circular=False, default=_unknown
).encode


def digest(row: Mapping[str, object]) -> str:
    """SHA-256 of a row as it is stored, as 64 hex digits.

    Over the stored values, not what the column types make of them: so verifying neither needs the
    key of the texts nor opens them. NULLs count as absent, so that a column that a later version
    adds leaves the digests of old rows as they are. The row's salt is one of its columns.
    """
    present = {name: value for name, value in row.items() if value is not None}
    return hashlib.sha256(_canonical(present).encode()).hexdigest()


def link(
    previous: str,
    n: int,
    at: float,
    kind: str,
    exchange_id: str | None,
    number: int | None,
    digest: str,
    key: bytes | None,
) -> str:
    """What entry ``n`` is sealed with, and through ``previous`` all the entries before it.

    HMAC-SHA256 under ``key``, 64 hex digits behind a ``k``; without a key SHA-256, which finds
    what was changed by somebody who does not compute the rest of the chain anew.
    """
    is_usual = type(n) is type(number) is int and type(at) is float
    if is_usual and type(exchange_id) is type(kind) is type(digest) is type(previous) is str:
        # The same text in a third of the time, for nearly every entry of every log.
        names = f"{_quoted(kind)},{_quoted(exchange_id)}"
        said = f"[{_quoted(previous)},{n},{at!r},{names},{number},{_quoted(digest)}]"
    else:
        said = _canonical((previous, n, at, kind, exchange_id, number, digest))
    return seal(said.encode(), key)


def seal(data: bytes, key: bytes | None) -> str:
    """The code that shows ``data`` to be untouched."""
    if key is None:
        return hashlib.sha256(data).hexdigest()
    keyed = _keyed(key).copy()
    keyed.update(data)
    return KEYED + keyed.hexdigest()


@lru_cache(maxsize=4)
def _keyed(key: bytes) -> hmac.HMAC:
    """To be copied: to begin with the key anew takes longer than all the rest."""
    return hmac.new(key, digestmod="sha256")
