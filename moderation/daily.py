"""Once a day the day of each moderated group, told to its admins or to the group."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from datetime import time as Moment
from typing import Protocol

import structlog

from handlers.audit.errors import AuditError
from handlers.day import Said
from handlers.exchange import Exchange, Outcome
from handlers.notice import notice
from handlers.orders import OrderKind, Orders
from moderation.digest import DAY_S, Digest
from moderation.rooms import DigestTo

log = structlog.get_logger()

NAME = "digest"
#: Seconds between two looks at the clock on the wall: a laptop sleeps.
LOOK_S = 20.0
#: Between two that leave: an admin of many groups is not sent twenty messages in a minute.
APART_S = 20.0


class Log(Protocol):
    async def exchange(self, id_: str) -> Said | None: ...


class Rooms(Protocol):
    @property
    def configured(self) -> Sequence[str]: ...
    def is_followed(self, room_id: str) -> bool: ...
    def admins(self, room_id: str) -> Sequence[str]: ...
    def digest_to(self, room_id: str) -> DigestTo: ...
    def is_quiet(self, room_id: str) -> bool: ...


class Daily:
    """Says each day once.

    Which notice tells a day is kept as an order before it is said, and the audit log knows whether
    that notice left: so a restart neither skips a day nor repeats one. Of several days that the
    bot was not there for, the last one is told.

    Args:
        at: Time of day at which a day ends, as in the settings.
        say: Takes a notice; the pipeline's.
        is_online: Whether anything can leave now; what is due waits until then.
        clock: Unix seconds now, the orders' own.
    """

    def __init__(
        self,
        digest: Digest,
        said: Log,
        orders: Orders,
        rooms: Rooms,
        say: Callable[[Exchange], None],
        *,
        at: str,
        is_online: Callable[[], bool] = lambda: True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._digest, self._said, self._orders, self._rooms = digest, said, orders, rooms
        self._say, self._at, self._is_online = say, Moment.fromisoformat(at), is_online
        self._clock, self._done = clock, 0.0

    async def run(self) -> None:
        """Say what is due, for as long as the program runs."""
        while True:
            try:
                await self.tell_due(apart_s=APART_S)
            except AuditError:  # nothing is said that cannot be kept; the next look tries again
                log.exception("digest.not_kept")
            await asyncio.sleep(LOOK_S)

    async def tell_due(self, *, apart_s: float = 0.0) -> None:
        """Say the last day that ended, of every group, to each who was not told it yet.

        Args:
            apart_s: Seconds after each that is said.

        Raises:
            AuditError: Something could not be read or kept; what is left is said next time.
        """
        since, until = day_before(self._clock(), self._at)
        if until == self._done or not self._is_online():
            return
        seen = await self._digest.rooms(since)
        named = {**dict.fromkeys(self._rooms.configured, ""), **seen}
        for room_id, room_name in named.items():
            for to_id in self._to(room_id):
                if await self._was_told(room_id, to_id, until):
                    continue
                exchange = await self._notice(room_id, room_name, to_id, since, until)
                if exchange is not None:
                    self._say(exchange)
                    await asyncio.sleep(apart_s)
        self._done = until

    async def _notice(
        self, room_id: str, room_name: str, to_id: str, since: float, until: float
    ) -> Exchange | None:
        """What tells the day, kept as the one that does; None where there is nothing to tell."""
        in_room = to_id == room_id
        day = await self._digest.between(room_id, room_name, since, until, is_public=in_room)
        if day is None:
            return None
        name = room_name if in_room else None
        exchange = notice(to_id, name, day.text, NAME, picture=day.picture)
        await self._orders.give(
            OrderKind.DIGEST,
            chat_id=room_id,
            person_id=to_id,
            value=exchange.id,
            seconds=2 * DAY_S,
        )
        return exchange

    async def _was_told(self, room_id: str, to_id: str, until: float) -> bool:
        order = self._orders.find(OrderKind.DIGEST, room_id, to_id)
        if order is None or order.given_at < until:
            return False
        said = await self._said.exchange(order.value)
        return said is not None and said.outcome not in (Outcome.SILENT, Outcome.FAILED)

    def _to(self, room_id: str) -> Iterator[str]:
        if not self._rooms.is_followed(room_id):
            return
        match self._rooms.digest_to(room_id):
            case "admins":
                yield from self._rooms.admins(room_id)
            case "room" if not self._rooms.is_quiet(room_id):
                yield room_id


def day_before(now: float, at: Moment) -> tuple[float, float]:
    """The last day that ended at that time of day: its begin and end, unix seconds.

    By the clock on the wall: where clocks change, it has 23 hours or 25.
    """
    local = datetime.fromtimestamp(now, UTC).astimezone().replace(tzinfo=None)
    end = datetime.combine(local.date(), at)
    if end > local:
        end -= timedelta(days=1)
    return (end - timedelta(days=1)).timestamp(), end.timestamp()
