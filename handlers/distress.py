"""Somebody writes of their own death or harm: the owner hears of it at once, with the words."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import structlog

from engine.distress import is_distress
from handlers.alert import Alert, AlertKind, Raised, Word
from handlers.exchange import Exchange
from handlers.orders import OrderKind, Orders
from handlers.shown import shown, who

log = structlog.get_logger()
Write = Callable[[Exchange], Awaitable[Exchange]]

#: Names of the reply that is said to it, and of the one to what only may be of it.
DISTRESS, CONCERN = "distress", "concern"
#: How long the bot leaves a chat to the owner who said that they take over.
TAKEOVER_S = 12 * 3600.0
#: A head that reads distress in one message of a talk often reads it in the next.
AGAIN_S = 3600.0


class Alerts(Protocol):
    async def tell(self, alert: Alert, to: Sequence[str]) -> None: ...


class DistressWatch:
    """Tells the owner; what is said to the person is the reply stage's.

    Of words that leave no doubt each message is told, also where the bot is silent: paused, or
    taken over by an owner who may have looked away since. What the head alone takes for distress,
    as it does of other sad messages, is told once an hour about a person, when the reply is
    written, where an example may still speak against it.

    Args:
        owner: Id of the account's owner, who is told; empty: nobody is.
        clock: Unix seconds now.
    """

    def __init__(
        self,
        orders: Orders,
        alerts: Alerts,
        *,
        owner: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._orders, self._alerts = orders, alerts
        self._owner, self._clock = owner, clock
        self._told: OrderedDict[str, float] = OrderedDict()

    async def stage(self, exchange: Exchange) -> Exchange:
        """Goes after the stage that knows what is for the bot, before any that ends its way."""
        if is_distress(exchange.cleaned):
            await self._tell(exchange)
        return exchange

    def around(self, write: Write) -> Write:
        """The stage that writes a reply, with an eye on what it answers to distress."""

        async def stage(exchange: Exchange) -> Exchange:
            answered = await write(exchange)
            reply = answered.reply
            # A burst is answered together, and its messages may say so only together.
            is_grave = reply is not None and reply.name in (DISTRESS, CONCERN)
            if is_grave and not self._is_told(exchange):
                await self._tell(exchange)
            return answered

        return stage

    async def answered(self, raised: Raised, word: Word, by: str) -> str:
        """What is done about one word of the owner to such an alert; and the answer to it."""
        chat_id = raised.alert.chat_id
        if word is Word.YES:
            give = self._orders.give
            await give(OrderKind.TAKEOVER, chat_id=chat_id, seconds=TAKEOVER_S, by=by)
            return "好，你来陪 TA，12 小时内我不出声；要我回来就说 /继续。"
        if word is Word.NO:
            await self._orders.take_back(OrderKind.TAKEOVER, chat_id=chat_id)
            return "好，我接着回；再有这样的话我还是会马上告诉你。"
        return ""

    def _is_told(self, exchange: Exchange) -> bool:
        told_at = self._told.get(exchange.message.talker_id)
        return told_at is not None and self._clock() - told_at < AGAIN_S

    async def _tell(self, exchange: Exchange) -> None:
        """A log that refuses must not cost the person their answer."""
        message, now = exchange.message, self._clock()
        if not self._owner or message.talker_id == self._owner:
            return
        text = f"{who(exchange.message)} 的话让人担心：{shown(exchange)}\n请你尽快联系 TA。"
        alert = Alert(AlertKind.DISTRESS, text, message.chat_id, message.talker_id, exchange.id)
        try:
            await self._alerts.tell(alert, (self._owner,))
        except Exception:
            log.exception("distress.not_told", exchange=exchange.id)
            return
        log.warning("distress.told", exchange=exchange.id)
        self._told[message.talker_id] = now
        self._told.move_to_end(message.talker_id)
        while now - next(iter(self._told.values())) >= AGAIN_S:
            self._told.popitem(last=False)
