"""Carries steps out: on disk first, then said; and what a crash left is said or given up."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol

import structlog

from handlers.alert import FRESH_S, Alert, AlertKind
from handlers.conduct import Shown, Step, StepState
from handlers.day import Said
from handlers.exchange import Action, Exchange, Gate, Outcome
from handlers.notice import notice
from moderation import telling
from moderation.lines import Lines, worded
from moderation.removal import Removal

log = structlog.get_logger()

#: How far back the messages go that admins are told of.
TOLD_S = 86_400.0

_HAS_LEFT = (Outcome.SENT, Outcome.UNCERTAIN)


class Store(Protocol):
    async def take(self, step: Step) -> int: ...
    async def put(self, step_id: int, state: StepState, notice_id: str = "") -> None: ...
    async def due(self) -> Sequence[Step]: ...
    async def shown(self, room_id: str, person_id: str, since: float) -> Sequence[Shown]: ...


class Past(Protocol):
    async def exchange(self, id_: str) -> Said | None: ...


class People(Protocol):
    async def names(self, room_id: str) -> Mapping[str, str]: ...


class Alerting(Protocol):
    async def tell(self, alert: Alert, to: Sequence[str]) -> None: ...


class Rooms(Protocol):
    def admins(self, room_id: str) -> Sequence[str]: ...


class Carrier:
    """Says, tells and removes what was decided; each step once.

    A step is on disk, together with the id of the line that will say it, before the line is said.
    So whether a line left before a crash is known by its own row, and it is never said twice.

    Args:
        say: Records and delivers an exchange that answers nobody; the pipeline's.
        alerts: Tells admins and takes their answers.
        removal: Removes without being asked; None: an admin is asked each time.
        asked_s: Seconds in which an admin may answer whether somebody is to be removed.
        clock: Unix seconds now.
    """

    def __init__(  # noqa: PLR0913 - a carrier knows every way out
        self,
        store: Store,
        past: Past,
        people: People,
        rooms: Rooms,
        alerts: Alerting,
        say: Callable[[Exchange], None],
        lines: Lines,
        *,
        removal: Removal | None = None,
        asked_s: float,
        clock: Callable[[], float] = time.time,
        chance: random.Random | None = None,
    ) -> None:
        self._store, self._past, self._people = store, past, people
        self._rooms, self._alerts = rooms, alerts
        self._say, self._lines, self._removal = say, lines, removal
        self._asked_s, self._clock = asked_s, clock
        self._chance = chance or random.Random()  # noqa: S311 - which line is said
        self._saying: dict[str, int] = {}
        self._ending: set[asyncio.Task[None]] = set()

    async def carry_out(self, step: Step) -> Step:
        """Keep a new step, and do what it takes; returns it with its id.

        Args:
            step: Without the name of whom it is about where somebody else wrote the message.

        Raises:
            AuditError: It could not be kept, so nothing was said.
        """
        if not step.person_name:
            names = await self._people.names(step.room_id)
            step = replace(step, person_name=names.get(step.person_id, ""))
        line = await self._line(step) if _is_said(step) else None
        step = replace(step, notice_id=line.id if line else "")
        step = replace(step, id=await self._store.take(step))
        log.info("moderation.step", step=step.id, action=step.action, state=step.state)
        if step.state is StepState.DUE:
            await self._do(step, line)
        return step

    def ended(self, exchange: Exchange) -> None:
        """Told of each exchange when it has ended; the pipeline's ``done``."""
        step_id = self._saying.pop(exchange.id, None)
        # What a stop kept from leaving is still due at the next start.
        if step_id is None or exchange.gate is Gate.STOPPING:
            return
        has_left = exchange.outcome in _HAS_LEFT
        work = self._settle(step_id, StepState.DONE if has_left else StepState.FAILED)
        task = asyncio.create_task(work)
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def settled(self) -> None:
        """Returns once what has ended so far is on disk."""
        await asyncio.gather(*self._ending)

    async def resume(self) -> None:
        """Carry out what a crash left undone, if it is fresh; what is too old has failed.

        For when the account is online: before that nothing can leave. Again does no harm.
        """
        for step in await self._store.due():
            if step.notice_id in self._saying:
                continue
            age_s = self._clock() - step.at
            if await self._has_left(step.notice_id):
                await self._store.put(step.id, StepState.DONE)
            elif age_s <= FRESH_S:
                await self._again(step)
            elif step.action is not Action.REMOVE or age_s >= self._asked_s:
                await self._store.put(step.id, StepState.FAILED)

    async def _again(self, step: Step) -> None:
        line = await self._line(step) if _is_said(step) else None
        if line is not None:
            await self._store.put(step.id, StepState.DUE, line.id)
        log.info("moderation.resumed", step=step.id, action=step.action)
        await self._do(step, line)

    async def _do(self, step: Step, line: Exchange | None) -> None:
        if line is not None:
            self._saying[line.id] = step.id
            self._say(line)
        elif step.action is Action.ALERT:
            await self._tell(AlertKind.HEAT, step, telling.heat)
            await self._store.put(step.id, StepState.DONE)
        elif step.action is Action.REMOVE and self._removal is None:
            await self._tell(AlertKind.REMOVE, step, telling.removal)
        elif step.action is Action.REMOVE and self._removal is not None:
            result = await self._removal.carry_out(step)
            await self._tell(AlertKind.HEAT, step, partial(telling.removed, result))
        else:  # with pseudonyms no name is kept, and after a restart there is nobody to call
            await self._store.put(step.id, StepState.FAILED)

    async def _tell(
        self,
        kind: AlertKind,
        step: Step,
        text: Callable[[Step, Sequence[Shown], Mapping[str, str]], str],
    ) -> None:
        found: list[Shown] = []
        for person_id in filter(None, (step.person_id, step.other_id)):
            found += await self._store.shown(step.room_id, person_id, self._clock() - TOLD_S)
        shown = sorted(found, key=lambda one: one.at)
        told = text(step, shown, await self._people.names(step.room_id))
        alert = Alert(kind, told, step.room_id, step.person_id, step.exchange_id, step.id)
        await self._alerts.tell(alert, self._rooms.admins(step.room_id))

    async def _line(self, step: Step) -> Exchange | None:
        """What is said in the room, to whom; None where nobody there can be called by name."""
        people = [(step.person_id, step.person_name)]
        if step.other_id:
            names = await self._people.names(step.room_id)
            people.append((step.other_id, names.get(step.other_id, "")))
        called = tuple(person for person in people if person[1])
        if not called:
            return None
        is_calm = step.action is Action.CALM
        texts = self._lines.calm if is_calm else self._lines.warning(step.rule)
        names_called = [name for _, name in called]
        text = worded(texts, self._chance, names=names_called, room=step.room_name)
        return notice(step.room_id, step.room_name, text, step.action.value, called)

    async def _has_left(self, notice_id: str) -> bool:
        said = await self._past.exchange(notice_id) if notice_id else None
        return said is not None and said.has_left

    async def _settle(self, step_id: int, state: StepState) -> None:
        try:
            await self._store.put(step_id, state)
        except Exception:  # the row of the line tells the next start
            log.exception("moderation.not_settled", step=step_id)


def _is_said(step: Step) -> bool:
    return step.state is StepState.DUE and step.action in (Action.CALM, Action.WARN)
