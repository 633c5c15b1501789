"""A puppet that stays connected to its gateway, whatever happens to either.

``PuppetService.start`` gives up at the first trouble, and ``Wechaty.start`` around it prints the
reason and returns as if all were well. Here the connection is kept by a loop of our own: it backs
off and tries again for as long as the program runs, notices a gateway that froze, survives any
event, and says what is wrong once, each time that changes.
"""

from __future__ import annotations

import asyncio
import math
from contextlib import aclosing

import structlog
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_random_exponential
from wechaty_grpc.wechaty.puppet import EventRequest
from wechaty_puppet import MessagePayload

from settings import Channel
from wechat.calls import GatewayCalls
from wechat.delivery import Delivery, Listener
from wechat.endpoint import Endpoint
from wechat.errors import GatewayRefused
from wechat.events import Lost, MalformedEvent, RawEvent, translate
from wechat.line import Line
from wechat.trouble import State, Trouble, diagnose

log = structlog.get_logger()

#: Events read ahead of the one at work, their messages being fetched meanwhile.
READ_AHEAD = 32
#: The first wait after a failure is drawn from this span, seconds; each next span is twice as long.
FIRST_WAIT_S = (0.05, 0.5)
#: In a row, before we ask the gateway to drop whoever holds the account: it may be our own last
#: stream, held for a moment longer than we hold it.
TIMES_TAKEN = 2
#: Seconds before we ask that again. Stop logs the account out, and two bots that take it from each
#: other all day are what gets an account restricted.
STOP_AGAIN_S = 300.0


class ReconnectingPuppet(GatewayCalls):
    """The account behind a gateway, for as long as ``start`` runs.

    Beside upstream's events it emits ``lost`` (a ``Lost``) when the gateway is gone, and ``dirty``
    (a ``Dirty``) when something known is out of date. Events come one at a time, in order.
    """

    def __init__(self, endpoint: Endpoint, channel: Channel) -> None:
        super().__init__(endpoint, channel.call_timeout_s, channel.keepalive_s)
        self._longest_wait_s = channel.reconnect_max_s
        self._delivery = Delivery(READ_AHEAD)
        self._fetched: dict[str, asyncio.Task[MessagePayload]] = {}
        self._connecting: asyncio.Task[None] | None = None
        self._is_stopped = False
        self._state = State.NEW
        self._was_up = False
        self._times_taken = 0
        self._stopped_at = -math.inf

    def on(self, event_name: str, caller: Listener) -> None:
        self._delivery.listen(event_name, caller)

    def listener_count(self, event_name: str) -> int:
        return self._delivery.count(event_name)

    async def start(self) -> None:
        """Stay connected until ``stop``, before or after; a puppet is started once.

        Raises:
            GatewayRefused: The token or the certificate was refused before any connection stood;
                waiting would not mend that. Later on it is logged, and tried again.
        """
        if self._is_stopped:
            return
        self._delivery.start()
        self._connecting = asyncio.create_task(self._stay_connected(), name="wechat-connection")
        try:
            await asyncio.wait([self._connecting])
            if not self._connecting.cancelled():
                self._connecting.result()
        finally:
            await self.stop()

    async def stop(self) -> None:
        """Hang up. No Stop is sent to the gateway: it would log the account out."""
        self._is_stopped = True
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.wait([self._connecting])
        await self._delivery.stop()
        for task in self._fetched.values():
            task.cancel()
        self._fetched.clear()

    async def message_payload(self, message_id: str) -> MessagePayload:
        """A message: the one fetched ahead, or else asked for now."""
        ahead = self._fetched.pop(message_id, None)
        return await (ahead or super().message_payload(message_id))

    async def _stay_connected(self) -> None:
        shortest, first = FIRST_WAIT_S
        longest = self._longest_wait_s
        wait = wait_random_exponential(min(first, longest), max=longest, min=min(shortest, longest))
        async for attempt in AsyncRetrying(retry=retry_if_exception(_may_pass), wait=wait):
            with attempt:
                await self._session(attempt.retry_state)

    async def _session(self, retry: RetryCallState) -> None:
        """One connection, from Start to the end of its event stream; it always ends by an error."""
        channel = self._dial()
        try:
            await self._listen(channel, retry)
            raise ConnectionError("event stream ended")
        except Exception as error:
            trouble = diagnose(error, self._endpoint)
            self._note(trouble)
            if trouble.state is State.REFUSED and not self._was_up:
                raise GatewayRefused(f"{trouble.reason}; {trouble.check}") from None
            raise
        finally:
            self._puppet_stub = None
            channel.close()

    async def _listen(self, channel: Line, retry: RetryCallState) -> None:
        calls = self._puppet_stub = self._stub(channel, self._call_timeout_s)
        now = asyncio.get_running_loop().time()
        if self._times_taken >= TIMES_TAKEN and now - self._stopped_at >= STOP_AGAIN_S:
            self._stopped_at = now
            await calls.stop()
        await calls.start()
        events = self._stub(channel, None)
        route = "/wechaty.Puppet/Event"
        async with aclosing(events._unary_stream(route, EventRequest(), RawEvent)) as stream:
            async for event in stream:
                if self._state is not State.UP:
                    self._note_up()
                    retry.attempt_number = 1  # the next outage backs off from the start again
                await self._take(event)

    async def _take(self, event: RawEvent) -> None:
        try:
            translated = translate(event)
        except MalformedEvent as error:
            log.warning("gateway.malformed_event", fault=str(error))
            return
        if translated is None:
            return
        name, payload = translated
        if name in ("login", "logout"):
            self.login_user_id = payload.contact_id if name == "login" else None
        await self._delivery.put(name, payload)
        if name == "message" and payload.message_id not in self._fetched:
            task = asyncio.create_task(super().message_payload(payload.message_id))
            task.add_done_callback(_forget_failure)
            self._fetched[payload.message_id] = task

    def _note_up(self) -> None:
        self._state, self._was_up, self._times_taken = State.UP, True, 0
        log.info("gateway.connected", endpoint=str(self._endpoint))

    def _note(self, trouble: Trouble) -> None:
        before, self._state = self._state, trouble.state
        if trouble.state is State.TAKEN:
            self._times_taken += 1
        if before is State.UP:
            self._delivery.put_now("lost", Lost(trouble.reason))
        if before is not trouble.state:
            log.warning(
                f"gateway.{trouble.state}",
                endpoint=str(self._endpoint),
                reason=trouble.reason,
                check=trouble.check,
            )


def _may_pass(error: BaseException) -> bool:
    """Whether to try again. tenacity asks about a cancellation too, which must go through."""
    return isinstance(error, Exception) and not isinstance(error, GatewayRefused)


def _forget_failure(task: asyncio.Task[MessagePayload]) -> None:
    """A message nobody asked for any more must not be complained about when it is collected."""
    if not task.cancelled():
        task.exception()
