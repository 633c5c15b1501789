"""Messages that are no text: said honestly once a day, then silence on record."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from handlers.exchange import Exchange, Gate, Kind, Reply, Source

LINE = "我现在只看得懂文字，图片、语音这些还看不懂。能打字跟我说吗？"
NAME = "not-text"
ONCE_S = 24 * 3600.0

#: Kinds a person sends to be looked at or listened to. Nobody waits for words about the others.
EXPECT_WORDS = frozenset({Kind.IMAGE, Kind.AUDIO, Kind.VIDEO, Kind.FILE, Kind.LINK, Kind.CARD})


class Ledger(Protocol):
    async def said_since(self, chat_id: str, name: str, since: float) -> bool: ...


def excuse(
    ledger: Ledger, addressed: Callable[[Exchange], Exchange], clock: Callable[[], float]
) -> Callable[[Exchange], Awaitable[Exchange]]:
    """A stage that ends what is no text, in a private chat with a word of explanation.

    Args:
        addressed: The stage that knows which private chats are answered at all.
        clock: Unix seconds now.
    """

    async def stage(exchange: Exchange) -> Exchange:
        message = exchange.message
        if message.kind is Kind.TEXT:
            return exchange
        silent = exchange.stopped(Gate.NOT_TEXT, f"kind {message.kind}; only text is read")
        if not message.is_private or message.kind not in EXPECT_WORDS:
            return silent
        if (refused := addressed(exchange)).gate is not None:
            return refused
        if await ledger.said_since(message.chat_id, NAME, clock() - ONCE_S):
            return silent
        return exchange.answered(Reply(LINE, Source.CANNED, name=NAME))

    return stage
