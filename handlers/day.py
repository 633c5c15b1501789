"""What went on in the chats, as the audit log knows it: values for digests and questions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.mood import Mood
from handlers.exchange import Gate, Kind, Outcome, Source


@dataclass(frozen=True, slots=True)
class Spoken:
    """A message that somebody wrote in a group, and what was read of it.

    Attributes:
        at: When it came, unix seconds.
        name: Shown then. Hostile input.
        text: Cleaned, without what it quotes.
        mood: None where none was read; so are the next three, and ``unsure`` is True.
        points: What it is evidence of, without what was forgiven.
    """

    exchange_id: str
    at: float
    person_id: str
    name: str
    text: str
    mood: Mood | None = None
    polarity: float | None = None
    confidence: float | None = None
    offence: float | None = None
    unsure: bool = True
    points: float = 0.0


@dataclass(frozen=True, slots=True)
class Chat:
    """What came in a chat of late, and what became of it.

    Attributes:
        room_name: None in a private chat, as in a message. Hostile input.
        talker_name: Who wrote last. Hostile input.
        num_in: Messages of others than the account.
        num_answered: Those of them that were answered, alone or together with others.
        unanswered: How many of the others each gate ended.
        moods: How many were surely read so.
        last_at: When the last came, unix seconds.
    """

    id: str
    room_name: str | None
    talker_name: str
    num_in: int = 0
    num_answered: int = 0
    unanswered: Mapping[Gate, int] = field(default_factory=dict)
    moods: Mapping[Mood, int] = field(default_factory=dict)
    last_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Said:
    """A message, and what the bot did with it.

    Attributes:
        at: When it came, unix seconds.
        talker_id: Empty where the bot spoke by itself.
        text: As it came, with a mention of the account cut out; empty where it had none.
        mood: None where none was read.
        unsure: Whether that reading is too unsure to act on.
        reply: Empty where none was written. Whether it left says ``outcome``.
        gate: What ended its way, with the detail that it found.
    """

    exchange_id: str
    at: float
    chat_id: str
    room_name: str | None
    talker_id: str
    talker_name: str
    kind: Kind
    text: str
    mood: Mood | None
    unsure: bool
    reply: str
    source: Source | None
    gate: Gate | None
    detail: str
    outcome: Outcome

    @property
    def has_left(self) -> bool:
        """Whether its reply was sent, or may have been."""
        return self.outcome in (Outcome.SENDING, Outcome.SENT, Outcome.UNCERTAIN)
