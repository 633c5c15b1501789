"""From what a rule found in a message to a step about its writer."""

from __future__ import annotations

import inspect
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from handlers.conduct import Evidence, Step, StepState
from handlers.exchange import Action, Exchange, Message
from handlers.passage import Stage
from moderation.ladder import DAY_S, Standing, climb, counting
from moderation.quarrel import Quarrel, quarrel
from moderation.tally import HEAT, Tally
from ruleset import Moderation

#: Who was attacked may be sharp with who began it, at this much of the points.
ANSWER = 0.5


class Store(Protocol):
    async def add(self, *found: Evidence) -> None: ...
    async def evidence_since(self, since: float) -> Sequence[Evidence]: ...
    async def steps(self, since: float, *, room_id: str = "") -> Sequence[Step]: ...


class Past(Protocol):
    async def interrupted(self, since: float) -> Sequence[Exchange]: ...


class Rooms(Protocol):
    def mode(self, room_id: str) -> str: ...
    def admins(self, room_id: str) -> Sequence[str]: ...
    def is_admin(self, room_id: str, person_id: str) -> bool: ...
    def is_exempt(self, room_id: str, person_id: str) -> bool: ...
    def is_quiet(self, room_id: str) -> bool: ...


class Carrier(Protocol):
    async def carry_out(self, step: Step) -> Step: ...


@dataclass(frozen=True, slots=True)
class Counted:
    """A message that counts: what it added to which points, and the quarrel it is part of.

    Attributes:
        before: Points of its writer without it.
        is_mild: It alone would not be noted.
    """

    evidence: Evidence
    before: float
    quarrel: Quarrel | None
    is_mild: bool


