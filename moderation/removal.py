"""Removing a member: the last step, taken only where everything still speaks for it."""

from __future__ import annotations

import asyncio
from typing import Protocol

import structlog

from handlers.conduct import Step, StepState

log = structlog.get_logger()

DONE = "好，已经请出群了。"
_SETTLED = "这一步之前已经处理过了。"
_NOT_ENFORCED = "这个群现在不是执行模式，我没有动。"
_SPARED = "TA 是管理员或者被豁免了，我没有动。"
_NOT_OURS = "群主不是我这个号（或者暂时查不到），我请不了人。"
_GONE = "TA 已经不在群里了。"
_FAILED = "没能请出去，微信那边没有答应，麻烦你手动处理。"


class Door(Protocol):
    async def owns(self, room_id: str) -> bool: ...
    async def is_member(self, room_id: str, person_id: str) -> bool: ...
    async def remove(self, room_id: str, person_id: str) -> None: ...


class Store(Protocol):
    async def step(self, step_id: int) -> Step | None: ...
    async def put(self, step_id: int, state: StepState) -> None: ...


class Rooms(Protocol):
    def mode(self, room_id: str) -> str: ...
    def is_admin(self, room_id: str, person_id: str) -> bool: ...
    def is_exempt(self, room_id: str, person_id: str) -> bool: ...


class Removal:
    """Asks anew, at the last moment, all that must be true: hours may lie between ask and yes.

    Args:
        door: The account; what it cannot learn is a no.
    """

    def __init__(self, door: Door, store: Store, rooms: Rooms) -> None:
        self._door, self._store, self._rooms = door, store, rooms
        self._one_at_a_time = asyncio.Lock()  # two admins may say yes in the same second

    async def carry_out(self, step: Step) -> str:
        """Remove whom a step is about, once; what came of it, in words for an admin."""
        async with self._one_at_a_time:
            now = await self._store.step(step.id)
            if now is None or now.state is not StepState.DUE:
                return _SETTLED
            said = await self._why_not(step) or await self._remove(step)
            state = StepState.DONE if said in (DONE, _GONE) else StepState.FAILED
            await self._store.put(step.id, state)
        return said

    async def refuse(self, step: Step) -> None:
        """An admin said no."""
        async with self._one_at_a_time:
            now = await self._store.step(step.id)
            if now is not None and now.state is StepState.DUE:
                await self._store.put(step.id, StepState.FAILED)

    async def _why_not(self, step: Step) -> str:
        room_id, person_id = step.room_id, step.person_id
        if self._rooms.mode(room_id) != "enforce":
            return _NOT_ENFORCED
        if self._rooms.is_admin(room_id, person_id) or self._rooms.is_exempt(room_id, person_id):
            return _SPARED
        if not await self._door.owns(room_id):
            return _NOT_OURS
        return "" if await self._door.is_member(room_id, person_id) else _GONE

    async def _remove(self, step: Step) -> str:
        try:
            await self._door.remove(step.room_id, step.person_id)
        except Exception as error:
            log.warning("moderation.not_removed", step=step.id, error=type(error).__name__)
            return _FAILED
        log.info("moderation.removed", step=step.id)
        return DONE
