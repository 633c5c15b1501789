"""First call: the mood of the cleaned text, read by the shared model."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Protocol

import structlog

from engine.errors import EngineError
from engine.mood import Reading
from handlers.exchange import Exchange
from handlers.mention import without_mentions

log = structlog.get_logger()


class Mind(Protocol):
    async def read_mood(self, text: str) -> Reading: ...


def said(exchange: Exchange) -> str:
    """What a message says: all of it but whom it @mentions."""
    return without_mentions(exchange.cleaned)


def mood(
    mind: Mind, words: Callable[[Exchange], str] = said
) -> Callable[[Exchange], Awaitable[Exchange]]:
    """Stage that reads the mood.

    A model that fails or is late leaves the message without a reading, not without an answer;
    and no reading, no punishment.

    Args:
        words: What the model reads of a message.
    """

    async def stage(exchange: Exchange) -> Exchange:
        try:
            return replace(exchange, reading=await mind.read_mood(words(exchange)))
        except EngineError as error:
            log.warning("mood.failed", exchange=exchange.id, error=type(error).__name__)
            return exchange

    return stage
