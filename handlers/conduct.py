"""How people behave in a group: what counts against somebody, and the steps that were taken."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from engine.mood import Mood
from handlers.exchange import Action


@dataclass(frozen=True, slots=True)
class Evidence:
    """Points that one message added to its writer's.

    Attributes:
        target_id: Whom it was said to; empty where nobody is known.
        at: Unix seconds.
        rule: Which rule found it.
        id: Its row; 0: not kept yet.
    """

    exchange_id: str
    room_id: str
    person_id: str
    target_id: str
    at: float
    rule: str
    points: float
    id: int = 0


@dataclass(frozen=True, slots=True)
class Shown:
    """Evidence together with what was read of its message, for people to judge by.

    Attributes:
        at: Unix seconds, of the evidence.
        target_id: Whom it was said to; empty where nobody is known.
        mood: None where none was read, or its message was erased; so are the next two.
        text: The cleaned message; empty where it was erased or has expired.
        is_forgiven: It counts no more.
    """

    exchange_id: str
    at: float
    rule: str
    points: float
    target_id: str
    mood: Mood | None
    confidence: float | None
    offence: float | None
    text: str
    is_forgiven: bool = False


class StepState(StrEnum):
    """How far a step got. One left at ``DUE`` by a crash was decided and maybe not carried out."""

    WOULD = "would"
    DUE = "due"
    DONE = "done"
    FAILED = "failed"


class Mark(StrEnum):
    """What an admin said of a step."""

    RIGHT = "right"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Step:
    """A step about somebody, taken or, in shadow, only noted.

    Attributes:
        other_id: The other side of a quarrel; empty where there is none.
        at: Unix seconds.
        points: What the person had then.
        mode: Of the room, then: shadow, warn or enforce.
        exchange_id: The message that led to it.
        notice_id: The exchange that said it, where one did.
        id: Its row; 0: not kept yet.
    """

    room_id: str
    room_name: str
    person_id: str
    person_name: str
    at: float
    action: Action
    rule: str
    detail: str
    points: float
    mode: str
    state: StepState
    exchange_id: str
    other_id: str = ""
    notice_id: str = ""
    mark: Mark | None = None
    id: int = 0
