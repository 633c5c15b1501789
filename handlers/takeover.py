"""The owner types in a chat: from then on, for a while, the bot says nothing there."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

import structlog

from handlers.exchange import Kind, Message
from handlers.orders import OrderKind, Orders

log = structlog.get_logger()

#: What a person sends by hand. Gateways also report as own what the account did, or WeChat says:
#: a message taken back, a member who came.
BY_HAND = frozenset(
    {
        *(Kind.TEXT, Kind.IMAGE, Kind.AUDIO, Kind.VIDEO, Kind.STICKER),
        *(Kind.FILE, Kind.LINK, Kind.CARD, Kind.MONEY),
    }
)


class Ear(Protocol):
    async def is_echo(self, message: Message) -> bool: ...


class Typed(Protocol):
    async def typed(self, message: Message) -> bool: ...


class Takeover:
    """Hears every message as it comes in, before it waits behind the answer that is being written.

    As a stage it would come too late: the messages of a chat are handled in order, and the one
    before may still be on its way out.

    Args:
        ear: Tells what the owner typed from what comes back of the bot's own sends.
        commands: Carries out an own message that is a command, and says whether it was one.
        takeover_s: How long the bot is silent after each own message; 0: not at all.
        max_age_s: Seconds after which a message is a replay (``answer.max_age_s``).
        clock: Unix seconds now.
    """

    def __init__(
        self,
        orders: Orders,
        ear: Ear,
        commands: Typed,
        *,
        takeover_s: float,
        max_age_s: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._orders, self._ear, self._commands = orders, ear, commands
        self._takeover_s, self._max_age_s, self._clock = takeover_s, max_age_s, clock

    async def heard(self, message: Message) -> None:
        """A message that is on record now; the pipeline's ``arrived``.

        A fault here is logged, and not in the way of the message: what makes an order impossible
        to keep makes it impossible to answer, too.
        """
        if not message.is_self or message.kind not in BY_HAND:
            return
        try:
            await self._own(message)
        except Exception:
            log.exception("takeover.failed", message=message.id)

    async def _own(self, message: Message) -> None:
        age_s = max(0.0, self._clock() - message.sent_at)
        if age_s > self._max_age_s or await self._commands.typed(message):
            return
        if await self._ear.is_echo(message):
            return
        chat_id = message.chat_id
        if self._orders.find(OrderKind.HAND_OVER, chat_id):
            await self._orders.take_back(OrderKind.HAND_OVER, chat_id=chat_id)
        left_s = self._takeover_s - age_s
        if left_s > 0 and not self._lasts(chat_id, left_s):
            by = message.talker_id
            await self._orders.give(OrderKind.TAKEOVER, chat_id=chat_id, seconds=left_s, by=by)
            log.info("chat.taken_over", message=message.id, seconds=round(left_s))

    def _lasts(self, chat_id: str, seconds: float) -> bool:
        """Whether a takeover is in force for longer: a yes to an alert orders hours of it."""
        known = self._orders.find(OrderKind.TAKEOVER, chat_id)
        if known is None:
            return False
        return known.until is None or known.until >= self._clock() + seconds
