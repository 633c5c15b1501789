"""Second call: the reply. What is known to be right goes first, and nothing leaves unguarded."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

import structlog

import settings
from engine.bank import Guess, Near
from engine.distress import is_distress
from engine.errors import EngineError
from engine.mood import Mood, Reading
from engine.persona import Persona
from engine.talk import Asked, Turn
from handlers import choose, skills
from handlers.chooser import Chooser, Mind
from handlers.disclosure import DISCLOSURE, asks_who_writes, disclosed
from handlers.distress import CONCERN, DISTRESS
from handlers.exchange import Exchange, Gate, Reply, Source
from handlers.personas import Personas
from handlers.sanitize import speaker
from handlers.topics import Topic, topic
from handlers.unsaid import is_explained, is_sure, may_be_distress

__all__ = ["Personas", "ReplyStage", "by_chat"]

log = structlog.get_logger()

#: An example on the same topic is said instead of the persona's general line from this nearness on.
NEAR_ENOUGH = 1.1


#: From this confidence on a mood is taken for the one that is meant, from that on it may be;
SURE, MAY_WELL_BE = 0.75, 0.25
#: and a message down to this polarity is no sad one.
HEAVY_FROM = -0.5


class History(Protocol):
    async def turns(self, chat_id: str, limit: int) -> Sequence[Turn]: ...


class ReplyStage:
    """Answers a message by the first of these that applies.

    Words of distress get the persona's fixed line, and so does whoever asks if a bot writes; dates
    and sums are worked out; what nobody told the bot gets an honest line; for all else the best of
    several candidates is chosen. Where none is good enough, a warm line is said, or nothing.

    Args:
        config: ``reply`` of the settings.
        owner: Id of the account's owner; empty where nobody is.
        now: Local time, for the skills.
    """

    def __init__(
        self,
        mind: Mind,
        history: History,
        personas: Personas,
        config: settings.ReplySection,
        *,
        owner: str = "",
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
        chance: random.Random | None = None,
    ) -> None:
        self._history, self._personas, self._config, self._now = history, personas, config, now
        self._owner = owner
        self._chance = chance or random.Random()  # noqa: S311 - which of several lines
        self._chooser = Chooser(mind, config, self._chance)

    async def __call__(self, exchange: Exchange) -> Exchange:
        """The exchange with a reply; or stopped as unsure or failed where silence is preferred."""
        persona = self._personas.of(exchange.message.chat_id)
        if known := self._known(exchange, persona):
            return exchange.answered(known)
        asked = await self._asked(exchange, persona)
        try:
            near = await self._chooser.nearest(asked, exchange.message.chat_id)
            is_grave = exchange.reading and may_be_distress(exchange.reading)
            guesses = await self._chooser.occasions(asked) if is_grave else ()
            if fixed := self._fixed(exchange, asked, near, guesses):
                return exchange.answered(fixed)
            best = await self._chooser.best(asked, near)
            if not (best and best.score is not None and best.score >= self._config.least_score):
                return await self._unsure(exchange, asked, best)
            self._chooser.said(best)
            return exchange.answered(best)
        except EngineError as error:
            log.warning("reply.failed", exchange=exchange.id, error=type(error).__name__)
            return self._without_model(exchange, asked, error)

    def _known(self, exchange: Exchange, persona: Persona) -> Reply | None:
        """What needs no model."""
        if is_distress(exchange.cleaned):
            return Reply(persona.distress, Source.CANNED, name=DISTRESS)
        if asks_who_writes(exchange.cleaned):
            return Reply(disclosed(persona, exchange.cleaned), Source.CANNED, name=DISCLOSURE)
        found = skills.answer(exchange.cleaned, self._now())
        return Reply(found.text, Source.SKILL, name=found.name) if found else None

    def _fixed(
        self,
        exchange: Exchange,
        asked: Asked,
        near: Sequence[Near] = (),
        guesses: Sequence[Guess] = (),
    ) -> Reply | None:
        """What is answered with prepared words only."""
        if about := topic(exchange.cleaned):
            return self._honest(about, asked, near)
        reading = exchange.reading
        if reading is None or not may_be_distress(reading):
            return None
        if is_explained(exchange.cleaned, reading, asked.persona, near, guesses):
            return None
        return self._grave(reading, asked)

    def _grave(self, reading: Reading, asked: Asked) -> Reply:
        """For distress that no words say: a line that asks first, unless there is little doubt."""
        lines = choose.sayable(asked.persona.concern, asked, self._config.max_chars)
        if not lines or is_sure(reading, asked.history, asked.persona):
            return Reply(asked.persona.distress, Source.CANNED, name=DISTRESS)
        return Reply(lines[0], Source.CANNED, name=CONCERN)

    async def _asked(self, exchange: Exchange, persona: Persona) -> Asked:
        message = exchange.message
        turns = await self._history.turns(message.chat_id, self._config.history_turns)
        name = speaker(message.room_name, message.talker_name)
        mood = exchange.reading.mood if exchange.reading else Mood.NEUTRAL
        moods = _moods(exchange.reading)
        return Asked(
            *(persona, exchange.cleaned, mood, tuple(turns)),
            name=name,
            moods=moods,
            is_owner=bool(self._owner) and message.talker_id == self._owner,
        )

    def _honest(self, about: Topic, asked: Asked, near: Sequence[Near]) -> Reply:
        """An example on that topic, if one is near; else the persona's line for it."""
        for one in near:
            found = choose.from_pair(one, asked, self._config.max_chars)
            is_near = one.similarity >= NEAR_ENOUGH and topic(one.pair.text) is about
            if is_near and not found.fault:
                return Reply(found.text, Source.EXAMPLE, name=about)
        return self._prepared(asked.persona.honest.get(about, ()), asked, about)

    def _prepared(self, lines: Sequence[str], asked: Asked, name: str) -> Reply:
        """One of the lines that suits the message, else one of its mood."""
        canned = asked.persona.canned[asked.mood]
        for few in (lines, canned):
            if suitable := choose.sayable(few, asked, self._config.max_chars):
                return Reply(self._chance.choice(suitable), Source.CANNED, name=name)
        return Reply(self._chance.choice(canned), Source.CANNED, name=name)

    def _without_model(self, exchange: Exchange, asked: Asked, error: EngineError) -> Exchange:
        """A prepared line, or silence where the settings prefer it, with the reason on record.

        What has prepared words needs no model. Where the head had read distress there was no time
        to doubt it, and silence is no answer.
        """
        if fixed := self._fixed(exchange, asked):
            return exchange.answered(fixed)
        if self._config.when_failed == "silent":
            return exchange.stopped(Gate.FAILED, f"{type(error).__name__}: {error}")
        return exchange.answered(self._prepared((), asked, asked.mood))

    async def _unsure(self, exchange: Exchange, asked: Asked, best: Reply | None) -> Exchange:
        """A line that fits the mood and promises nothing; or silence, with the reason on record."""
        reached = f"best score {best.score if best else None}"
        if self._config.when_unsure == "silent":
            return exchange.stopped(
                Gate.UNSURE, f"{reached}; reply.least_score is {self._config.least_score:g}"
            )
        line = await self._chooser.open_line(asked)
        line = line or self._prepared((), asked, asked.mood).text
        tried = best or Reply("", Source.CANNED)
        reply = replace(tried, text=line, source=Source.CANNED, name="open")
        self._chooser.said(reply)
        return exchange.answered(reply)


def by_chat(
    mind: Mind, history: History, personas: Personas, config: settings.Settings
) -> Callable[[Exchange], Awaitable[Exchange]]:
    """The stage that answers, as long as ``answer.chats`` lets it in each chat."""
    owner = config.account.owner
    default = ReplyStage(mind, history, personas, config.reply, owner=owner)
    own = {
        chat: ReplyStage(
            *(mind, history, personas),
            config.reply.model_copy(update={"max_chars": override.max_chars}),
            owner=owner,
        )
        for chat, override in config.answer.chats.items()
        if override.max_chars is not None
    }

    async def stage(exchange: Exchange) -> Exchange:
        return await own.get(exchange.message.chat_id, default)(exchange)

    return stage


def _moods(reading: Reading | None) -> tuple[Mood, ...]:
    """The mood to answer in; where it is doubtful, a mild one, or all that may well be meant."""
    if reading is None:
        return (Mood.NEUTRAL,)
    if reading.confidence >= SURE:
        return (reading.mood,)
    if reading.polarity > HEAVY_FROM:
        return (Mood.NEUTRAL,)
    return tuple(mood for mood, score in reading.scores.items() if score >= MAY_WELL_BE)
