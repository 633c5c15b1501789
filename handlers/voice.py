"""The owner's own way of answering, learnt from what they type in their chats by hand."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Protocol, TypeVar

import structlog

import settings
from engine.bank import Pair
from engine.mood import Mood
from handlers.discretion import unfit_message, unfit_reply
from handlers.echo import Echoes
from handlers.exchange import Exchange, Gate, Kind, Message, Outcome
from handlers.sanitize import own_words

log = structlog.get_logger()
T = TypeVar("T")

#: An own message that comes later than this answers nothing any more.
ANSWER_S = 600.0
#: Platforms tell whole seconds of one message and milliseconds of the next.
ROUNDING_S = 1.0
#: Between two lessons: the engine reads all messages anew in each.
PAUSE_S = 60.0
#: Chats whose last message is remembered.
MAX_CHATS = 1000


class Store(Protocol):
    async def learn(self, message_id: str, pair: Pair, *, limit: int) -> bool: ...
    async def learnt(self, limit: int) -> Sequence[Pair]: ...


class Mind(Protocol):
    async def learn(self, pairs: Sequence[Pair]) -> None: ...


class Voice:
    """Learns how the owner answers: a message in a private chat, and the own text right after it.

    Nothing is learnt where the bot itself said something in between, nor from what comes back of
    its own sends: some puppets report those as own messages like any other. Nor in groups, where
    nobody knows what an own message answers. What else stays out: ``discretion``.

    The stages only note what passes; ``run`` thinks about it, in the same order, so that neither
    a slow disk nor a fault here is ever in the way of a message. With ``reply.learn`` off nothing
    is noted, and the engine is told nothing.

    Args:
        config: ``reply`` of the settings.
        bot_name: What the bot is called.
        max_age_s: Seconds after which an own message is a replay (``answer.max_age_s``).
        echoes: Tells the bot's own sends from what the owner typed.
        clock: Unix seconds now.
        pause_s: Least seconds between two lessons.
    """

    def __init__(
        self,
        store: Store,
        mind: Mind,
        config: settings.ReplySection,
        *,
        bot_name: str,
        max_age_s: float,
        echoes: Echoes,
        clock: Callable[[], float] = time.time,
        pause_s: float = PAUSE_S,
    ) -> None:
        self._store, self._mind = store, mind
        self._scope, self._limit = config.learn, config.learn_max
        self._bot_name, self._max_age_s = bot_name, max_age_s
        self._clock, self._pause_s = clock, pause_s
        self._echoes = echoes
        self._steps: asyncio.Queue[Callable[[], Awaitable[None]]] = asyncio.Queue()
        self._changed = asyncio.Event()
        self._last: OrderedDict[str, Exchange] = OrderedDict()

    # -- what passes -------------------------------------------------------------------

    def door(self, admit: Callable[[Exchange], Exchange]) -> Callable[[Exchange], Exchange]:
        """The first stage, to which every message comes, own ones too; and each is noted."""

        def stage(exchange: Exchange) -> Exchange:
            message = exchange.message
            self._note(message, self._answered if message.is_self else self._forget, message)
            return admit(exchange)

        return admit if self._scope == "off" else stage

    def ear(
        self, mood: Callable[[Exchange], Awaitable[Exchange]]
    ) -> Callable[[Exchange], Awaitable[Exchange]]:
        """The stage that reads the mood; and what it read is noted."""

        async def stage(exchange: Exchange) -> Exchange:
            exchange = await mood(exchange)
            self._note(exchange.message, self._remember, exchange)
            return exchange

        return mood if self._scope == "off" else stage

    def ended(self, exchange: Exchange) -> None:
        """Told of each exchange when it has ended; the pipeline's ``done``."""
        left = exchange.outcome in (Outcome.SENDING, Outcome.SENT, Outcome.UNCERTAIN)
        unseen = exchange.gate is Gate.OVERLOADED
        if self._scope != "off" and (unseen or (exchange.reply is not None and left)):
            self._note(exchange.message, self._forget, exchange.message)

    def _note(self, message: Message, step: Callable[[T], Awaitable[None]], value: T) -> None:
        if message.is_private:
            self._steps.put_nowait(partial(step, value))

    # -- what is made of it ------------------------------------------------------------

    async def run(self) -> None:
        """Have the engine know what was learnt so far, and learn on, until cancelled."""
        if self._scope == "off":
            return
        self._changed.set()
        await asyncio.gather(self._listen(), self._teach())

    async def settled(self) -> None:
        """Returns once all that was noted has been thought about; needs ``run``."""
        await self._steps.join()

    async def _listen(self) -> None:
        while True:
            step = await self._steps.get()
            try:
                await step()
            except Exception:
                log.exception("voice.not_learnt")
            finally:
                self._steps.task_done()

    async def _teach(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self._lesson()
            except Exception as error:
                # A busy engine or a full disk: the next lesson is a new attempt.
                log.warning("voice.not_taught", error=type(error).__name__)
                self._changed.set()
            await asyncio.sleep(self._pause_s)

    async def _lesson(self) -> None:
        pairs = await self._store.learnt(self._limit)
        if self._scope == "all":
            pairs = [replace(pair, chat="") for pair in pairs]
        if pairs:
            await self._mind.learn(pairs)
            log.info("voice.taught", pairs=len(pairs))

    # -- one message -------------------------------------------------------------------

    async def _forget(self, message: Message) -> None:
        """Something else was said: an own text after it answers that, not what was before."""
        self._last.pop(message.chat_id, None)

    async def _remember(self, exchange: Exchange) -> None:
        chat_id = exchange.message.chat_id
        if reason := self._why_not_message(exchange):
            log.debug("voice.withheld", message=exchange.message.id, reason=reason)
            return
        self._last[chat_id] = exchange
        while len(self._last) > MAX_CHATS:
            self._last.popitem(last=False)

    async def _answered(self, message: Message) -> None:
        """An own message: typed by the owner, or what comes back of the bot's own."""
        asked = self._last.get(message.chat_id)
        if asked is None:
            return
        reply = own_words(message.text)
        if await self._echoes.is_echo(message):
            return
        # Also where nothing is learnt: what follows is the rest of an answer that was none.
        del self._last[message.chat_id]
        if reason := self._why_not_reply(asked, message, reply):
            log.debug("voice.withheld", message=message.id, reason=reason)
            return
        mood = asked.reading.mood if asked.reading else Mood.NEUTRAL
        pair = Pair(asked.cleaned, mood, reply, message.chat_id)
        if await self._store.learn(message.id, pair, limit=self._limit):
            log.info("voice.learnt", message=message.id)
            self._changed.set()

    def _why_not_message(self, exchange: Exchange) -> str | None:
        if exchange.reading is not None and exchange.reading.distress:
            return "distress"
        if exchange.message.kind is not Kind.TEXT:
            return "no text"
        return unfit_message(exchange.cleaned, datetime.fromtimestamp(self._clock(), UTC))

    def _why_not_reply(self, asked: Exchange, message: Message, reply: str) -> str | None:
        if message.kind is not Kind.TEXT:
            return "no text"
        if self._clock() - message.sent_at > self._max_age_s:
            return "stale"
        if not -ROUNDING_S <= message.sent_at - asked.message.sent_at <= ANSWER_S:
            return "too late"
        return unfit_reply(reply, asked.cleaned, self._bot_name)
