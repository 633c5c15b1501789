"""The persona of each chat."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Self

import settings
from engine.persona import Persona, PersonaError, load
from handlers.disclosure import owns_up
from handlers.topics import Topic


class Personas:
    """All personas, loaded and checked at start."""

    def __init__(self, default: Persona, by_chat: Mapping[str, Persona]) -> None:
        self._default, self._by_chat = default, dict(by_chat)

    @classmethod
    def load(cls, config: settings.Settings) -> Self:
        """The default persona and those of single chats, in their tones.

        Chats of the same persona and tone share one, so that it is warmed once.

        Raises:
            PersonaError: A file is missing, or something in it is wrong.
        """
        read = cache(load)

        @cache
        def spoken(name: str, tone: str) -> Persona:
            return read(name).in_tone(tone) if tone else read(name)

        name = config.reply.persona
        chats = config.answer.chats.items()
        by_chat = {
            chat: spoken(own.persona or name, own.tone)
            for chat, own in chats
            if own.persona or own.tone
        }
        personas = cls(spoken(name, ""), by_chat)
        for persona in personas.all():
            _check(persona)
        return personas

    def of(self, chat_id: str) -> Persona:
        return self._by_chat.get(chat_id, self._default)

    def all(self) -> tuple[Persona, ...]:
        """Each of them once, the default one first."""
        used = (self._default, *self._by_chat.values())
        return tuple({id(persona): persona for persona in used}.values())


def _check(persona: Persona) -> None:
    if unknown := sorted(set(persona.honest) - set(Topic)):
        raise PersonaError(
            f"persona {persona.name}: honest: no such topic {', '.join(unknown)}; "
            f"there are {', '.join(Topic)}"
        )
    for line in persona.disclosure:
        if not owns_up(line):
            raise PersonaError(
                f"persona {persona.name}: disclosure: {line!r} does not say that a bot writes; "
                "use a word such as 机器人, AI or bot, and do not deny it"
            )
