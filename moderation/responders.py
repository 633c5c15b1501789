"""What follows where an admin answers an alert about a group with 好, 不 or 静."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from handlers.alert import AlertKind, Raised, Word
from handlers.alerts import Responder
from handlers.conduct import Step
from handlers.orders import OrderKind, Orders
from moderation.removal import Removal
from moderation.review import Review
from moderation.ruling import Ruling

_NO_ADMIN = "你现在不是这个群的管理员了，我没有动。"
_NO_STEP = "这一步的记录已经不在了，我没有动。"
_RIGHT = "好，记下了，这次算对。"
_WRONG = "好，算我弄错了：这条不再计分，以后也会少犯。"
_STAYS = "好，TA 留下，我不动。"
_WATCHED = "好，这阵子新来的人我多看着点。"
_GUESTS = "好，是你请来的，这 {num} 位按普通成员算。"


class Store(Protocol):
    async def step(self, step_id: int) -> Step | None: ...


class Rooms(Protocol):
    def is_admin(self, room_id: str, person_id: str) -> bool: ...


class Responders:
    """Acts on the answers; each is kept by whoever took it, before it comes here, 静 carried out.

    Who answers must still be an admin of that room: hours may lie between alert and answer.

    Args:
        raid_s: People who came so many seconds before a raid was told of belong to it.
    """

    def __init__(
        self,
        store: Store,
        rooms: Rooms,
        orders: Orders,
        review: Review,
        removal: Removal,
        ruling: Ruling,
        *,
        raid_s: float,
    ) -> None:
        self._store, self._rooms, self._orders = store, rooms, orders
        self._review, self._removal, self._ruling = review, removal, ruling
        self._raid_s = raid_s

    def by_kind(self) -> dict[AlertKind, Responder]:
        return {
            AlertKind.HEAT: self._by_admin(self._about_step(self._heat)),
            AlertKind.REMOVE: self._by_admin(self._about_step(self._remove)),
            AlertKind.APPEAL: self._by_admin(self._about_step(self._ruling.give)),
            AlertKind.RAID: self._by_admin(self._raid),
        }

    def _by_admin(self, respond: Responder) -> Responder:
        async def responder(raised: Raised, word: Word, by: str) -> str:
            if not self._rooms.is_admin(raised.alert.chat_id, by):
                return _NO_ADMIN
            return await respond(raised, word, by)

        return responder

    def _about_step(
        self, respond: Callable[[Raised, Step, Word, str], Awaitable[str]]
    ) -> Responder:
        async def responder(raised: Raised, word: Word, by: str) -> str:
            step = await self._store.step(raised.alert.step_id)
            return _NO_STEP if step is None else await respond(raised, step, word, by)

        return responder

    async def _heat(self, raised: Raised, step: Step, word: Word, by: str) -> str:
        if word is Word.YES:
            await self._review.right(step, by)
            return _RIGHT
        if word is Word.NO:
            await self._review.wrong(step, by)
            return _WRONG
        return ""

    async def _remove(self, raised: Raised, step: Step, word: Word, by: str) -> str:
        if word is Word.YES:
            return await self._removal.carry_out(step)
        await self._removal.refuse(step)
        return _STAYS

    async def _raid(self, raised: Raised, word: Word, by: str) -> str:
        if word is not Word.NO:
            return _WATCHED if word is Word.YES else ""
        room_id, since = raised.alert.chat_id, raised.raised_at - self._raid_s
        new = [
            order
            for order in self._orders.all(OrderKind.NEW)
            if order.chat_id == room_id and order.given_at >= since
        ]
        for order in new:
            await self._orders.take_back(order.kind, chat_id=room_id, person_id=order.person_id)
        return _GUESTS.format(num=len(new))
