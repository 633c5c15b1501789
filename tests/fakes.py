"""Small real implementations of what the handlers ask for: a scripted mind, a recording chat."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from engine.bank import Guess, Near
from engine.errors import EngineError
from engine.mood import Mood, Reading
from engine.persona import Persona, load
from engine.talk import Aptness, Asked, Draft, Likelihood, Turn
from handlers.audit.history import SPOKEN
from handlers.exchange import Exchange, Kind, Message, Outcome

NOW = 1_700_000_000.0
_IDS = itertools.count(1)


def message(text: str = "你好", **fields: object) -> Message:
    """A private text message from 小明, unless ``fields`` say otherwise."""
    defaults: dict[str, object] = {
        "id": f"m-{next(_IDS)}",
        "chat_id": "ming",
        "talker_id": "ming",
        "talker_name": "小明",
        "text": text,
        "raw": text,
        "kind": Kind.TEXT,
        "sent_at": NOW,
    }
    return Message(**(defaults | fields))  # type: ignore[arg-type]


def room_message(text: str = "大家好", **fields: object) -> Message:
    """A message of 小明 in a group."""
    return message(text, **({"chat_id": "room@chatroom", "room_name": "同学群"} | fields))


def reading(mood: Mood = Mood.NEUTRAL, confidence: float = 0.9) -> Reading:
    rest = (1 - confidence) / (len(Mood) - 1)
    scores = {m: confidence if m is mood else rest for m in Mood}
    return Reading.from_scores(scores, unsure_below=0.5)


def persona() -> Persona:
    return load("yixin")


@dataclass
class Clock:
    """Seconds that pass when a test says so."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class ScriptedMind:
    """A model that reads and writes what it was told to, as an error where that was told.

    Attributes:
        gains: How much likelier a message makes a reply; 2 where it is not named.
    """

    replies: list[str | EngineError] = field(default_factory=lambda: ["好呀。"])
    moods: Callable[[str], Mood] = lambda text: Mood.NEUTRAL
    mood_error: EngineError | None = None
    asked: list[Asked] = field(default_factory=list)
    near: list[Near] = field(default_factory=list)
    gains: dict[str, float] = field(default_factory=dict)
    guesses: list[Guess] = field(default_factory=list)
    delay_s: float = 0.0

    async def read_mood(self, text: str) -> Reading:
        if self.mood_error is not None:
            raise self.mood_error
        return reading(self.moods(text))

    async def nearest(
        self, persona: Persona, text: str, mood: Mood, *, chat: str, num: int
    ) -> list[Near]:
        return self.near[:num]

    async def occasions(self, persona: Persona, text: str) -> list[Guess]:
        return self.guesses

    async def drafts(self, asked: Asked, num: int) -> list[Draft]:
        """The next scripted drafts, at most ``num``; the last one again when all were used."""
        self.asked.append(asked)
        await asyncio.sleep(self.delay_s)
        said, self.replies = self.replies[:num], self.replies[num:] or self.replies[-1:]
        for one in said:
            if isinstance(one, EngineError):
                raise one
        return [Draft(str(one), num_tokens=len(str(one)), is_finished=True) for one in said]

    async def weigh(self, asked: Asked, replies: Sequence[str]) -> list[Likelihood]:
        if not replies:
            raise ValueError("nothing to weigh")  # as the real one
        return [Likelihood(-3.0, -3.0 - self.gains.get(reply, 2.0)) for reply in replies]

    async def judge(self, text: str, replies: Sequence[str]) -> list[Aptness]:
        """As a model without a head for it."""
        return []


@dataclass
class RecordingChat:
    """A chat that keeps what was sent, or fails as it was told to, after or before sending."""

    sent: list[tuple[str, str, tuple[tuple[str, str], ...]]] = field(default_factory=list)
    pictures: list[tuple[str, str, bytes]] = field(default_factory=list)
    errors: list[Exception | None] = field(default_factory=list)
    sends_before_failing: bool = True

    async def send(
        self, chat_id: str, text: str, mentions: Sequence[tuple[str, str]] = ()
    ) -> str | None:
        error = self.errors.pop(0) if self.errors else None
        if error is None or self.sends_before_failing:
            self.sent.append((chat_id, text, tuple(mentions)))
        if error is not None:
            raise error
        return f"out-{len(self.sent)}"

    async def send_picture(self, chat_id: str, png: bytes, name: str) -> str | None:
        self.pictures.append((chat_id, name, png))
        return await self.send(chat_id, f"[{name}]")


@dataclass
class MemoryLedger:
    """The audit log's promises, in memory: rows by exchange id, every state in order."""

    rows: dict[str, Exchange] = field(default_factory=dict)
    history: list[tuple[str, Outcome]] = field(default_factory=list)
    error: Exception | None = None

    async def receive(self, exchange: Exchange) -> bool:
        if any(row.message.id == exchange.message.id for row in self.rows.values()):
            return False
        await self.record(exchange)
        return True

    async def record(self, exchange: Exchange) -> None:
        if self.error is not None:
            raise self.error
        self.rows[exchange.id] = exchange
        self.history.append((exchange.message.id, exchange.outcome))

    async def turns(self, chat_id: str, limit: int) -> tuple[Turn, ...]:
        rows = [r for r in self.rows.values() if r.message.chat_id == chat_id and r.reply]
        spoken = [r for r in rows if r.reply and r.reply.source in SPOKEN]
        turns = [Turn(r.cleaned, r.reply.text) for r in spoken if r.reply]
        return tuple(turns[-limit:]) if limit else ()

    async def said_since(self, chat_id: str, name: str, since: float) -> bool:
        rows = [r for r in self.rows.values() if r.message.chat_id == chat_id and r.reply]
        return any(r.reply and r.reply.name == name for r in rows)

    def of(self, message_id: str) -> Exchange:
        """The row of a message."""
        [row] = [r for r in self.rows.values() if r.message.id == message_id]
        return row
