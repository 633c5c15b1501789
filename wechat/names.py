"""The names people go by in a group, remembered for a while."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog
from wechaty_puppet import Puppet

log = structlog.get_logger()

#: Few gateways tell when somebody takes another name in a group.
KEEP_S = 600.0
MOST = 5000


class RoomNames:
    """Names that members gave themselves in a room.

    Looking one up is a call to the gateway, and several reads a second have got accounts locked;
    a busy group would make two for each message.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, puppet: Puppet, clock: Callable[[], float] = time.monotonic) -> None:
        self._puppet = puppet
        self._clock = clock
        self._known: dict[tuple[str, str], tuple[str, float]] = {}

    async def alias(self, room_id: str, contact_id: str) -> str:
        """Their name in that room; empty where they took none, or where it cannot be learnt."""
        known = self._known.get((room_id, contact_id))
        if known is not None and self._clock() - known[1] < KEEP_S:
            return known[0]
        try:
            member = await self._puppet.room_member_payload(room_id, contact_id)
            alias = member.room_alias or ""
        except Exception as error:
            log.info("name.unknown", room=room_id, contact=contact_id, error=type(error).__name__)
            alias = ""  # remembered too: a puppet that cannot tell is not asked at every message
        self._remember((room_id, contact_id), alias)
        return alias

    def forget(self, room_id: str) -> None:
        for key in [key for key in self._known if key[0] == room_id]:
            del self._known[key]

    def _remember(self, key: tuple[str, str], alias: str) -> None:
        self._known.pop(key, None)
        while len(self._known) >= MOST:
            del self._known[next(iter(self._known))]
        self._known[key] = (alias, self._clock())
