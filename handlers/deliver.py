"""What leaves the account: paced like a person, recorded before it goes, never sent twice."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

import structlog

import settings
from handlers.clearance import Clearance
from handlers.exchange import Exchange, Gate, Message, Outcome, Reply
from handlers.governor import Governor
from handlers.parts import parts
from handlers.refusal import NotSent, Refused, Restricted

log = structlog.get_logger()

#: Has one message leave.
Send = Callable[[], Coroutine[Any, Any, str | None]]


class Chat(Protocol):
    async def send(
        self, chat_id: str, text: str, mentions: Sequence[tuple[str, str]] = ()
    ) -> str | None: ...

    async def send_picture(self, chat_id: str, png: bytes, name: str) -> str | None: ...


class Ledger(Protocol):
    async def record(self, exchange: Exchange) -> None: ...


class Deliverer:
    """Sends the reply of one exchange after another.

    An account that answers in 50 ms, or in many chats at once, is an account that gets
    restricted: each answer waits a random time, and then until the governor lets it leave.

    ``send`` has no idempotency key, and fails also after the text went out (``say`` fetches the
    sent message and raises when that fails). So SENDING is committed first, and an error after
    the call means UNCERTAIN, never "send again".

    Args:
        pace: How long each answer waits before it asks the governor.
        owner: Id of the account's owner, who is answered in quiet hours too; empty: nobody.
        may_leave: Why a reply must not leave any more, asked again right before each part: the
            owner may begin to type in the chat, or want silence, while it waits for its turn.
    """

    def __init__(
        self,
        chat: Chat,
        ledger: Ledger,
        pace: settings.Deliver,
        *,
        split_chars: int,
        governor: Governor,
        owner: str = "",
        may_leave: Callable[[Exchange], Refused | None] = lambda exchange: None,
        chance: random.Random | None = None,
    ) -> None:
        self._chat, self._ledger, self._pace = chat, ledger, pace
        self._split_chars, self._owner = split_chars, owner
        self._governor, self._may_leave = governor, may_leave
        self._chance = chance or random.Random()  # noqa: S311 - how long to wait

    async def deliver(self, exchange: Exchange) -> Exchange:
        """Send the reply of a decided exchange; returns it with its outcome, to be recorded.

        What the governor or ``may_leave`` refuses ends with the gate it names: nothing of it left.
        Where it is cancelled it records the outcome itself.

        Raises:
            AuditError: The ledger cannot be written, so nothing was sent.
        """
        if exchange.reply is None:
            raise ValueError(f"exchange {exchange.id} has no reply to deliver")
        sends = self._sends(exchange.message, exchange.reply)
        async with AsyncExitStack() as held:
            try:
                await asyncio.sleep(self._delay(exchange.reply.text))
                self._check(exchange)
                clearance = await held.enter_async_context(self._clearance(exchange, len(sends)))
                self._check(exchange)  # it may have waited for long
            except Refused as refused:
                return _refused(exchange, refused)
            except asyncio.CancelledError:
                await self._account(_stopped(exchange))
                raise
            return await self._leave(exchange, sends, clearance)

    def _check(self, exchange: Exchange) -> None:
        if refused := self._may_leave(exchange):
            raise refused

    def _clearance(self, exchange: Exchange, num: int) -> AbstractAsyncContextManager[Clearance]:
        message = exchange.message
        is_owner = bool(self._owner) and self._owner in (message.chat_id, message.talker_id)
        return self._governor.clearance(message.chat_id, num, is_owner=is_owner)

    async def _leave(
        self, exchange: Exchange, sends: Sequence[Send], clearance: Clearance
    ) -> Exchange:
        sending = replace(exchange, outcome=Outcome.SENDING)
        try:
            await self._ledger.record(sending)
            return await self._send(sending, sends, clearance)
        except asyncio.CancelledError:
            uncertain = replace(sending, outcome=Outcome.UNCERTAIN)
            await self._account(uncertain if clearance.has_begun else _stopped(exchange))
            raise

    async def _account(self, exchange: Exchange) -> None:
        """Record how it ended; where that fails, the next start settles the row as it is."""
        try:
            await self._ledger.record(exchange)
        except Exception:
            log.exception("audit.failed", exchange=exchange.id)

    async def _send(
        self, exchange: Exchange, sends: Sequence[Send], clearance: Clearance
    ) -> Exchange:
        num_sent = 0
        try:
            for send in sends:
                async with clearance.part():
                    self._check(exchange)
                    await send()
                    num_sent += 1
        except NotSent as error:
            return _cut_short(exchange, error, num_sent)
        except Exception as error:
            log.warning("delivery.uncertain", exchange=exchange.id, error=type(error).__name__)
            return replace(exchange, outcome=Outcome.UNCERTAIN)
        return replace(exchange, outcome=Outcome.SENT)

    def _sends(self, message: Message, reply: Reply) -> Sequence[Send]:
        """The messages a reply leaves as, in order: its text in parts, then its picture."""
        chat_id, mentions = message.chat_id, _mentions(message, reply)
        # People are called on once; after that the parts follow each other anyway.
        sends: list[Send] = [
            partial(self._chat.send, chat_id, part, () if number else mentions)
            for number, part in enumerate(parts(reply.text, reply.source, self._split_chars))
        ]
        if reply.picture:
            name = f"{reply.name}.png"
            sends.append(partial(self._chat.send_picture, chat_id, reply.picture, name))
        return sends

    def _delay(self, text: str) -> float:
        """Seconds; a long list takes no longer than the first message of a long answer."""
        pace = self._pace
        waited = self._chance.uniform(pace.delay_min_s, pace.delay_max_s)
        return waited + pace.delay_per_char_s * min(len(text), self._split_chars)


def _mentions(message: Message, reply: Reply) -> tuple[tuple[str, str], ...]:
    if message.is_private:
        return ()
    if reply.mentions is None:
        return ((message.talker_id, message.talker_name),)
    return reply.mentions


def _cut_short(exchange: Exchange, error: NotSent, num_sent: int) -> Exchange:
    """An exchange of which so many parts left, and for certain no more."""
    if isinstance(error, Refused) and not num_sent:
        return _refused(exchange, error)
    event = "delivery.broken_off" if num_sent else "delivery.failed"
    log.warning(event, exchange=exchange.id, error=str(error))
    outcome = Outcome.UNCERTAIN if num_sent else Outcome.FAILED
    ended = replace(exchange, outcome=outcome)
    if isinstance(error, Restricted):
        return replace(ended, gate=Gate.RESTRICTED, detail=str(error))
    if isinstance(error, Refused):
        return replace(ended, gate=error.gate, detail=f"after part {num_sent}: {error.detail}")
    return ended


def _refused(exchange: Exchange, refused: Refused) -> Exchange:
    log.warning("delivery.refused", exchange=exchange.id, gate=refused.gate)
    return exchange.stopped(refused.gate, refused.detail)


def _stopped(exchange: Exchange) -> Exchange:
    return exchange.stopped(Gate.STOPPING, "the bot was stopped before it was sent")
