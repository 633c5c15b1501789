"""An admin's word on an appeal, and what the member hears of it."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Protocol

from handlers.alert import Raised, Word
from handlers.conduct import Step
from handlers.exchange import Exchange
from handlers.notice import notice
from moderation.lines import Lines, Texts, worded
from moderation.review import Review

_OVERTURNED = "好，撤销了，不再计分，以后会少犯。"
_UPHELD = "好，维持不变。"
_TOLD = "在群里也跟 TA 说了。"
_SETTLED = "这次申诉之前已经有结论了。"


class People(Protocol):
    async def names(self, room_id: str) -> Mapping[str, str]: ...


class Rooms(Protocol):
    def is_quiet(self, room_id: str) -> bool: ...


class Ruling:
    """Overturns a warning or lets it stand; said in the group, where the warning was heard.

    Args:
        say: Records and delivers an exchange that answers nobody; the pipeline's.
    """

    def __init__(
        self,
        review: Review,
        people: People,
        rooms: Rooms,
        say: Callable[[Exchange], None],
        lines: Lines,
        *,
        chance: random.Random | None = None,
    ) -> None:
        self._review, self._people, self._rooms = review, people, rooms
        self._say, self._lines = say, lines
        self._chance = chance or random.Random()  # noqa: S311 - which line is said

    async def give(self, raised: Raised, step: Step, word: Word, by: str) -> str:
        """Carry out what an admin said of an appeal; what to answer them.

        Overturned is the whole of it: all that there was against the member in that group is
        forgiven, and the message that led to the warning is learnt from.
        """
        if word is Word.HUSH:
            return ""
        if step.mark is not None:
            return _SETTLED
        if word is Word.NO:
            await self._review.right(step, by)
            return _UPHELD + await self._tell(raised, step, self._lines.upheld, "upheld")
        await self._review.wrong(step, by)
        await self._review.forgive(step.room_id, raised.alert.person_id)
        return _OVERTURNED + await self._tell(raised, step, self._lines.overturned, "overturned")

    async def _tell(self, raised: Raised, step: Step, texts: Texts, name: str) -> str:
        """Tell the member in the group; what the admin is told of that."""
        room_id, person_id = step.room_id, raised.alert.person_id
        called = (await self._people.names(room_id)).get(person_id, "")
        if not called or self._rooms.is_quiet(room_id):
            return ""
        text = worded(texts, self._chance, names=[called], room=step.room_name)
        self._say(notice(room_id, step.room_name, text, name, [(person_id, called)]))
        return _TOLD
