"""How each room is moderated: the settings, and what admins ordered since."""

from __future__ import annotations

from typing import Literal, get_args

import ruleset
from handlers.orders import OrderKind, Orders

Mode = Literal["off", "shadow", "warn", "enforce"]
DigestTo = Literal["admins", "room", "nobody"]

MODES: tuple[Mode, ...] = get_args(Mode)
_NO_OVERRIDE = ruleset.Room()


class Rooms:
    """Looked up anew for every message: an order counts from the next one on.

    People and rooms are told by id alone, since anybody may take any name.

    Args:
        owner: Id of the account's owner, an admin everywhere; empty: nobody.
    """

    def __init__(self, config: ruleset.Moderation, orders: Orders, owner: str = "") -> None:
        self._config, self._orders, self._owner = config, orders, owner

    @property
    def configured(self) -> tuple[str, ...]:
        """Ids of the rooms that the settings name."""
        return tuple(self._config.rooms)

    def mode(self, room_id: str) -> Mode:
        order = self._orders.find(OrderKind.MODE, room_id)
        if order is not None and order.value in MODES:
            return order.value
        return self._room(room_id).mode or self._config.mode

    def is_followed(self, room_id: str) -> bool:
        """Whether anybody wants to hear of it by itself.

        Not of every group that an owner is in: shadow, as shipped, is no wish for that. It is one
        where the settings name the room, or an admin beside the owner.
        """
        mode = self.mode(room_id)
        others = set(self.admins(room_id)) - {self._owner}
        is_meant = mode != "shadow" or bool(others) or room_id in self._config.rooms
        return mode != "off" and is_meant

    def admins(self, room_id: str) -> tuple[str, ...]:
        """Ids of who decides there: the owner, the admins of all rooms, those of this one."""
        named = (self._owner, *self._config.admins, *self._room(room_id).admins)
        return tuple(dict.fromkeys(filter(None, named)))

    def is_admin(self, room_id: str, person_id: str) -> bool:
        return person_id in self.admins(room_id)

    def is_any_admin(self, person_id: str) -> bool:
        """Whether somebody decides in any room at all."""
        named = (self._owner, *self._config.admins)
        rooms = (admin for room in self._config.rooms.values() for admin in room.admins)
        return bool(person_id) and person_id in (*named, *rooms)

    def is_exempt(self, room_id: str, person_id: str) -> bool:
        return self._orders.find(OrderKind.EXEMPT, room_id, person_id) is not None

    def is_quiet(self, room_id: str) -> bool:
        """Whether nothing about moderation is to be said there now."""
        return self._orders.find(OrderKind.QUIET, room_id) is not None

    def digest_to(self, room_id: str) -> DigestTo:
        return self._room(room_id).digest_to or self._config.digest_to

    def _room(self, room_id: str) -> ruleset.Room:
        return self._config.rooms.get(room_id, _NO_OVERRIDE)
