"""What the owner and admins ordered and is in force, across restarts: pauses, modes, exemptions."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class OrderKind(StrEnum):
    """What is ordered; in brackets what it is about.

    PAUSE: no answers (a chat, or everywhere with an empty chat). TAKEOVER: the owner types there
    themselves (a chat). HAND_OVER: left to the owner (a chat). MODE: ``value`` is the mode of
    moderation (a room). EXEMPT: no points (a room and a person). QUIET: nothing about moderation is
    said there (a room), or told to that person (a person). NEW: came lately (a room and a person).
    ROOM: the room that an admin's commands in private are about (a person, ``value`` is its id).
    FORWARD: whether urgent messages are told at once (``value`` on or off). MET: was given the
    first line (a person). DIGEST: their day was told (a room and a person, or the room twice;
    ``value`` is the id of the exchange that tells it).
    """

    PAUSE = "pause"
    TAKEOVER = "takeover"
    HAND_OVER = "hand-over"
    MODE = "mode"
    EXEMPT = "exempt"
    QUIET = "quiet"
    NEW = "new"
    ROOM = "room"
    FORWARD = "forward"
    MET = "met"
    DIGEST = "digest"


@dataclass(frozen=True, slots=True)
class Order:
    """One order; a later one about the same takes its place.

    Attributes:
        until: Unix seconds; None: until it is taken back.
        given_by: Id of who gave it; empty: the bot itself.
        given_at: Unix seconds.
    """

    kind: OrderKind
    chat_id: str = ""
    person_id: str = ""
    value: str = ""
    until: float | None = None
    given_by: str = ""
    given_at: float = 0.0

    @property
    def about(self) -> tuple[OrderKind, str, str]:
        return self.kind, self.chat_id, self.person_id


class Store(Protocol):
    async def put(self, order: Order) -> None: ...
    async def drop(self, kind: OrderKind, chat_id: str, person_id: str) -> None: ...
    async def all(self, now: float) -> Sequence[Order]: ...


class Orders:
    """All orders in force, looked up without waiting; each is on disk before it counts.

    Args:
        clock: Unix seconds now: pauses go on while the bot is down.
    """

    def __init__(
        self, store: Store, known: Iterable[Order] = (), *, clock: Callable[[], float] = time.time
    ) -> None:
        self._store, self._clock = store, clock
        self._orders = {order.about: order for order in known}

    @classmethod
    async def load(cls, store: Store, *, clock: Callable[[], float] = time.time) -> Orders:
        return cls(store, await store.all(clock()), clock=clock)

    def find(self, kind: OrderKind, chat_id: str = "", person_id: str = "") -> Order | None:
        """The order about exactly that, if it is in force."""
        order = self._orders.get((kind, chat_id, person_id))
        if order is None or (order.until is not None and order.until <= self._clock()):
            return None
        return order

    def all(self, kind: OrderKind) -> tuple[Order, ...]:
        """Those of a kind that are in force."""
        now = self._clock()
        return tuple(
            order
            for order in self._orders.values()
            if order.kind is kind and (order.until is None or order.until > now)
        )

    async def give(
        self,
        kind: OrderKind,
        *,
        chat_id: str = "",
        person_id: str = "",
        value: str = "",
        seconds: float | None = None,
        by: str = "",
    ) -> Order:
        """Put an order in force, for so many seconds or until it is taken back.

        Raises:
            AuditError: It could not be kept, so it is not in force.
        """
        now = self._clock()
        until = None if seconds is None else now + seconds
        order = Order(kind, chat_id, person_id, value, until, by, now)
        await self._store.put(order)
        self._orders[order.about] = order
        self._forget(now)
        return order

    async def take_back(
        self, kind: OrderKind, *, chat_id: str = "", person_id: str = ""
    ) -> Order | None:
        """End an order; what it was, if it was in force.

        Raises:
            AuditError: It could not be kept, so the order still is in force.
        """
        order = self.find(kind, chat_id, person_id)
        await self._store.drop(kind, chat_id, person_id)
        self._orders.pop((kind, chat_id, person_id), None)
        return order

    def _forget(self, now: float) -> None:
        over = [
            about for about, o in self._orders.items() if o.until is not None and o.until <= now
        ]
        for about in over:
            del self._orders[about]
