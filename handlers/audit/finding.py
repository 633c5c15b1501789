"""What verifying the audit log can find, in words that name the row."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """What was done to the log, in the words that a finding ends with."""

    CHANGED = "changed after it was written"
    DELETED = "deleted"
    INSERTED = "not written by Yixin"
    SWAPPED = "swapped with another"
    HEAD_CUT = "its beginning was cut off"
    TAIL_CUT = "its end was cut off"
    UNSEALED = (
        "its end is not sealed with the key; if none was set before, start the bot once with it"
    )
    NO_ANCHOR = (
        "missing, unreadable or sealed with another key, so that nothing tells whether the end of "
        "the journal was cut off; the next start of the bot writes it anew"
    )


@dataclass(frozen=True, slots=True)
class Finding:
    """The first thing that is wrong.

    Attributes:
        of: ``exchange``, ``run``, ``journal entry``, ``journal`` or ``anchor``.
        number: The seq of the exchange, the id of the run, or the n of the entry.
        exchange_id: Which exchange it is, or which the entry tells of.
        detail: What else is known.
    """

    fault: Fault
    of: str
    number: int | None = None
    exchange_id: str | None = None
    detail: str = ""

    def __str__(self) -> str:
        number = "" if self.number is None else f" {self.number}"
        name = f" (id {self.exchange_id})" if self.exchange_id else ""
        detail = f" ({self.detail})" if self.detail else ""
        return f"{self.of}{number}{name}: {self.fault.value}{detail}"


class Broken(Exception):
    """Ends a walk at its first finding."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding
