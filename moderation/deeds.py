"""What admins order: marks on steps, pardons, exemptions, modes, quiet."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

from handlers.conduct import Mark, Step
from handlers.duration import in_words, seconds
from handlers.orders import OrderKind, Orders
from handlers.sanitize import shown_name
from moderation.asks import DEFAULT, ENDS, MODES
from moderation.desk import Place
from moderation.explain import named
from moderation.people import Unclear
from moderation.rooms import Mode, Rooms

#: Of /quiet with nothing behind it.
QUIET_S = 1800.0

_MODES: Mapping[Mode, str] = MappingProxyType(
    {
        "off": "「关」：什么也不看",
        "shadow": "「旁观」：只记录，不说话",
        "warn": "「提醒」：劝和、提醒，再报给管理员",
        "enforce": "「执行」：提醒之后还会移出群（要我是群主）",
    }
)


class Review(Protocol):
    async def right(self, step: Step, by: str) -> None: ...
    async def wrong(self, step: Step, by: str) -> int: ...
    async def forgive(self, room_id: str, person_id: str) -> int: ...


class Deeds:
    """Each is on disk before it counts, and returns the line that confirms it.

    All raise AuditError where it could not be kept.
    """

    def __init__(self, rooms: Rooms, orders: Orders, review: Review) -> None:
        self._rooms, self._orders, self._review = rooms, orders, review

    async def mark(self, step: Step, mark: Mark, by: str) -> str:
        """An admin's word on a step; the last one counts."""
        if step.mark is mark:
            return f"{named(step)} 之前就记过了。"
        if mark is Mark.RIGHT:
            await self._review.right(step, by)
            back = "，之前的更正收回了" if step.mark else ""
            return f"好，{named(step)} 记为「对」{back}。"
        learnt = "，以后照这个学" if await self._review.wrong(step, by) else ""
        return f"好，{named(step)} 记为「错」，那条消息的分撤销了{learnt}。"

    async def forgive(self, place: Place, person_id: str, name: str) -> str:
        num = await self._review.forgive(place.id, person_id)
        if not num:
            return f"{shown_name(name)} 在{place.shown}没有记着的分。"
        return f"好，{shown_name(name)} 在{place.shown}的分清掉了（{num} 条）。"

    async def exempt(self, place: Place, person_id: str, name: str, by: str) -> str:
        who = shown_name(name)
        await self._orders.give(OrderKind.EXEMPT, chat_id=place.id, person_id=person_id, by=by)
        return f"好，{place.shown}里不再给 {who} 记分。取消：/豁免 {who} 取消"

    async def no_longer_exempt(self, place: Place, person_id: str, name: str) -> str:
        was = await self._orders.take_back(OrderKind.EXEMPT, chat_id=place.id, person_id=person_id)
        who = shown_name(name)
        return f"好，{who} 和大家一样记分了。" if was else f"{who} 本来就没有豁免。"

    async def mode(self, place: Place, wanted: str, by: str) -> str:
        """Set a room's mode, or tell it where none is named.

        Raises:
            Unclear: There is no such mode.
        """
        if wanted in DEFAULT:
            await self._orders.take_back(OrderKind.MODE, chat_id=place.id)
        elif wanted:
            if wanted.casefold() not in MODES:
                raise Unclear(f"没有「{wanted}」这种模式。可以是：关、旁观、提醒、执行、默认。")
            mode = MODES[wanted.casefold()]
            await self._orders.give(OrderKind.MODE, chat_id=place.id, value=mode, by=by)
        return f"{place.shown}现在是{_MODES[self._rooms.mode(place.id)]}。"

    async def quiet(self, place: Place | None, wanted: str, by: str) -> str:
        """Nothing about moderation is said in a room, or told to the admin where it is None.

        Raises:
            Unclear: ``wanted`` is no span of time.
        """
        chat_id, person_id = (place.id, "") if place else ("", by)
        if wanted.casefold() in ENDS:
            await self._orders.take_back(OrderKind.QUIET, chat_id=chat_id, person_id=person_id)
            return "好，不静音了。"
        span_s = seconds(wanted) if wanted else QUIET_S
        if span_s is None:
            raise Unclear(f"「{wanted}」是多久？可以写 30m、2h、1天、半小时，或者 取消。")
        await self._orders.give(
            OrderKind.QUIET, chat_id=chat_id, person_id=person_id, seconds=span_s, by=by
        )
        if place:
            return f"好，{in_words(span_s)}内我在这个群不劝也不提醒，照常记录。"
        return f"好，{in_words(span_s)}内群里的事不来打扰你，照常记录。"
