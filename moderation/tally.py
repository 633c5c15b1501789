"""The points that people have in each room, fading with time."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable

from handlers.conduct import Evidence

#: The rule that reads moods; its findings alone may be of an outburst at nobody.
HEAT = "heat"
#: After so many half-lives a point is a millionth, and forgotten.
LIFE = 20
#: Evidence held for one room, and rooms held at all: what is over is forgotten, the oldest first.
MAX_IN_ROOM, MAX_ROOMS = 1000, 1000


class Tally:
    """What counts against people of late, in memory; the audit log has it for a restart.

    An outburst at nobody stays on record and never counts here: five complaints about a delivery
    are no attack on anybody.

    Args:
        half_life_s: Seconds after which a point counts half.
        note_at: Heat with fewer points than this, and said to nobody known, is an outburst.
        clock: Unix seconds now: points fade while the bot is down.
    """

    def __init__(
        self, half_life_s: float, note_at: float, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._half_life_s, self._note_at, self._clock = half_life_s, note_at, clock
        # The room that has been quiet for longest comes first.
        self._rooms: OrderedDict[str, deque[Evidence]] = OrderedDict()

    @property
    def since(self) -> float:
        """Unix seconds: nothing older counts."""
        return self._clock() - LIFE * self._half_life_s

    @property
    def num_held(self) -> int:
        return sum(map(len, self._rooms.values()))

    def load(self, known: Iterable[Evidence]) -> None:
        """Begins anew with these, the oldest first."""
        self._rooms.clear()
        for evidence in known:
            self.add(evidence)

    def add(self, evidence: Evidence) -> None:
        """Counts it; a message counts once for each rule, however often it is told."""
        if self._is_outburst(evidence):
            return
        held = self._rooms.setdefault(evidence.room_id, deque(maxlen=MAX_IN_ROOM))
        if not any(_is_same(evidence, one) for one in held):
            held.append(evidence)
            self._rooms.move_to_end(evidence.room_id)
        self._forget()

    def points(self, room_id: str, person_id: str) -> float:
        held = self._rooms.get(room_id, ())
        return sum(self._now_worth(one) for one in held if one.person_id == person_id)

    def of_room(self, room_id: str) -> dict[str, float]:
        """Everybody in a room who has points, by id, the most first."""
        people = {one.person_id for one in self._rooms.get(room_id, ())}
        points = {person_id: self.points(room_id, person_id) for person_id in people}
        return dict(sorted(points.items(), key=lambda item: (-item[1], item[0])))

    def evidence(self, room_id: str) -> tuple[Evidence, ...]:
        """All that counts in a room, the oldest first."""
        return tuple(self._rooms.get(room_id, ()))

    def forgive(self, room_id: str, person_id: str) -> None:
        """What there is against somebody in a room counts no more."""
        self._keep(room_id, lambda one: one.person_id != person_id)

    def forgive_exchange(self, room_id: str, exchange_id: str) -> None:
        """The same for one message."""
        self._keep(room_id, lambda one: one.exchange_id != exchange_id)

    def _keep(self, room_id: str, is_kept: Callable[[Evidence], bool]) -> None:
        held = self._rooms.get(room_id)
        if held is not None:
            self._rooms[room_id] = deque(filter(is_kept, held), maxlen=MAX_IN_ROOM)

    def _now_worth(self, evidence: Evidence) -> float:
        # A clock that was set back makes nothing count more than it did.
        age_s = max(0.0, self._clock() - evidence.at)
        return float(evidence.points * 0.5 ** (age_s / self._half_life_s))

    def _is_outburst(self, evidence: Evidence) -> bool:
        is_aimed = evidence.rule != HEAT or bool(evidence.target_id)
        return not is_aimed and evidence.points < self._note_at

    def _forget(self) -> None:
        since = self.since
        for held in self._rooms.values():
            while held and held[0].at < since:
                held.popleft()
            if held:
                break
        while self._rooms:
            held = next(iter(self._rooms.values()))
            if held and len(self._rooms) <= MAX_ROOMS:
                return
            self._rooms.popitem(last=False)


def _is_same(one: Evidence, other: Evidence) -> bool:
    return one.exchange_id == other.exchange_id and one.rule == other.rule
