"""What the owner or an admin is told at once and may answer with one word."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

#: Seconds in which what was kept from being told still is news.
FRESH_S = 600.0


class AlertKind(StrEnum):
    HEAT = "heat"
    REMOVE = "remove"
    RAID = "raid"
    APPEAL = "appeal"
    DISTRESS = "distress"
    HAND_OVER = "hand-over"
    URGENT = "urgent"


class Word(StrEnum):
    """The one-word answers, whoever spells them: 好, 不, 静."""

    YES = "yes"
    NO = "no"
    HUSH = "hush"


@dataclass(frozen=True, slots=True)
class Alert:
    """What to tell.

    Attributes:
        text: The whole of it, but for its number and what may be answered.
        chat_id: The chat that it is about.
        person_id: The person that it is about; empty: nobody.
        exchange_id: The message that led to it; empty: none.
        step_id: The step that it asks about; 0: none.
    """

    kind: AlertKind
    text: str
    chat_id: str
    person_id: str = ""
    exchange_id: str = ""
    step_id: int = 0


@dataclass(frozen=True, slots=True)
class Raised:
    """An alert that somebody was told.

    Attributes:
        number: Shown with it, and never another's.
        to_id: Who was told.
        raised_at: Unix seconds, as is ``expires_at``, after which no answer acts on it.
        notice_id: The exchange that told it; empty: not told yet.
        answer: What was answered; None: nothing yet.
    """

    number: int
    alert: Alert
    to_id: str
    raised_at: float
    expires_at: float
    notice_id: str = ""
    answer: Word | None = None
