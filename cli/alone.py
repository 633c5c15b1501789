"""A message answered by itself, as the bot would answer it in a chat without a past."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence

from engine.engine import Engine
from engine.mood import Reading
from engine.talk import Turn
from handlers.exchange import Exchange, Kind, Message
from handlers.reply import Personas, ReplyStage
from handlers.sanitize import own_words
from settings import Settings


class Alone:
    """The stages mood and reply, on an opened engine."""

    def __init__(
        self,
        engine: Engine,
        personas: Personas,
        config: Settings,
        *,
        chance: random.Random | None = None,
    ) -> None:
        self._engine, self._personas = engine, personas
        self._write = ReplyStage(engine, _NoHistory(), personas, config.reply, chance=chance)

    async def warm(self) -> None:
        """Read the personas' banks: the first time takes longer than any message may wait."""
        await self._engine.warm(self._personas.all(), ())
        await self._engine.study(self._personas.all())

    async def answer(self, text: str) -> Exchange:
        """The exchange with its reading, and with a reply unless the settings prefer silence.

        Raises:
            EngineError: The mood cannot be read.
        """
        message = Message("line", "line", "line", "", text, text, Kind.TEXT, time.time())
        cleaned = own_words(text)
        # What holds nothing readable has no mood either.
        reading = await self._engine.read_mood(cleaned) if cleaned else Reading.unknown()
        return await self._write(Exchange(message, cleaned=cleaned, reading=reading))


class _NoHistory:
    async def turns(self, chat_id: str, limit: int) -> Sequence[Turn]:
        return ()
