"""What the owner and admins are told at once, and their one-word answers: 好, 不, 静."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

import structlog

from handlers.alert import FRESH_S, Alert, AlertKind, Raised, Word
from handlers.alert_lines import WORDS, listed, told
from handlers.consent import Consent, parse
from handlers.exchange import Exchange, Reply, Source
from handlers.notice import notice
from handlers.orders import OrderKind, Orders
from ruleset import Assistant

log = structlog.get_logger()

HUSH_S = 24 * 3600.0

#: Does what was answered, and returns the line that confirms it; empty: nothing to add.
Responder = Callable[[Raised, Word, str], Awaitable[str]]

#: Whoever asked not to be told about moderation is told of none of these.
_OF_MODERATION = frozenset({AlertKind.HEAT, AlertKind.REMOVE, AlertKind.RAID})
#: Seconds in which an open alert stands for all that follows about the same person; the others
#: for as long as they are open. Of distress each message is told: who raises it knows when.
_STANDS_S = MappingProxyType({AlertKind.URGENT: 600.0, AlertKind.DISTRESS: 0.0})


class Store(Protocol):
    async def raise_(self, alert: Alert, to_id: str, at: float, expires_at: float) -> Raised: ...
    async def told(self, number: int, notice_id: str) -> None: ...
    async def open_for(self, to_id: str, now: float) -> Sequence[Raised]: ...
    async def standing(self, to_id: str, now: float) -> Sequence[Raised]: ...
    async def find(self, number: int) -> Raised | None: ...
    async def answer(self, number: int, word: Word, at: float) -> bool: ...
    async def untold(self, since: float) -> Sequence[Raised]: ...
    async def talked_since(self, chat_id: str, since: float) -> bool: ...


class Alerts:
    """Tells, and acts on the answers: each is on disk before anything comes of it, and acts once.

    Args:
        say: Records and delivers an exchange that answers nobody; the pipeline's.
        respond: What the answers to each kind do, looked up when one comes.
        may_answer: Whether who was told still is one to decide: admins come and go.
        clock: Unix seconds now.
    """

    def __init__(
        self,
        store: Store,
        orders: Orders,
        say: Callable[[Exchange], None],
        respond: Mapping[AlertKind, Responder],
        config: Assistant,
        *,
        may_answer: Callable[[Raised], bool] = lambda raised: True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store, self._orders, self._say = store, orders, say
        self._respond, self._may_answer, self._clock = respond, may_answer, clock
        self._expires_s = config.alert_expires_h * 3600
        self._telling = asyncio.Lock()
        self._leaving: set[str] = set()

    async def tell(self, alert: Alert, to: Sequence[str]) -> None:
        """Tell each of them, but who hushed it or has it before them already.

        Raises:
            AuditError: It could not be kept, so those not told yet are not.
        """
        async with self._telling:  # or two messages at once would both find nothing told yet
            for to_id in dict.fromkeys(filter(None, to)):
                if self._is_hushed(alert, to_id) or await self._stands(alert, to_id):
                    log.info("alert.held_back", kind=alert.kind, chat=alert.chat_id)
                    continue
                now = self._clock()
                await self._tell(await self._store.raise_(alert, to_id, now, now + self._expires_s))

    async def resume(self) -> None:
        """Tell what a crash or an outage kept from being told, not longer ago than ``FRESH_S``.

        For when the account is online: before that nothing can leave.
        """
        async with self._telling:
            for raised in await self._store.untold(self._clock() - FRESH_S):
                is_leaving = raised.notice_id in self._leaving
                if not is_leaving and not await self._stands(raised.alert, raised.to_id, raised):
                    await self._tell(raised)

    def ended(self, exchange: Exchange) -> None:
        """Told of every exchange that ended: whether an alert left is in the log from then on."""
        self._leaving.discard(exchange.id)

    async def answer(self, exchange: Exchange) -> Exchange:
        """A stage that acts on the one-word answers of those who have alerts before them.

        To everybody else, 好 is what it always was: such a message passes.
        """
        consent = None
        if exchange.message.is_private:
            consent = parse(exchange.cleaned, exchange.quoted)
        said = consent and await self._answered(consent, exchange.message.talker_id)
        return exchange.answered(Reply(said, Source.COMMAND, name="answer")) if said else exchange

    # -- telling -----------------------------------------------------------------------

    async def _tell(self, raised: Raised) -> None:
        said = notice(raised.to_id, None, told(raised), f"alert-{raised.alert.kind}")
        await self._store.told(raised.number, said.id)
        self._leaving.add(said.id)
        self._say(said)

    def _is_hushed(self, alert: Alert, to_id: str) -> bool:
        hushed = self._orders.find(OrderKind.QUIET, alert.chat_id, to_id)
        if hushed is not None and alert.kind in hushed.value.split():
            return True
        return alert.kind in _OF_MODERATION and bool(self._orders.find(OrderKind.QUIET, "", to_id))

    async def _stands(self, alert: Alert, to_id: str, itself: Raised | None = None) -> bool:
        """Whether they have another one about the same before them."""
        now, stands_s = self._clock(), _STANDS_S.get(alert.kind, math.inf)
        return any(
            one.alert.exchange_id == alert.exchange_id != "" or now - one.raised_at < stands_s
            for one in await self._store.standing(to_id, now)
            if one != itself and _about(one.alert) == _about(alert)
        )

    # -- answers -----------------------------------------------------------------------

    async def _answered(self, consent: Consent, by: str) -> str | None:
        """What comes of an answer; None where there is nothing that it could answer."""
        found = await self._store.open_for(by, self._clock())
        mine = [one for one in found if self._is_before(one, by)]
        if consent.number is not None:
            return await self._named(consent.number, consent.word, by, mine)
        if len(mine) != 1:
            return listed("你有几件事还没回，请带上编号", mine) if mine else None
        [raised] = mine
        if await self._store.talked_since(by, raised.raised_at):
            # Small talk went on since: it may as well be the answer to that.
            return listed("你是在回这件事吗？是的话请带上编号", mine)
        return await self._act(raised, consent.word, by)

    async def _named(self, number: int, word: Word, by: str, mine: Sequence[Raised]) -> str | None:
        raised = await self._store.find(number)
        if raised is None or not self._is_before(raised, by):
            return listed(f"没有 #{number} 这件事，还没回的是", mine) if mine else None
        if raised.answer is not None:
            return f"#{number} 你已经回过「{WORDS[raised.answer]}」了，我没有再做一次。"
        if raised.expires_at <= self._clock():
            return f"#{number} 已经过期了，我什么也没做。"
        return await self._act(raised, word, by)

    def _is_before(self, raised: Raised, by: str) -> bool:
        return raised.to_id == by and bool(raised.notice_id) and self._may_answer(raised)

    async def _act(self, raised: Raised, word: Word, by: str) -> str:
        if not await self._store.answer(raised.number, word, self._clock()):
            return f"#{raised.number} 刚刚已经回过了，我没有再做一次。"
        log.info("alert.answered", number=raised.number, kind=raised.alert.kind, word=word)
        hushed = await self._hush(raised, by) if word is Word.HUSH else ""
        return "\n".join(filter(None, (await self._responded(raised, word, by), hushed))) or "好。"

    async def _responded(self, raised: Raised, word: Word, by: str) -> str:
        responder = self._respond.get(raised.alert.kind)
        try:
            return await responder(raised, word, by) if responder else ""
        except Exception as error:  # whoever decided must not be left to think that it was done
            log.exception("alert.failed", number=raised.number)
            name = type(error).__name__
            return f"#{raised.number} 记下了你的话，可是没做成（{name}），请你自己处理。"

    async def _hush(self, raised: Raised, by: str) -> str:
        chat_id, kind = raised.alert.chat_id, raised.alert.kind
        before = self._orders.find(OrderKind.QUIET, chat_id, by)
        kinds = {kind.value, *(before.value.split() if before else ())}
        await self._orders.give(
            OrderKind.QUIET,
            chat_id=chat_id,
            person_id=by,
            value=" ".join(sorted(kinds)),
            seconds=HUSH_S,
            by=by,
        )
        return "好，那里的这类事一天内不再告诉你。"


def _about(alert: Alert) -> tuple[AlertKind, str, str]:
    return alert.kind, alert.chat_id, alert.person_id
