"""Who came into a group of late, and whether so many came at once that it looks like a raid."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

import ruleset
from handlers.alert import Alert, AlertKind
from handlers.exchange import Message
from handlers.orders import Order, OrderKind, Orders
from handlers.sanitize import shown_name

log = structlog.get_logger()

#: How many times the points of another rule count of a new member, and of one amidst a raid.
NEW, RAIDER = 2.0, 4.0
#: Names that an alert shows.
SHOWN = 5
#: Modes in which anybody is told anything.
_TOLD = ("warn", "enforce")


class Rooms(Protocol):
    def mode(self, room_id: str) -> str: ...
    def admins(self, room_id: str) -> Sequence[str]: ...


class Alerting(Protocol):
    async def tell(self, alert: Alert, to: Sequence[str]) -> None: ...


class Newcomers:
    """Keeps as orders who is new where, so that a restart neither forgets them nor a raid.

    Args:
        clock: Unix seconds now, the orders' own.
    """

    def __init__(
        self,
        config: ruleset.NewMembers,
        orders: Orders,
        rooms: Rooms,
        alerts: Alerting,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._config, self._orders, self._rooms, self._alerts = config, orders, rooms, alerts
        self._clock = clock
        self._grace_s, self._raid_s = config.grace_h * 3600, config.raid_minutes * 60

    async def joined(self, room_id: str, room_name: str, people: Sequence[tuple[str, str]]) -> None:
        """People came into a room; the admins are told where they make it a raid.

        Raises:
            AuditError: It could not be kept, so they do not count as new.
        """
        if self._config.state == "off" or self._rooms.mode(room_id) == "off":
            return
        was_raid = self.is_raid(room_id)
        for person_id, _ in people:
            await self._orders.give(
                OrderKind.NEW,
                chat_id=room_id,
                person_id=person_id,
                seconds=max(self._grace_s, self._raid_s),
            )
        if not was_raid and self.is_raid(room_id):
            await self._tell_of_raid(room_id, room_name, [name for _, name in people])

    def is_new(self, room_id: str, person_id: str) -> bool:
        order = self._orders.find(OrderKind.NEW, room_id, person_id)
        return order is not None and self._clock() - order.given_at < self._grace_s

    def is_raid(self, room_id: str) -> bool:
        """Whether as many people as make a raid came within the minutes that make it one."""
        return len(self._lately(room_id)) >= self._config.raid_people

    def weigh(self, message: Message, *, is_raiders: bool) -> tuple[float, str]:
        """How many times a finding about its writer counts, and why; once and nothing as a rule.

        Args:
            is_raiders: Whether it is about what raiders do.
        """
        room_id = message.chat_id
        if self._config.state == "off" or not self.is_new(room_id, message.talker_id):
            return 1.0, ""
        is_raid = is_raiders and self.is_raid(room_id)
        times, who = (RAIDER, "new amidst a raid") if is_raid else (NEW, "a new member")
        if self._config.state == "dry":
            return 1.0, f"dry: as {who} it would count {times:g} times"
        return times, f"{who}: counts {times:g} times"

    def _lately(self, room_id: str) -> Sequence[Order]:
        since = self._clock() - self._raid_s
        orders = self._orders.all(OrderKind.NEW)
        return [one for one in orders if one.chat_id == room_id and one.given_at > since]

    async def _tell_of_raid(self, room_id: str, room_name: str, names: Sequence[str]) -> None:
        num, config = len(self._lately(room_id)), self._config
        log.warning("room.raid", room=room_id, people=num, within_min=config.raid_minutes)
        if config.state != "on" or self._rooms.mode(room_id) not in _TOLD:
            return
        text = (
            f"群「{shown_name(room_name)}」{config.raid_minutes:g} 分钟里进来了 {num} 个人"
            f"（{'、'.join(map(shown_name, names[:SHOWN]))}{'等' if num > SHOWN else ''}），"
            "像是有人带人进来刷屏。这阵子他们刷屏、重复或发链接，我会更快提醒。"
        )
        await self._alerts.tell(Alert(AlertKind.RAID, text, room_id), self._rooms.admins(room_id))
