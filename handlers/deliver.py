"""What leaves the account: paced like a person, recorded before it goes, never sent twice."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import structlog

import settings
from handlers.exchange import Exchange, Outcome
from handlers.sentences import split

log = structlog.get_logger()


class NotSent(Exception):
    """A message certainly did not leave. Any other error of ``send`` leaves that open."""


class Chat(Protocol):
    async def send(
        self, chat_id: str, text: str, mentions: Sequence[tuple[str, str]] = ()
    ) -> str | None: ...


class Ledger(Protocol):
    async def record(self, exchange: Exchange) -> None: ...


class Deliverer:
    """Sends the reply of one exchange after another.

    An account that answers in 50 ms, or in many chats at once, is an account that gets
    restricted: each answer waits a random time, and any two are ``gap_s`` apart.

    ``send`` has no idempotency key, and fails also after the text went out (``say`` fetches the
    sent message and raises when that fails). So SENDING is committed first, and an error after
    the call means UNCERTAIN, never "send again".
    """

    def __init__(
        self,
        chat: Chat,
        ledger: Ledger,
        pace: settings.Deliver,
        *,
        split_chars: int,
        chance: random.Random | None = None,
    ) -> None:
        self._chat, self._ledger, self._pace = chat, ledger, pace
        self._split_chars = split_chars
        self._chance = chance or random.Random()  # noqa: S311 - how long to wait
        self._turn = asyncio.Lock()

    async def deliver(self, exchange: Exchange) -> Exchange:
        """Send the reply of a decided exchange; returns it with its outcome.

        Raises:
            AuditError: The ledger cannot be written, so nothing was sent.
        """
        if exchange.reply is None:
            raise ValueError(f"exchange {exchange.id} has no reply to deliver")
        await asyncio.sleep(self._delay(exchange.reply.text))
        sending = replace(exchange, outcome=Outcome.SENDING)
        await self._ledger.record(sending)
        try:
            outcome = await self._send(sending, exchange.reply.text)
        except asyncio.CancelledError:
            await self._ledger.record(replace(sending, outcome=Outcome.UNCERTAIN))
            raise
        done = replace(sending, outcome=outcome)
        await self._ledger.record(done)
        return done

    async def _send(self, exchange: Exchange, text: str) -> Outcome:
        message = exchange.message
        mentions = () if message.is_private else ((message.talker_id, message.talker_name),)
        num_sent = 0
        try:
            for part in split(text, self._split_chars):
                async with self._turn:
                    # The asker is named once; after that the parts follow each other anyway.
                    await self._chat.send(message.chat_id, part, mentions if not num_sent else ())
                    num_sent += 1
                    await asyncio.sleep(self._pace.gap_s)
        except NotSent as error:
            log.warning("delivery.failed", exchange=exchange.id, error=str(error))
            return Outcome.UNCERTAIN if num_sent else Outcome.FAILED
        except Exception as error:
            log.warning("delivery.uncertain", exchange=exchange.id, error=type(error).__name__)
            return Outcome.UNCERTAIN
        return Outcome.SENT

    def _delay(self, text: str) -> float:
        pace = self._pace
        waited = self._chance.uniform(pace.delay_min_s, pace.delay_max_s)
        return waited + pace.delay_per_char_s * len(text)
