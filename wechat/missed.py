"""Messages that a gateway told of and did not show: asked for again once it answers."""

from __future__ import annotations

from collections import OrderedDict

import structlog

log = structlog.get_logger()

#: Times a message is asked for; one that a restarted gateway has forgotten never comes.
TRIES = 3
#: The newest that are kept in mind.
MOST = 1000


class Missed:
    """Ids of messages that could not be looked up, in the order they came."""

    def __init__(self) -> None:
        self._tries: OrderedDict[str, int] = OrderedDict()

    def note(self, message_id: str, reason: str) -> None:
        """It was asked for once more, in vain."""
        tries = self._tries.get(message_id, 0) + 1
        if tries >= TRIES:
            self.found(message_id)
            log.error("message.lost", id=message_id, reason=reason, tries=tries)
            return
        self._tries[message_id] = tries
        log.warning("message.missed", id=message_id, reason=reason)
        while len(self._tries) > MOST:
            oldest, tries = self._tries.popitem(last=False)
            log.error("message.lost", id=oldest, reason="too many were missed", tries=tries)

    def found(self, message_id: str) -> None:
        self._tries.pop(message_id, None)

    def all(self) -> tuple[str, ...]:
        return tuple(self._tries)
