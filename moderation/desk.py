"""Which room an admin speaks of in private."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from handlers.alert import Raised
from handlers.conduct import Step
from handlers.day import Chat
from handlers.orders import OrderKind, Orders
from handlers.sanitize import shown_name
from moderation.people import Unclear
from moderation.rooms import Rooms

#: Rooms in which nobody wrote for so long are not listed, unless the settings name them.
_KNOWN_S = 30 * 86_400.0
_LISTED = 9


@dataclass(frozen=True, slots=True)
class Place:
    """A room.

    Attributes:
        name: Its topic. Hostile input; empty where it is not known.
    """

    id: str
    name: str = ""

    @property
    def shown(self) -> str:
        return f"「{shown_name(self.name) or '…' + self.id[-12:]}」"


class Log(Protocol):
    async def chats(self, since: float) -> Sequence[Chat]: ...


class Conduct(Protocol):
    async def steps(self, since: float) -> Sequence[Step]: ...


class Alerts(Protocol):
    async def open_for(self, to_id: str, now: float) -> Sequence[Raised]: ...


class Desk:
    """Knows the rooms each admin decides in, and which of them they are at.

    Args:
        clock: Unix seconds now.
    """

    def __init__(
        self,
        rooms: Rooms,
        orders: Orders,
        log: Log,
        conduct: Conduct,
        alerts: Alerts,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._rooms, self._orders = rooms, orders
        self._log, self._conduct, self._alerts = log, conduct, alerts
        self._clock = clock

    async def places(self, by: str) -> tuple[Place, ...]:
        """The rooms that an admin decides in, by name: their numbers hardly ever change."""
        since = self._clock() - _KNOWN_S
        names = dict.fromkeys(self._rooms.configured, "")
        # With pseudonyms the log has codes for the ids of chats, with no names beside them; but it
        # has the rooms in which steps were taken.
        chats = await self._log.chats(since)
        names |= {chat.id: chat.room_name for chat in chats if chat.room_name}
        for step in await self._conduct.steps(since):
            names[step.room_id] = names.get(step.room_id) or step.room_name
        mine = [Place(*item) for item in names.items() if self._rooms.is_admin(item[0], by)]
        return tuple(sorted(mine, key=lambda place: (place.name, place.id)))

    async def meant(self, by: str) -> Place:
        """The room chosen by /room; else the only one; else the one they were last alerted of.

        Raises:
            Unclear: It may be any of several, or there is none.
        """
        places = {place.id: place for place in await self.places(by)}
        if not places:
            raise Unclear("还没有由你管的群说过话，等有人说话了再来问我。")
        chosen = self._orders.find(OrderKind.ROOM, person_id=by)
        if chosen is not None and chosen.value in places:
            return places[chosen.value]
        if len(places) == 1:
            return next(iter(places.values()))
        for raised in await self._alerts.open_for(by, self._clock()):
            if raised.alert.chat_id in places:
                return places[raised.alert.chat_id]
        raise Unclear(f"说的是哪个群？先选一个：\n{_listed(tuple(places.values()))}")

    async def choose(self, by: str, wanted: str) -> str:
        """Be at the room of that number or name from now on; what to say of it.

        Raises:
            Unclear: There is no such room.
        """
        places = await self.places(by)
        if not wanted:
            here = await self.meant(by)
            return f"现在说的是{here.shown}。\n{_listed(places)}"
        number = int(wanted) if wanted.isascii() and wanted.isdecimal() else 0
        found = places[number - 1 : number] if number else _named(places, wanted)
        if len(found) != 1:
            raise Unclear(f"没有找到这个群，请用编号选：\n{_listed(places)}")
        await self._orders.give(OrderKind.ROOM, person_id=by, value=found[0].id, by=by)
        return f"好，接下来说的是{found[0].shown}。"


def _named(places: Sequence[Place], wanted: str) -> Sequence[Place]:
    exactly = [place for place in places if shown_name(place.name) == wanted]
    return exactly or [place for place in places if wanted in shown_name(place.name)]


def _listed(places: Sequence[Place]) -> str:
    lines = [f"{number}. {place.shown}" for number, place in enumerate(places[:_LISTED], 1)]
    more = [f"还有 {len(places) - _LISTED} 个，用 /群 名字"] if len(places) > _LISTED else []
    return "\n".join((*lines, *more, "选法：/群 1"))
