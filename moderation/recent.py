"""What was said in groups of late, as far as rules look back: in memory, and not for long."""

from __future__ import annotations

import hashlib
import sys
from collections import OrderedDict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from handlers.exchange import Exchange
from handlers.sanitize import MAX_NAME, clean
from moderation.spelling import letters

#: Groups that are remembered, and messages of each.
MOST_ROOMS, MOST = 200, 1000
#: Texts of fewer different characters are said again and again in good faith: 收到, 哈哈哈哈.
LEAST_DIFFERENT = 6
_KEY_BYTES = 8


@dataclass(frozen=True, slots=True)
class Heard:
    """A message, without its words.

    Attributes:
        name: Shown in the group, cleaned; hostile input all the same.
        at: Unix seconds, by the platform's clock.
        key: The same for the same text; empty where it is too short to tell.
    """

    exchange_id: str
    person_id: str
    name: str
    at: float
    key: bytes


class Recent:
    """The last messages of each group; a group nobody wrote in for longest is forgotten first.

    Args:
        keep_s: Seconds for which a message is of use to any rule.
    """

    def __init__(self, keep_s: float) -> None:
        self._keep_s = keep_s
        self._rooms: OrderedDict[str, deque[Heard]] = OrderedDict()

    def hear(self, exchange: Exchange) -> Exchange:
        """A stage that notes a cleaned group message, before rules are asked about it."""
        message = exchange.message
        if message.is_private:
            return exchange
        # Interned: one copy of a name serves all messages under it.
        name = sys.intern(clean(message.talker_name, MAX_NAME))
        key = key_of(exchange.cleaned)
        room = self._room(message.chat_id)
        room.append(Heard(exchange.id, message.talker_id, name, message.sent_at, key))
        while message.sent_at - room[0].at > self._keep_s:
            room.popleft()
        return exchange

    def of(self, room_id: str) -> Sequence[Heard]:
        """All that is remembered of a group, the oldest first."""
        return tuple(self._rooms.get(room_id, ()))

    def lately(self, exchange: Exchange, within_s: float) -> Sequence[Heard]:
        """What the writer of a message said in its group in the seconds up to it, it included."""
        message = exchange.message
        return [
            heard
            for heard in self._rooms.get(message.chat_id, ())
            if heard.person_id == message.talker_id and message.sent_at - heard.at <= within_s
        ]

    def people(self, room_id: str) -> Mapping[str, str]:
        """Who wrote in a group: id to the name shown last, the last writer first."""
        names: dict[str, str] = {}
        for heard in reversed(self._rooms.get(room_id, ())):
            names.setdefault(heard.person_id, heard.name)
        return names

    def _room(self, room_id: str) -> deque[Heard]:
        room = self._rooms.setdefault(room_id, deque(maxlen=MOST))
        self._rooms.move_to_end(room_id)
        while len(self._rooms) > MOST_ROOMS:
            self._rooms.popitem(last=False)
        return room


def key_of(text: str) -> bytes:
    """What two texts share that differ in signs, spaces and a counter at their ends alone."""
    words = letters(text).strip("0123456789")
    if len(set(words)) < LEAST_DIFFERENT:
        return b""
    return hashlib.blake2b(words.encode(), digest_size=_KEY_BYTES).digest()
