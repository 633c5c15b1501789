"""申诉: a member who was warned asks for a second look, and people decide."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from handlers.alert import Alert, AlertKind
from handlers.conduct import Mark, Shown, Step, StepState
from handlers.exchange import Action, Exchange, Message, Reply, Source
from moderation import telling
from moderation.ladder import DAY_S
from moderation.lines import Lines, Texts, worded

WORD = "申诉"
_APPEALABLE = (Action.CALM, Action.WARN)
_SAID = (StepState.DONE, StepState.DUE)


class Store(Protocol):
    async def steps(
        self, since: float, *, room_id: str = "", person_id: str = ""
    ) -> Sequence[Step]: ...
    async def shown(
        self, room_id: str, person_id: str, since: float, *, with_forgiven: bool = False
    ) -> Sequence[Shown]: ...


class Raisings(Protocol):
    async def is_raised(self, kind: AlertKind, step_id: int) -> bool: ...


class People(Protocol):
    async def names(self, room_id: str) -> Mapping[str, str]: ...


class Alerting(Protocol):
    async def tell(self, alert: Alert, to: Sequence[str]) -> None: ...


class Rooms(Protocol):
    def admins(self, room_id: str) -> Sequence[str]: ...


class Appeals:
    """A stage that answers 申诉 of somebody warned within the last day, and tells the admins.

    Once a warning; of anybody else, or where nobody could decide, it is a word like any other.

    Args:
        raisings: Knows what was told before, across restarts.
        clock: Unix seconds now.
    """

    def __init__(
        self,
        store: Store,
        raisings: Raisings,
        people: People,
        rooms: Rooms,
        alerts: Alerting,
        lines: Lines,
        *,
        clock: Callable[[], float] = time.time,
        chance: random.Random | None = None,
    ) -> None:
        self._store, self._raisings, self._people = store, raisings, people
        self._rooms, self._alerts, self._lines = rooms, alerts, lines
        self._clock = clock
        self._chance = chance or random.Random()  # noqa: S311 - which line is said

    async def stage(self, exchange: Exchange) -> Exchange:
        message = exchange.message
        if message.is_self or not exchange.cleaned.startswith(WORD):
            return exchange
        step = await self._last_said(message)
        if step is None or not self._rooms.admins(step.room_id):
            return exchange
        texts, name = await self._decided(exchange, step)
        line = worded(texts, self._chance, names=[message.talker_name], room=step.room_name)
        return exchange.answered(Reply(line, Source.COMMAND, name=name))

    async def _last_said(self, message: Message) -> Step | None:
        room_id = "" if message.is_private else message.chat_id
        since, person_id = self._clock() - DAY_S, message.talker_id
        steps = await self._store.steps(since, room_id=room_id, person_id=person_id)
        said = (step for step in steps if step.action in _APPEALABLE and step.state in _SAID)
        return max(said, key=lambda step: step.id, default=None)

    async def _decided(self, exchange: Exchange, step: Step) -> tuple[Texts, str]:
        """The lines to answer with, and their name; a first appeal is told to the admins."""
        lines = self._lines
        if step.mark is Mark.WRONG:
            return lines.overturned, "overturned"
        if step.mark is Mark.RIGHT:
            return lines.upheld, "upheld"
        if await self._raisings.is_raised(AlertKind.APPEAL, step.id):
            return lines.appealed_again, "appealed-again"
        await self._tell(exchange, step)
        return lines.appealed, "appealed"

    async def _tell(self, exchange: Exchange, step: Step) -> None:
        message = exchange.message
        room_id, person_id = step.room_id, message.talker_id
        shown = await self._store.shown(room_id, person_id, step.at - DAY_S, with_forgiven=True)
        names = await self._people.names(room_id)
        text = telling.appeal(step, message.talker_name, exchange.cleaned, shown, names)
        alert = Alert(AlertKind.APPEAL, text, room_id, person_id, exchange.id, step.id)
        await self._alerts.tell(alert, self._rooms.admins(room_id))
