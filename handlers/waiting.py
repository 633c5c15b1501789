"""Messages that wait for their turn: each chat in order, bounded, and which of them go first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

import settings
from handlers.exchange import Exchange, Message

#: Where only messages for the bot wait, so many times the bounds may; then new ones are refused.
STRETCH = 10


@dataclass(slots=True)
class _Line:
    """One chat's messages by exchange id, the oldest first, and which of them may be dropped.

    Ordered dicts, not dicts: in a dict whose oldest keys are taken out again and again, finding
    the next oldest steps over all that were before it.
    """

    exchanges: OrderedDict[str, Exchange] = field(default_factory=OrderedDict)
    spare: OrderedDict[str, None] = field(default_factory=OrderedDict)


class Waiting:
    """The waiting messages of all chats; every step takes the same time however many they are.

    Where there is no room the oldest message that was not for the bot is dropped: of that chat if
    the chat is full, else of all. Private messages, mentions and calls are never dropped: where
    nothing else waits they exceed the bounds, up to ten times; then a new one is refused.

    Args:
        pace: ``max_waiting_chat`` and ``max_waiting`` are the bounds.
        is_spare: Whether a message may be dropped; asked once for each.
    """

    def __init__(self, pace: settings.Deliver, is_spare: Callable[[Message], bool]) -> None:
        self._per_chat, self._in_all = pace.max_waiting_chat, pace.max_waiting
        self._is_spare = is_spare
        self._lines: dict[str, _Line] = {}
        self._chat_of: dict[str, str] = {}
        self._spare: OrderedDict[str, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._chat_of)

    def num_in(self, chat_id: str) -> int:
        line = self._lines.get(chat_id)
        return len(line.exchanges) if line else 0

    def put(self, exchange: Exchange) -> Exchange | None:
        """Have it wait.

        Returns:
            What is dropped: an older exchange, or this one; None where there was room.
        """
        spare = self._is_spare(exchange.message)
        victim = self._victim(exchange, spare)
        if victim == exchange.id:
            return exchange
        dropped = self._take(victim) if victim else None
        self._add(exchange, spare)
        return dropped

    def pop(self, chat_id: str) -> Exchange | None:
        """The chat's oldest message, which waits no longer; None where none waits."""
        line = self._lines.get(chat_id)
        return self._take(next(iter(line.exchanges))) if line else None

    def clear(self) -> list[Exchange]:
        """All that wait, chat by chat, each in order; none waits any longer."""
        left = [one for line in self._lines.values() for one in line.exchanges.values()]
        self._lines.clear()
        self._spare.clear()
        self._chat_of.clear()
        return left

    def _victim(self, exchange: Exchange, spare: bool) -> str | None:
        """Id of the exchange to drop, which may be the new one's; None where there is room."""
        line = self._lines.get(exchange.message.chat_id)
        num_here = len(line.exchanges) if line else 0
        stretch = 1 if spare else STRETCH
        if line and line.spare and num_here >= self._per_chat:
            return next(iter(line.spare))
        if num_here >= stretch * self._per_chat:
            return exchange.id
        if self._spare and len(self) >= self._in_all:
            return next(iter(self._spare))
        return exchange.id if len(self) >= stretch * self._in_all else None

    def _add(self, exchange: Exchange, spare: bool) -> None:
        chat_id = exchange.message.chat_id
        line = self._lines.setdefault(chat_id, _Line())
        line.exchanges[exchange.id] = exchange
        if spare:
            line.spare[exchange.id] = None
            self._spare[exchange.id] = None
        self._chat_of[exchange.id] = chat_id

    def _take(self, exchange_id: str) -> Exchange:
        chat_id = self._chat_of.pop(exchange_id)
        line = self._lines[chat_id]
        exchange = line.exchanges.pop(exchange_id)
        line.spare.pop(exchange_id, None)
        self._spare.pop(exchange_id, None)
        if not line.exchanges:
            del self._lines[chat_id]
        return exchange
