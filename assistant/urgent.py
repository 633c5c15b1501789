"""Urgent messages of others, told to the owner at once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

import structlog

from assistant.phrases import place, quoted
from handlers.alert import Alert, AlertKind, Raised, Word
from handlers.audit.errors import AuditError
from handlers.duration import in_words
from handlers.exchange import Exchange, Kind
from handlers.orders import OrderKind, Orders

log = structlog.get_logger()

#: 没什么急事, 不是很急, 不用马上回, not urgent: what stands right before a word and takes it back.
_DENIED = re.compile(
    r"(?:不是|不算|不用|不需要|不必|没有|没啥|没|不|别|无|非)(?:什么|啥|那么|特别|太|很|有)?\Z"
    r"|(?:\bnot|n't|\bno|\bnothing|\bnon)[ -](?:that |very |so |really |an? )?\Z"
)
#: 他马上回来了 asks for no answer.
_RETURNING = "(?:(?<!回)|(?![来去家到]))"
#: 救命哈哈哈 is said of a joke.
_LAUGHING = re.compile(r"哈哈|笑死|好笑|hhh|lol|[😂🤣]")
_QUOTED_CHARS = 200
#: How long the owner has a chat to themselves where no time is set for taking one over.
_LEAST_S = 1800.0


class Alerts(Protocol):
    async def tell(self, alert: Alert, to: Sequence[str]) -> None: ...


class Urgency:
    """Knows urgent words, in any case; those that are denied do not count.

    Latin words count where they stand alone: ``urgent``, not insurgent.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self._words = tuple(
            re.compile(rf"(?<![a-z]){word}(?![a-z])" if word.isascii() else rf"{word}{_RETURNING}")
            for word in (re.escape(word.casefold()) for word in words)
        )

    def is_in(self, text: str) -> bool:
        plain = text.casefold()
        return not _LAUGHING.search(plain) and any(
            not _DENIED.search(plain, max(0, found.start() - 12), found.start())
            for word in self._words
            for found in word.finditer(plain)
        )


class Urgent:
    """Tells the owner of urgent private messages, whatever becomes of their answers.

    Args:
        is_on: ``assistant.forward_urgent``, until the owner says otherwise.
        takeover_s: Seconds that a chat is the owner's once they take it (``answer.takeover_min``).
    """

    def __init__(
        self,
        alerts: Alerts,
        orders: Orders,
        urgency: Urgency,
        *,
        owner: str,
        is_on: bool,
        takeover_s: float,
    ) -> None:
        self._alerts, self._orders, self._urgency = alerts, orders, urgency
        self._owner, self._default = owner, is_on
        self._takeover_s = takeover_s or _LEAST_S

    @property
    def is_on(self) -> bool:
        order = self._orders.find(OrderKind.FORWARD)
        return self._default if order is None else order.value == "on"

    async def switch(self, *, on: bool) -> str:
        """Tell of urgent messages from now on, or not; on disk before it counts."""
        value = "on" if on else "off"
        await self._orders.give(OrderKind.FORWARD, value=value, by=self._owner)
        return "好，有急事我马上告诉你。" if on else "好，急事先不转了。想恢复就说「急事转给我」。"

    async def stage(self, exchange: Exchange) -> Exchange:
        """A stage that every cleaned message passes unchanged; only a row is waited for.

        It stands before the mood is read and before the question whether the bot is to answer:
        the owner is to know at once, also where they paused it.
        """
        if self.is_on and self._is_urgent(exchange):
            await self._tell(exchange)
        return exchange

    def _is_urgent(self, exchange: Exchange) -> bool:
        message = exchange.message
        is_others = message.is_private and message.talker_id != self._owner
        if not self._owner or not is_others or message.kind is not Kind.TEXT:
            return False
        return self._urgency.is_in(exchange.cleaned)

    async def _tell(self, exchange: Exchange) -> None:
        message = exchange.message
        said = quoted(exchange.cleaned, max_chars=_QUOTED_CHARS)
        text = f"{place(message.talker_name)} 像是有急事：{said}"
        alert = Alert(AlertKind.URGENT, text, message.chat_id, message.talker_id, exchange.id)
        try:
            await self._alerts.tell(alert, [self._owner])
        except AuditError as error:  # the message is to be answered as any other
            log.error("urgent.not_told", exchange=exchange.id, error=str(error))

    async def respond(self, raised: Raised, word: Word, by: str) -> str:
        """好: the owner answers there, and the bot is silent; 不: it goes on; 静: ``Alerts``."""
        match word:
            case Word.YES:
                chat_id, seconds = raised.alert.chat_id, self._takeover_s
                await self._orders.give(OrderKind.TAKEOVER, chat_id=chat_id, seconds=seconds, by=by)
                return f"好，那边交给你，{in_words(seconds)}内我不插话。"
            case Word.NO:
                return "好，我照常回。"
            case Word.HUSH:
                return ""
