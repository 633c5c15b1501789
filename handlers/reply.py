"""Second call: the reply, in the tone that fits the mood, guarded before anyone sees it."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Protocol, Self

import structlog

import settings
from engine.distress import is_distress
from engine.errors import EngineError
from engine.mood import Mood
from engine.persona import Persona, load
from engine.talk import Draft, Turn
from handlers.exchange import Exchange, Reply, Source
from handlers.guard import Fault, check
from handlers.sentences import end_at_sentence
from handlers.tidy import tidy

log = structlog.get_logger()

#: One retry: a draft refused twice is refused by the prompt, not by chance.
ATTEMPTS = 2


class Mind(Protocol):
    async def reply(
        self, persona: Persona, history: Sequence[Turn], text: str, mood: Mood
    ) -> Draft: ...


class History(Protocol):
    async def turns(self, chat_id: str, limit: int) -> Sequence[Turn]: ...


class Personas:
    """The persona of each chat, all loaded and checked at start."""

    def __init__(self, default: Persona, by_chat: Mapping[str, Persona]) -> None:
        self._default, self._by_chat = default, dict(by_chat)

    @classmethod
    def load(cls, config: settings.Settings) -> Self:
        """The default persona and those of single chats.

        Raises:
            PersonaError: A file is missing, or something in it is wrong.
        """
        chats = config.answer.chats.items()
        by_chat = {chat: load(own.persona) for chat, own in chats if own.persona}
        return cls(load(config.reply.persona), by_chat)

    def of(self, chat_id: str) -> Persona:
        return self._by_chat.get(chat_id, self._default)

    def all(self) -> tuple[Persona, ...]:
        return (self._default, *self._by_chat.values())


class ReplyStage:
    """Writes the reply: two attempts by the model, else a canned line of the persona.

    A message of distress is answered by the persona's fixed line, and the model is not asked.

    Args:
        max_turns: Turns of the chat shown to the model.
        max_chars: Longest reply; it ends at a sentence.
    """

    def __init__(
        self,
        mind: Mind,
        history: History,
        personas: Personas,
        *,
        max_turns: int,
        max_chars: int,
        chance: random.Random | None = None,
    ) -> None:
        self._mind, self._history, self._personas = mind, history, personas
        self._max_turns, self._max_chars = max_turns, max_chars
        self._chance = chance or random.Random()  # noqa: S311 - which canned line

    async def __call__(self, exchange: Exchange) -> Exchange:
        """The exchange with a reply; never without one."""
        persona = self._personas.of(exchange.message.chat_id)
        # The words alone count too: a reading may be missing when the engine is busy.
        seen = exchange.reading is not None and exchange.reading.distress
        if seen or is_distress(exchange.cleaned):
            return exchange.answered(Reply(persona.distress, Source.CANNED, name="distress"))
        mood = exchange.reading.mood if exchange.reading else Mood.NEUTRAL
        turns = await self._history.turns(exchange.message.chat_id, self._max_turns)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                draft = await self._mind.reply(persona, turns, exchange.cleaned, mood)
            except EngineError as error:
                log.warning("reply.failed", exchange=exchange.id, error=type(error).__name__)
                break
            text, fault = self._review(draft, exchange, persona, turns)
            if fault is None:
                reply = Reply(text, Source.MODEL, num_tokens=draft.num_tokens, attempts=attempt)
                return exchange.answered(reply)
            log.info("reply.refused", exchange=exchange.id, fault=fault.name, attempt=attempt)
        line = self._chance.choice(persona.canned[mood])
        return exchange.answered(Reply(line, Source.CANNED, name=mood, attempts=attempt))

    def _review(
        self, draft: Draft, exchange: Exchange, persona: Persona, turns: Sequence[Turn]
    ) -> tuple[str, Fault | None]:
        """The draft as it would be sent, and what speaks against sending it."""
        text = tidy(draft.text, bot_name=persona.name)
        if not draft.is_finished or len(text) > self._max_chars:
            text = end_at_sentence(text, self._max_chars)
        previous = turns[-1].bot if turns else None
        return text, check(text, message=exchange.cleaned, previous=previous, bot_name=persona.name)
