"""Who is logged in, and for how long nobody was."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Identity:
    """The account itself, as of a login.

    Attributes:
        names: What it is called where no room says otherwise: its nickname, if that could be
            learnt, and the name in the settings.
    """

    id: str
    names: tuple[str, ...]


class Presence:
    """Whether the account is online, and as whom it last was.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._left_at: float | None = None
        self.online = False
        self.identity: Identity | None = None

    def arrive(self, identity: Identity) -> float | None:
        """Note a login; seconds since the account left, None at the first login."""
        first, left_at = self.identity is None, self._left_at
        self.identity, self.online, self._left_at = identity, True, None
        if first:
            return None
        return self._clock() - left_at if left_at is not None else 0.0

    def leave(self) -> bool:
        """Note a logout or an outage; whether the account was online until now."""
        was_online, self.online = self.online, False
        if was_online:
            self._left_at = self._clock()
        return was_online
