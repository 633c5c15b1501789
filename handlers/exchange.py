"""One message and everything that happened to it: the values all handlers share."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self

from engine.mood import Reading


class Kind(StrEnum):
    """What a message carries, in the words a reader of the audit log understands."""

    TEXT = "text"
    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"
    STICKER = "sticker"
    FILE = "file"
    LINK = "link"
    CARD = "card"
    MONEY = "money"
    RECALL = "recall"
    EVENT = "event"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Message:
    """A chat message, free of any platform.

    Attributes:
        id: The platform's id, unique within an account.
        chat_id: Where an answer goes: the room's id in a group, else the talker's.
        talker_id: Who wrote it; ids decide, names are for people.
        talker_name: The name shown in that chat (room alias first). Hostile input.
        text: As it arrived, with any @mention of the account itself cut out.
        raw: As it arrived, whole.
        kind: What it carries.
        sent_at: Unix seconds, by the platform's clock.
        room_name: Topic of the group; None in a private chat. Hostile input.
        mentions_me: Whether the account itself was @mentioned (@所有人 is not that).
        is_self: Written by the account, here or on the phone.
        is_official: From an official or service account, or from one whose kind is not known.
        mention_ids: Others it @mentions by id; empty where the platform does not tell.
    """

    id: str
    chat_id: str
    talker_id: str
    talker_name: str
    text: str
    raw: str
    kind: Kind
    sent_at: float
    room_name: str | None = None
    mentions_me: bool = False
    is_self: bool = False
    is_official: bool = False
    mention_ids: tuple[str, ...] = ()

    @property
    def is_private(self) -> bool:
        return self.room_name is None

    @property
    def is_direct(self) -> bool:
        """Whether it is for the account whatever its words are."""
        return self.is_private or self.mentions_me


class Gate(StrEnum):
    """Why a message got no answer."""

    SEEN = "seen"
    OWN = "own"
    OFFICIAL = "official"
    STALE = "stale"
    NOT_TEXT = "not-text"
    EMPTY = "empty"
    NOT_ALLOWED = "not-allowed"
    NOT_ADDRESSED = "not-addressed"
    MERGED = "merged"
    TAKEN_OVER = "taken-over"
    PAUSED = "paused"
    PRESENT = "present"
    HANDED_OVER = "handed-over"
    UNSURE = "unsure"
    QUIET = "quiet"
    LOOP = "loop"
    BUDGET = "budget"
    RESTRICTED = "restricted"
    FAILED = "failed"
    OVERLOADED = "overloaded"
    STOPPING = "stopping"
    INTERRUPTED = "interrupted"
    ERROR = "error"


class Action(StrEnum):
    """A step about what somebody wrote, beside any answer; from the mildest to the last."""

    NONE = "none"
    NOTE = "note"
    CALM = "calm"
    WARN = "warn"
    ALERT = "alert"
    REMOVE = "remove"


class Source(StrEnum):
    """Where the words of a reply come from."""

    MODEL = "model"
    EXAMPLE = "example"
    SKILL = "skill"
    CANNED = "canned"
    COMMAND = "command"
    NOTICE = "notice"


class Outcome(StrEnum):
    """How far an exchange got. Only ``SENDING`` and later may have reached the other side.

    After a crash a row left at ``SENDING`` becomes ``UNCERTAIN``: WeChat has no idempotency key,
    so what may have gone out is never sent again. ``FAILED`` is certain: nothing left.
    """

    RECEIVED = "received"
    SILENT = "silent"
    DECIDED = "decided"
    SENDING = "sending"
    SENT = "sent"
    UNCERTAIN = "uncertain"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule found, naming itself and its detail so that it can be explained.

    Attributes:
        points: What it adds to the writer's.
        target_id: Whom it was said to; empty where nobody is known.
    """

    action: Action
    rule: str
    detail: str
    points: float = 0.0
    target_id: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to answer.

    Attributes:
        source: ``MODEL``, ``EXAMPLE``, or ``CANNED``: a line that fits an occasion.
        nearness: Of an example: how near its message is to the one answered, 0 to 1.7.
        occasion: What its message was written on, or what it fits.
        sureness: How surely the message to answer was written on that occasion, 0 to 1.
        kin: How surely it was on that one or another of its family.
        fault: Name and detail of what speaks against sending it; empty: nothing.
        score: The higher the better; None where it was not weighed.
    """

    text: str
    source: Source
    nearness: float = 0.0
    occasion: str = ""
    sureness: float = 0.0
    kin: float = 0.0
    num_tokens: int = 0
    fault: str = ""
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What is to be sent, and where the words come from.

    Attributes:
        name: Which command, skill, prepared line or notice, so that the audit log can count it.
        num_tokens: Written by the model for it, candidates that were not chosen included.
        score: Of the candidate that was chosen.
        candidates: What it was chosen from; they are not kept in the audit log.
        mentions: Id and name of whom it calls on in a group; None: the one it answers.
        picture: PNG that is sent after the text; it is not kept in the audit log.
    """

    text: str
    source: Source
    name: str = ""
    num_tokens: int = 0
    attempts: int = 1
    score: float | None = None
    candidates: tuple[Candidate, ...] = ()
    mentions: tuple[tuple[str, str], ...] | None = None
    picture: bytes = field(default=b"", repr=False)


def new_id() -> str:
    return uuid.uuid4().hex


@dataclass(frozen=True, slots=True)
class Exchange:
    """A message on its way through the handlers; each returns a changed copy.

    Attributes:
        cleaned: The text the model sees; ``message.raw`` is for the audit log alone.
        quoted: The part of the message that repeats somebody else's words.
        reading: None before the mood stage, or where reading failed.
        gate: Set by the stage that ends the way of this message; later stages are skipped.
        detail: What the gate found, for the one who asks "why silent?".
        stage_ms: Milliseconds spent in each stage, in order.
    """

    message: Message
    id: str = field(default_factory=new_id)
    cleaned: str = ""
    quoted: str = ""
    reading: Reading | None = None
    verdict: Verdict | None = None
    reply: Reply | None = None
    gate: Gate | None = None
    detail: str = ""
    outcome: Outcome = Outcome.RECEIVED
    stage_ms: tuple[tuple[str, float], ...] = ()

    def stopped(self, gate: Gate, detail: str = "") -> Self:
        """This exchange, ended by ``gate``: no answer will be written."""
        return replace(self, gate=gate, detail=detail, outcome=Outcome.SILENT)

    def answered(self, reply: Reply) -> Self:
        """This exchange with the words to be sent, nothing sent yet."""
        return replace(self, reply=reply, outcome=Outcome.DECIDED)

    def timed(self, stage: str, ms: float) -> Self:
        return replace(self, stage_ms=(*self.stage_ms, (stage, ms)))