class Moderator:
    """Keeps evidence of what rules found, and takes the step that follows.

    The evidence is on disk before it counts, the step before anything is said. Messages of one
    room come one after another (the pipeline sees to it), so no two take the same step.

    Args:
        record: Puts what is known of a message on disk; admins are told from there.
        owns: Whether the account owns a room; asked only when somebody is to be removed.
        clock: Unix seconds now.
    """

    def __init__(  # noqa: PLR0913 - each is one narrow thing it needs
        self,
        store: Store,
        past: Past,
        tally: Tally,
        rooms: Rooms,
        carrier: Carrier,
        config: Moderation,
        *,
        record: Callable[[Exchange], Awaitable[None]],
        owns: Callable[[str], Awaitable[bool]],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store, self._past, self._tally = store, past, tally
        self._rooms, self._carrier, self._config = rooms, carrier, config
        self._record, self._owns, self._clock = record, owns, clock

    async def restore(self) -> None:
        """Have the tally know all that counts; to be awaited before the first message."""
        self._tally.load(await self._store.evidence_since(self._tally.since))

    async def resume(self, stages: Sequence[Stage]) -> None:
        """Count what a crash cut off before its mood was read; no step follows from it by itself.

        Args:
            stages: What a message is read and judged by: sanitize, mood, judge.
        """
        since = self._clock() - self._config.half_life_min * 60
        for interrupted in await self._past.interrupted(since):
            message = interrupted.message
            exchange = await _through(stages, Exchange(message, interrupted.id))
            await self._count(exchange, message.sent_at)

    async def stage(self, exchange: Exchange) -> Exchange:
        """Goes after the stage that judges; the exchange itself stays as it is."""
        if counted := await self._count(exchange, self._clock()):
            await self._record(exchange)
            await self._act(exchange, counted)
        return exchange

    async def _count(self, exchange: Exchange, at: float) -> Counted | None:
        message, verdict = exchange.message, exchange.verdict
        if verdict is None or verdict.points <= 0 or self._is_spared(message):
            return None
        room_id, person_id = message.chat_id, message.talker_id
        evidence = Evidence(
            exchange.id, room_id, person_id, verdict.target_id, at, verdict.rule, verdict.points
        )
        found = quarrel(evidence, self._tally.evidence(room_id))
        if found is not None and found.is_answer:
            evidence = replace(evidence, points=verdict.points * ANSWER)
        before = self._tally.points(room_id, person_id)
        await self._store.add(evidence)
        self._tally.add(evidence)
        # What other rules find is a fact, however few points it has.
        is_mild = verdict.rule == HEAT and verdict.points < self._config.note_at
        return Counted(evidence, before, found, is_mild)

    def _is_spared(self, message: Message) -> bool:
        """Asked again here: an order may have come since the message was judged."""
        room_id, person_id = message.chat_id, message.talker_id
        return (
            message.is_private
            or message.is_self
            or self._rooms.mode(room_id) == "off"
            or self._rooms.is_admin(room_id, person_id)
            or self._rooms.is_exempt(room_id, person_id)
        )

    async def _act(self, exchange: Exchange, counted: Counted) -> None:
        message = exchange.message
        standing = await self._standing(message, counted)
        action = climb(standing, self._config)
        if action is Action.REMOVE and not await self._owns(message.chat_id):
            action = climb(replace(standing, most=Action.ALERT), self._config)
        if action is not Action.NONE:
            await self._carrier.carry_out(self._step(exchange, counted, standing, action))

    async def _standing(self, message: Message, counted: Counted) -> Standing:
        room_id, person_id, now = message.chat_id, message.talker_id, self._clock()
        found, incident = counted.quarrel, None
        if found is not None and found.is_mutual:
            sides = (found.starter_id, found.other_id)
            incident = sum(self._tally.points(room_id, side) for side in sides)
        since = now - max(DAY_S, self._config.cool_down_min * 60)
        steps = await self._store.steps(since, room_id=room_id)
        return Standing(
            person_id,
            before=counted.before,
            after=self._tally.points(room_id, person_id),
            most=self._most(room_id),
            now=now,
            steps=counting(steps, is_shadow=self._is_muted(room_id)),
            incident=incident,
            is_mild=counted.is_mild,
        )

    def _most(self, room_id: str) -> Action:
        if not self._rooms.admins(room_id):
            return Action.WARN
        # Shadow tells what would be done where everything is allowed.
        return Action.ALERT if self._rooms.mode(room_id) == "warn" else Action.REMOVE

    def _is_muted(self, room_id: str) -> bool:
        """Whether nothing is said in a room, so that what would have been said counts as said."""
        return self._rooms.mode(room_id) == "shadow" or self._rooms.is_quiet(room_id)

    def _step(
        self, exchange: Exchange, counted: Counted, standing: Standing, action: Action
    ) -> Step:
        message, verdict = exchange.message, exchange.verdict
        about, other_id, points = message.talker_id, "", standing.after
        found = counted.quarrel
        if action is Action.CALM and found is not None:
            about, other_id = found.starter_id, found.other_id
            points = standing.incident or points
        elif action is Action.ALERT and found is not None and found.is_mutual:
            # Admins are shown both sides of a quarrel, whoever has the points.
            other_id = found.other_id if about == found.starter_id else found.starter_id
        return Step(
            room_id=message.chat_id,
            room_name=message.room_name or "",
            person_id=about,
            person_name=message.talker_name if about == message.talker_id else "",
            at=standing.now,
            action=action,
            rule=counted.evidence.rule,
            detail=_detail(verdict.detail if verdict else "", counted),
            points=points,
            mode=self._rooms.mode(message.chat_id),
            state=self._state(message.chat_id, action),
            exchange_id=exchange.id,
            other_id=other_id,
        )

    def _state(self, room_id: str, action: Action) -> StepState:
        is_said = action in (Action.CALM, Action.WARN)
        if self._rooms.mode(room_id) == "shadow" or (is_said and self._is_muted(room_id)):
            return StepState.WOULD
        return StepState.DONE if action is Action.NOTE else StepState.DUE


def _detail(found: str, counted: Counted) -> str:
    is_answer = counted.quarrel is not None and counted.quarrel.is_answer
    halved = ", halved for an answer" if is_answer else ""
    return f"{found}; {counted.evidence.points:.1f}{halved}, on {counted.before:.1f} points"


async def _through(stages: Sequence[Stage], exchange: Exchange) -> Exchange:
    """The exchange after these stages, or after the first that ends its way."""
    for stage in stages:
        result = stage(exchange)
        exchange = await result if inspect.isawaitable(result) else result
        if exchange.gate is not None:
            break
    return exchange
