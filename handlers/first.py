"""The first answer to a person: who is speaking is said before it, once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Protocol

import structlog

from engine.persona import Persona
from handlers.disclosure import DISCLOSURE, disclosed
from handlers.distress import CONCERN, DISTRESS
from handlers.exchange import Exchange, Outcome, Reply, Source
from handlers.excuse import NAME as NOT_TEXT
from handlers.orders import OrderKind, Orders
from handlers.presence import HAND_OVER

log = structlog.get_logger()
Write = Callable[[Exchange], Awaitable[Exchange]]

#: Words too grave to have anything before them, and those that stand by themselves. Whoever got no
#: other answer yet is still to be met.
ALONE = frozenset({DISTRESS, CONCERN, HAND_OVER, NOT_TEXT})
_ANSWERS = frozenset({Source.MODEL, Source.EXAMPLE, Source.SKILL, Source.CANNED})


class Store(Protocol):
    async def was_answered(self, person_id: str) -> bool: ...


class Personas(Protocol):
    def of(self, chat_id: str) -> Persona: ...


class FirstContact:
    """Puts a line before the first answer that each person gets, in whatever chat.

    Who was answered before the setting was made counts as met. Met is, from then on, whom an
    answer has left for, not who was only about to get one.

    Args:
        line: ``answer.first_line``; empty: none.
        disclose: Whether the persona's line that a bot writes follows it.
        owner: Id of the account's owner, who knows; empty: there is none.
    """

    def __init__(
        self,
        orders: Orders,
        store: Store,
        personas: Personas,
        *,
        line: str,
        disclose: bool,
        owner: str,
    ) -> None:
        self._orders, self._store, self._personas = orders, store, personas
        self._line, self._disclose, self._owner = line.strip(), disclose, owner
        self._noting: set[asyncio.Task[None]] = set()

    @property
    def _is_silent(self) -> bool:
        return not self._line and not self._disclose

    def before(self, write: Write) -> Write:
        """The stage that writes a reply, and the line before it."""
        if self._is_silent:
            return write

        async def stage(exchange: Exchange) -> Exchange:
            exchange = await write(exchange)
            reply = exchange.reply
            if reply is None or not self._counts(exchange) or await self._is_met(exchange):
                return exchange
            lines = self._lines(exchange, reply)
            return replace(exchange, reply=replace(reply, text="\n".join((*lines, reply.text))))

        return stage

    def ended(self, exchange: Exchange) -> None:
        """Told of each exchange when it has ended; whom an answer has left for is met."""
        person_id = exchange.message.talker_id
        has_left = exchange.outcome in (Outcome.SENT, Outcome.UNCERTAIN)
        if self._is_silent or not has_left or not self._counts(exchange) or self._knows(person_id):
            return
        task = asyncio.create_task(self._meet(person_id))
        self._noting.add(task)
        task.add_done_callback(self._noting.discard)

    def _counts(self, exchange: Exchange) -> bool:
        """Whether it is an answer to somebody who is to be met."""
        reply, person_id = exchange.reply, exchange.message.talker_id
        if reply is None or reply.source not in _ANSWERS or reply.name in ALONE:
            return False
        return bool(person_id) and person_id != self._owner

    def _knows(self, person_id: str) -> bool:
        return self._orders.find(OrderKind.MET, person_id=person_id) is not None

    async def _is_met(self, exchange: Exchange) -> bool:
        person_id = exchange.message.talker_id
        if self._knows(person_id):
            return True
        was_answered = await self._store.was_answered(person_id)
        if was_answered:  # noted, for the log forgets
            await self._meet(person_id)
        return was_answered

    async def _meet(self, person_id: str) -> None:
        try:
            await self._orders.give(OrderKind.MET, person_id=person_id)
        except Exception:  # the log itself tells the next time
            log.exception("contact.not_noted")

    def _lines(self, exchange: Exchange, reply: Reply) -> list[str]:
        lines = [self._line] if self._line else []
        if self._disclose and reply.name != DISCLOSURE:
            persona = self._personas.of(exchange.message.chat_id)
            lines.append(disclosed(persona, exchange.cleaned))
        return lines
