"""The owner's questions in private, answered from what is on record; all else passes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from assistant import english
from assistant.answers import Answers
from assistant.questions import Question, Topic, question
from assistant.reminders import Reminders
from assistant.replies import Replies
from assistant.rooms import Rooms
from assistant.spans import span
from assistant.times import Zone
from assistant.urgent import Urgency, Urgent
from assistant.wish import wish
from handlers.day import Chat, Said, Spoken
from handlers.exchange import Exchange, Kind, Message, Reply, Source

_HELP = (
    "今天怎么样、谁不高兴、你怎么回小王的、为什么没回小王、同学群的心情：我照记录说",
    "明早九点提醒我开会：到点叫你；我有哪些提醒、取消提醒 2",
    "急事转给我：私聊里有急事马上告诉你",
)


class Day(Protocol):
    """What went on in the chats; times are unix seconds, ``until`` is not of it any more."""

    async def chats(self, since: float, until: float = ...) -> Sequence[Chat]: ...
    async def said(self, chat: str, since: float, limit: int) -> Sequence[Said]: ...
    async def spoken(self, room_id: str, since: float, until: float) -> Sequence[Spoken]: ...


class Assistant:
    """Answers the owner's questions, takes their reminders, and switches what they may switch.

    Facts come from the audit log and prepared words; the model phrases none of it. What is no
    question passes, and is answered as anybody's small talk.

    Args:
        owner: Id of the account's owner; empty: nobody is answered here.
        clock: Unix seconds now.
        zone: Whose days and hours are meant; by default the machine's.
    """

    def __init__(
        self,
        day: Day,
        reminders: Reminders,
        urgent: Urgent,
        urgency: Urgency,
        *,
        owner: str,
        clock: Callable[[], float] = time.time,
        zone: Zone | None = None,
    ) -> None:
        self._owner, self._clock, self._zone = owner, clock, zone or Zone()
        self._reminders, self._urgent = reminders, urgent
        self._answers = Answers(day, urgency.is_in, owner=owner, zone=self._zone)
        self._replies = Replies(day, owner=owner, zone=self._zone)
        self._rooms = Rooms(day, zone=self._zone)

    async def warm(self) -> None:
        """Load what the first question in English would wait for; to be run beside the start."""
        await asyncio.to_thread(english.warm)

    def help(self, message: Message) -> Sequence[str]:
        """What /help names to the owner."""
        return _HELP if message.is_private and self._is_owners(message) else ()

    async def stage(self, exchange: Exchange) -> Exchange:
        """Ends the owner's questions with an answer; everything else leaves it as it came."""
        message = exchange.message
        if not (message.is_private and self._is_owners(message)) or message.kind is not Kind.TEXT:
            return exchange
        now = self._clock()
        if wished := wish(exchange.cleaned, now, self._zone):
            text = await self._reminders.take(self._owner, wished)
            return exchange.answered(Reply(text, Source.COMMAND, name="remind"))
        asked = question(exchange.cleaned)
        if asked is None:
            return exchange
        text = await self._answer(asked, now)
        if not text:
            return exchange
        return exchange.answered(Reply(text, Source.COMMAND, name=asked.topic))

    def _is_owners(self, message: Message) -> bool:
        return bool(self._owner) and message.talker_id == self._owner

    async def _answer(self, asked: Question, now: float) -> str:
        """Empty where it turns out to be none."""
        days = span(asked.period, now, self._zone)
        answers: dict[Topic, Callable[[], Awaitable[str]]] = {
            Topic.DAY: lambda: self._answers.day(asked, days, now),
            Topic.UPSET: lambda: self._answers.upset(asked, days, now),
            Topic.URGENT: lambda: self._answers.urgent(days, now),
            Topic.FORWARD: lambda: self._urgent.switch(on=asked.is_on),
            Topic.REMINDERS: lambda: self._reminders.list(self._owner),
            Topic.CANCEL: lambda: self._reminders.cancel(self._owner, asked.number),
            Topic.SAID: lambda: self._replies.said(asked, now),
            Topic.WHY: lambda: self._replies.why(asked, now),
            Topic.HEARD: lambda: self._replies.heard(asked, now),
            Topic.ROOM: lambda: self._rooms.mood(asked, now),
        }
        return await answers[asked.topic]()
