"""What somebody asked to be reminded of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reminder:
    """One that was not said yet.

    Attributes:
        id: Shown with it, and never another's.
        person_id: Who asked for it, and is told.
        given_at: When it was asked for, unix seconds.
        due_at: When it is to be said, unix seconds.
    """

    id: int
    person_id: str
    text: str
    given_at: float
    due_at: float
