"""Somebody stays angry at the bot: it says less, and then leaves them to its owner."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import structlog

import settings
from engine.distress import is_distress
from engine.mood import FIRM, Mood, Reading
from engine.persona import Persona
from handlers.aim import is_at_reader
from handlers.alert import Alert, AlertKind, Raised, Word
from handlers.exchange import Exchange, Reply, Source
from handlers.language import suited
from handlers.orders import OrderKind, Orders
from handlers.presence import HAND_OVER
from handlers.shown import shown, who

log = structlog.get_logger()
Write = Callable[[Exchange], Awaitable[Exchange]]

#: The bot is silent for so long at most, where the owner neither answers nor says anything.
HAND_OVER_S = 12 * 3600.0
#: Of a short answer, in characters; a language that has no such line gets its shortest.
SHORT = 20


class Store(Protocol):
    async def harsh(self, chat_id: str, person_id: str, since: float) -> Sequence[str]: ...


class Alerts(Protocol):
    async def tell(self, alert: Alert, to: Sequence[str]) -> None: ...


class Personas(Protocol):
    def of(self, chat_id: str) -> Persona: ...


class Brake:
    """Counts the harsh messages that a person wrote at the bot in a chat, within the last while.

    A bot that goes on chatting to somebody it has annoyed makes it worse. From so many on it says
    one of the persona's short lines for anger and nothing else; from so many on one line, an alert
    to the owner, and is silent there until the owner writes or says otherwise. A message that is
    not harsh itself is answered as any.

    Without an owner nobody could be told, so that nothing is handed over.

    Args:
        config: ``shorter_after``, ``hand_over_after`` and ``anger_window_min`` of ``answer``.
        owner: Id of the account's owner, of whose anger nobody is told; empty: there is none.
        bot_name: What the bot is called.
        clock: Unix seconds now.
    """

    def __init__(
        self,
        orders: Orders,
        store: Store,
        alerts: Alerts,
        personas: Personas,
        config: settings.Answer,
        *,
        owner: str,
        bot_name: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._orders, self._store, self._alerts = orders, store, alerts
        self._personas, self._config = personas, config
        self._owner, self._bot_name, self._clock = owner, bot_name, clock

    def around(self, write: Write) -> Write:
        """The stage that writes a reply, where the brake lets it."""
        hand_over_after = self._config.hand_over_after if self._owner else 0
        shorter_after = self._config.shorter_after

        async def stage(exchange: Exchange) -> Exchange:
            if not (shorter_after or hand_over_after) or not self._is_at_bot(exchange):
                return await write(exchange)
            count = await self._count(exchange)
            if 0 < hand_over_after <= count:
                return await self._hand_over(exchange, count)
            if 0 < shorter_after <= count:
                return exchange.answered(self._short(exchange, count - shorter_after))
            return await write(exchange)

        return stage

    async def answered(self, raised: Raised, word: Word, by: str) -> str:
        """What is done about one word of the owner to a hand-over; and the answer to it."""
        chat_id = raised.alert.chat_id
        if word is Word.NO:
            await self._orders.take_back(OrderKind.HAND_OVER, chat_id=chat_id)
            return "好，那边我接着回。"
        if word is Word.YES:
            give = self._orders.give
            await give(OrderKind.HAND_OVER, chat_id=chat_id, seconds=HAND_OVER_S, by=by)
            return "好，那边交给你，12 小时内我不插话；你说 /继续 我就回来。"
        return ""

    def _is_at_bot(self, exchange: Exchange) -> bool:
        reading, text = exchange.reading, exchange.cleaned
        if self._owner and exchange.message.talker_id == self._owner:
            return False
        # Distress has its own answer, however it is worded.
        if reading is None or reading.distress or not _is_harsh(reading) or is_distress(text):
            return False
        return is_at_reader(text, self._bot_name)

    async def _count(self, exchange: Exchange) -> int:
        """This message and those before it; also those of a burst, and of before a restart."""
        message = exchange.message
        since = self._clock() - self._config.anger_window_min * 60
        before = await self._store.harsh(message.chat_id, message.talker_id, since)
        return 1 + sum(is_at_reader(text, self._bot_name) for text in before)

    def _short(self, exchange: Exchange, turn: int) -> Reply:
        """One of the persona's short lines for anger, another one each time."""
        canned = self._personas.of(exchange.message.chat_id).canned[Mood.ANGRY]
        lines = sorted(suited(canned, exchange.cleaned), key=len)
        short = [line for line in lines if len(line) <= SHORT] or lines[:1]
        return Reply(short[turn % len(short)], Source.CANNED, name="shorter")

    async def _hand_over(self, exchange: Exchange, count: int) -> Exchange:
        """The alert first, then silence, then the line: no crash leaves a silence nobody knows of.

        One in between is made good by the next harsh message, which tells nobody a second time.
        """
        message = exchange.message
        chat_id, person_id = message.chat_id, message.talker_id
        text = (
            f"{who(message)} 冲我发火，{self._config.anger_window_min:g} 分钟里第 {count} 条了。"
            f"我那边先不回了，等你来。\n最后一条：{shown(exchange)}"
        )
        alert = Alert(AlertKind.HAND_OVER, text, chat_id, person_id, exchange.id)
        await self._alerts.tell(alert, (self._owner,))
        await self._orders.give(OrderKind.HAND_OVER, chat_id=chat_id, seconds=HAND_OVER_S)
        log.info("chat.handed_over", exchange=exchange.id, messages=count)
        line = suited(self._personas.of(chat_id).hand_over, exchange.cleaned)[0]
        return exchange.answered(Reply(line, Source.CANNED, name=HAND_OVER))


def _is_harsh(reading: Reading) -> bool:
    is_offensive = reading.offence is not None and reading.offence >= FIRM
    return not reading.unsure and (reading.mood is Mood.ANGRY or is_offensive)
