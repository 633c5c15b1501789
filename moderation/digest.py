"""The day of a group, summed up: lines and a picture."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from handlers.conduct import Step
from handlers.day import Chat, Spoken
from moderation.chart import draw
from moderation.course import peaks, slots
from moderation.summary import Day, summary

DAY_S = 86_400.0
#: A group where fewer messages were written has no day to tell of.
LEAST_MESSAGES = 10
#: Steps that a summary tells of; no group has more in a day that anybody would read.
MOST_STEPS = 200
#: How to read the picture, which has figures alone.
LEGEND = "图：往上是开心，往下是不开心，灰的是消息数。"
#: What the ids of a log with ``audit.pseudonyms`` begin with.
_CODE = "code:"


class Days(Protocol):
    async def spoken(self, room_id: str, since: float, until: float) -> Sequence[Spoken]: ...
    async def chats(self, since: float) -> Sequence[Chat]: ...


class Conduct(Protocol):
    async def steps(self, since: float, *, room_id: str, limit: int) -> Sequence[Step]: ...


@dataclass(frozen=True, slots=True)
class Digested:
    """A day, ready to be sent.

    Attributes:
        picture: PNG; empty where there was too little to draw.
    """

    text: str
    picture: bytes = b""


class Digest:
    """Sums up days from what the audit log has of them. Each method raises AuditError where that
    cannot be read.

    Args:
        clock: Unix seconds now.
    """

    def __init__(
        self, days: Days, conduct: Conduct, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._days, self._conduct, self._clock = days, conduct, clock

    async def of(self, room_id: str, *, is_public: bool = False) -> Digested:
        """The last 24 hours of a group, for who asks.

        Args:
            is_public: Whether the group reads it.
        """
        now = self._clock()
        name = (await self.rooms(now - DAY_S)).get(room_id, "")
        digested = await self.between(room_id, name, now - DAY_S, now, is_public=is_public)
        return digested or Digested(f"这一天消息太少（不到 {LEAST_MESSAGES} 条），没什么可总结的。")

    async def between(
        self, room_id: str, name: str, since: float, until: float, *, is_public: bool
    ) -> Digested | None:
        """A group between two moments, unix seconds; None where there is too little to tell."""
        spoken = await self._days.spoken(room_id, since, until)
        if len(spoken) < LEAST_MESSAGES:
            return None
        steps = await self._conduct.steps(since, room_id=room_id, limit=MOST_STEPS)
        within = tuple(step for step in steps if step.at < until)
        course = slots(spoken, since, until)
        day = Day(name, course, within, is_public)
        picture = await asyncio.to_thread(draw, course, peaks(course))
        return Digested(f"{summary(day)}\n{LEGEND}", picture)

    async def rooms(self, since: float) -> Mapping[str, str]:
        """Id and name of each group where anybody wrote since then.

        None with ``audit.pseudonyms``: the log has codes for their ids, and no names.
        """
        chats = await self._days.chats(since)
        return {
            chat.id: chat.room_name
            for chat in chats
            if chat.room_name is not None and not chat.id.startswith(_CODE)
        }
