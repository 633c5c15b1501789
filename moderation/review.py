"""What follows from an admin's word on a step: it is marked, forgiven, and learnt from."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from engine.labelled import Task
from engine.mood import Mood
from handlers.audit.log import Correction
from handlers.conduct import Evidence, Mark, Shown, Step
from moderation.tally import HEAT, Tally

#: From this probability of an offence on, the reader took the message for an insult.
OFFENSIVE = 0.5
_TAUGHT = (Task.MOOD, Task.OFFENCE)


class Store(Protocol):
    async def mark(self, step_id: int, mark: Mark | None, by: str, at: float) -> None: ...
    async def forgive(self, room_id: str, person_id: str, at: float) -> int: ...
    async def forgive_exchange(self, exchange_id: str, at: float) -> int: ...
    async def charge_exchange(self, exchange_id: str) -> int: ...
    async def shown_of(self, exchange_id: str) -> Sequence[Shown]: ...
    async def evidence_since(self, since: float) -> Sequence[Evidence]: ...


class Lessons(Protocol):
    async def correct(self, correction: Correction) -> None: ...
    async def uncorrect(self, exchange_id: str, kind: Task) -> int: ...


class Review:
    """Carries out what admins decide; the log first, then the tally in memory.

    Args:
        lessons: Keeps labels to calibrate with; the audit log.
        clock: Unix seconds now.
    """

    def __init__(
        self,
        store: Store,
        tally: Tally,
        lessons: Lessons,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store, self._tally, self._lessons, self._clock = store, tally, lessons, clock

    async def right(self, step: Step, by: str) -> None:
        """The step was right. Where it was called wrong before, that is taken back whole."""
        await self._store.mark(step.id, Mark.RIGHT, by, self._clock())
        if step.mark is Mark.WRONG:
            for task in _TAUGHT:
                await self._lessons.uncorrect(step.exchange_id, task)
            await self._store.charge_exchange(step.exchange_id)
            self._tally.load(await self._store.evidence_since(self._tally.since))

    async def wrong(self, step: Step, by: str) -> int:
        """The step was wrong: its message counts no more; how many labels were learnt from it."""
        now = self._clock()
        await self._store.mark(step.id, Mark.WRONG, by, now)
        await self._store.forgive_exchange(step.exchange_id, now)
        self._tally.forgive_exchange(step.room_id, step.exchange_id)
        if step.mark is Mark.WRONG:
            return 0
        lessons = list(_lessons(await self._store.shown_of(step.exchange_id), by))
        for lesson in lessons:
            await self._lessons.correct(lesson)
        return len(lessons)

    async def forgive(self, room_id: str, person_id: str) -> int:
        """Nothing there is against somebody in a room counts any more; how much there was."""
        num = await self._store.forgive(room_id, person_id, self._clock())
        self._tally.forgive(room_id, person_id)
        return num


def _lessons(shown: Sequence[Shown], by: str) -> Iterator[Correction]:
    """Labels that contradict what was read; one that agrees with it would teach nothing."""
    for one in shown:
        if one.rule != HEAT or not one.text:
            continue
        if one.mood is Mood.ANGRY:
            yield Correction(one.text, Mood.NEUTRAL, Task.MOOD, by, one.exchange_id)
        if one.offence is not None and one.offence >= OFFENSIVE:
            yield Correction(one.text, "safe", Task.OFFENCE, by, one.exchange_id)
