"""Second call: the reply. What is known to be right goes first, and nothing leaves unguarded."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol, Self

import structlog

import settings
from engine.bank import Near
from engine.distress import is_distress
from engine.errors import EngineError
from engine.mood import Mood
from engine.persona import Persona, PersonaError, load
from engine.talk import Asked, Turn
from handlers import skills
from handlers.choose import SAME
from handlers.chooser import Chooser, Mind
from handlers.exchange import Exchange, Gate, Reply, Source
from handlers.topics import Topic, topic

log = structlog.get_logger()

#: An example on the same topic is said instead of the persona's general line from this nearness on.
NEAR_ENOUGH = 0.6


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
        personas = cls(load(config.reply.persona), by_chat)
        for persona in personas.all():
            if unknown := sorted(set(persona.honest) - set(Topic)):
                raise PersonaError(
                    f"persona {persona.name}: honest: no such topic {', '.join(unknown)}; "
                    f"there are {', '.join(Topic)}"
                )
        return personas

    def of(self, chat_id: str) -> Persona:
        return self._by_chat.get(chat_id, self._default)

    def all(self) -> tuple[Persona, ...]:
        return (self._default, *self._by_chat.values())


class ReplyStage:
    """Answers a message by the first of these that applies.

    Words of distress get the persona's fixed line; dates and sums are worked out; what nobody
    told the bot gets an honest line; for all else the best of several candidates is chosen. Where
    none is good enough, a warm line is said, or nothing.

    Args:
        config: ``reply`` of the settings.
        now: Local time, for the skills.
    """

    def __init__(
        self,
        mind: Mind,
        history: History,
        personas: Personas,
        config: settings.ReplySection,
        *,
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
        chance: random.Random | None = None,
    ) -> None:
        self._history, self._personas, self._config, self._now = history, personas, config, now
        self._chance = chance or random.Random()  # noqa: S311 - which of several lines
        self._chooser = Chooser(mind, config, self._chance)

    async def __call__(self, exchange: Exchange) -> Exchange:
        """The exchange with a reply, or stopped as unsure where the settings prefer silence."""
        persona = self._personas.of(exchange.message.chat_id)
        if known := self._known(exchange, persona):
            return exchange.answered(known)
        asked = await self._asked(exchange, persona)
        try:
            near = await self._chooser.nearest(asked, exchange.message.chat_id)
            if fixed := self._fixed(exchange, asked, near):
                return exchange.answered(fixed)
            best = await self._chooser.best(asked, near)
            if best and best.score is not None and best.score >= self._config.least_score:
                return exchange.answered(best)
            return await self._unsure(exchange, asked, best)
        except EngineError as error:
            log.warning("reply.failed", exchange=exchange.id, error=type(error).__name__)
            return exchange.answered(self._without_model(exchange, asked))

    def _known(self, exchange: Exchange, persona: Persona) -> Reply | None:
        """What needs no model."""
        if is_distress(exchange.cleaned):
            return Reply(persona.distress, Source.CANNED, name="distress")
        found = skills.answer(exchange.cleaned, self._now())
        return Reply(found.text, Source.SKILL, name=found.name) if found else None

    def _fixed(self, exchange: Exchange, asked: Asked, near: Sequence[Near]) -> Reply | None:
        """What is answered with prepared words only."""
        if _is_read_as_distress(exchange, near):
            return Reply(asked.persona.distress, Source.CANNED, name="distress")
        about = topic(exchange.cleaned)
        return self._honest(about, asked, near) if about else None

    async def _asked(self, exchange: Exchange, persona: Persona) -> Asked:
        message = exchange.message
        turns = await self._history.turns(message.chat_id, self._config.history_turns)
        mood = exchange.reading.mood if exchange.reading else Mood.NEUTRAL
        name = "" if message.is_private else message.talker_name
        return Asked(persona, exchange.cleaned, mood, tuple(turns), name=name)

    def _honest(self, about: Topic, asked: Asked, near: Sequence[Near]) -> Reply:
        """An example on that topic, if one is near; else the persona's line for it."""
        for one in near:
            if one.similarity >= NEAR_ENOUGH and topic(one.pair.text) is about:
                return Reply(one.pair.reply, Source.EXAMPLE, name=about)
        lines = asked.persona.honest.get(about) or asked.persona.canned[asked.mood]
        return Reply(self._chance.choice(lines), Source.CANNED, name=about)

    def _without_model(self, exchange: Exchange, asked: Asked) -> Reply:
        """A prepared line; where the head had read distress, there was no time to doubt it."""
        if _is_read_as_distress(exchange, ()):
            return Reply(asked.persona.distress, Source.CANNED, name="distress")
        line = self._chance.choice(asked.persona.canned[asked.mood])
        return Reply(line, Source.CANNED, name=asked.mood)

    async def _unsure(self, exchange: Exchange, asked: Asked, best: Reply | None) -> Exchange:
        """A line that fits the mood and promises nothing; or silence, with the reason on record."""
        reached = f"best score {best.score if best else None}"
        if self._config.when_unsure == "silent":
            return exchange.stopped(
                Gate.UNSURE, f"{reached}; reply.least_score is {self._config.least_score:g}"
            )
        line = await self._chooser.open_line(asked)
        line = line or self._chance.choice(asked.persona.canned[asked.mood])
        tried = best or Reply("", Source.CANNED)
        return exchange.answered(replace(tried, text=line, source=Source.CANNED, name="open"))


def _is_read_as_distress(exchange: Exchange, near: Sequence[Near]) -> bool:
    """Whether the head sees distress where no words say so, and no ordinary pair says the same.

    The head of the smaller bundled model takes "我失恋了" for it. The bank holds no message of
    distress, so one that lies on a pair of it is none.
    """
    is_read = exchange.reading is not None and exchange.reading.distress
    return is_read and not (near and near[0].similarity >= SAME)
