"""Reminders: asked for in plain words, said at their time, once, also after a restart."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from assistant.reminder_lines import asked_back, listed, reminding, taken
from assistant.times import Zone
from assistant.wish import Wish
from handlers.audit.errors import AuditError
from handlers.exchange import Exchange, Outcome
from handlers.notice import notice
from handlers.reminder import Reminder

log = structlog.get_logger()

#: The wall clock is looked at this often: while a laptop sleeps, no other clock goes on.
LOOK_S = 20.0
#: What did not leave (no line, no budget) is tried again after the first of these, then after
#: twice that, and so on to the second; that it is late, it says.
RETRY_S, RETRY_MAX_S = 300.0, 3600.0
#: Reminders that one person may have, and characters of one.
MAX_PENDING, MAX_CHARS = 50, 200
#: A name of its own for each notice, so that the log can tell whether that very one has left.
_NAME = "reminder-"


class Store(Protocol):
    async def add(self, person_id: str, text: str, due_at: float, at: float) -> int: ...
    async def pending(self) -> Sequence[Reminder]: ...
    async def said(self, id_: int, notice_id: str) -> None: ...
    async def cancel(self, id_: int, person_id: str) -> bool: ...
    async def listed(self, person_id: str) -> Sequence[Reminder]: ...


class Ledger(Protocol):
    async def said_since(self, chat_id: str, name: str, since: float) -> bool: ...


class Reminders:
    """Keeps them, and says each when it is due.

    None is said twice: that it is leaving is on disk before it leaves (trap 16), under its name;
    it is looked for there before it is said, and crossed off once it has left or may have. None is
    forgotten: until then it is pending, across crashes, sleep and hours without a line.

    Args:
        ledger: Knows what has left.
        say: Records and delivers a notice; the pipeline's.
        clock: Unix seconds now; a reminder is meant by the clock on the wall.
    """

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        say: Callable[[Exchange], None],
        *,
        clock: Callable[[], float] = time.time,
        zone: Zone | None = None,
    ) -> None:
        self._store, self._ledger, self._say = store, ledger, say
        self._clock, self._zone = clock, zone or Zone()
        self._leaving: set[int] = set()
        self._retry_at: dict[int, float] = {}
        self._tries: Counter[int] = Counter()
        self._ended: deque[tuple[int, str, bool]] = deque()
        self._changed = asyncio.Event()

    # -- what the owner asks -----------------------------------------------------------

    async def take(self, person_id: str, wish: Wish) -> str:
        """Keep a reminder, or ask back what is not clear; the line that tells."""
        now = self._clock()
        if wish.at is None or wish.doubt is not None:
            return asked_back(wish)
        if len(wish.matter) > MAX_CHARS:
            return f"有点长，我最多记 {MAX_CHARS} 个字，短一点好吗？"
        if len(await self._store.listed(person_id)) >= MAX_PENDING:
            return f"已经记了 {MAX_PENDING} 个提醒了，先取消几个吧。问「我有哪些提醒」能看到。"
        id_ = await self._store.add(person_id, wish.matter, wish.at, now)
        self._changed.set()
        return taken(Reminder(id_, person_id, wish.matter, now, wish.at), now, self._zone)

    async def list(self, person_id: str) -> str:
        return listed(await self._store.listed(person_id), self._clock(), self._zone)

    async def cancel(self, person_id: str, number: int | None) -> str:
        """Cancel the one of that number, or the only one."""
        mine = await self._store.listed(person_id)
        if number is None:
            if len(mine) != 1:
                return listed(mine, self._clock(), self._zone)
            number = mine[0].id
        matter = next((one.text for one in mine if one.id == number), "")
        if not await self._store.cancel(number, person_id):
            return f"没有 #{number} 这个提醒，可能已经提醒过了。"
        return f"好，#{number}{f'「{matter}」' if matter else ''}不提醒了。"

    # -- saying them -------------------------------------------------------------------

    async def run(self) -> None:
        """Say what is due, until cancelled; at once what became due while nobody was here."""
        while True:
            self._changed.clear()
            wait_s = LOOK_S
            try:
                await self._cross_off()
                wait_s = await self._say_due()
            except AuditError as error:  # a full disk: without a row nothing may leave
                log.error("reminders.failed", error=str(error))
            try:
                async with asyncio.timeout(wait_s):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def online(self) -> None:
        """The account is back: what could not leave is tried again now, not minutes later."""
        self._retry_at.clear()
        self._tries.clear()
        self._changed.set()

    def ended(self, exchange: Exchange) -> None:
        """Told of each exchange when it has ended; the pipeline's ``done``."""
        name = exchange.reply.name if exchange.reply else ""
        if name.startswith(_NAME) and not exchange.message.talker_id:
            has_left = exchange.outcome in (Outcome.SENT, Outcome.UNCERTAIN)
            self._ended.append((int(name.removeprefix(_NAME)), exchange.id, has_left))
            self._changed.set()

    async def _cross_off(self) -> None:
        while self._ended:
            id_, notice_id, has_left = self._ended[0]
            if has_left:
                await self._store.said(id_, notice_id)
            else:
                wait_s = min(RETRY_S * 2 ** self._tries[id_], RETRY_MAX_S)
                self._retry_at[id_] = self._clock() + wait_s
                self._tries[id_] += 1
            self._ended.popleft()
            self._leaving.discard(id_)

    async def _say_due(self) -> float:
        """Say what is due; seconds until it is worth looking again."""
        now = self._clock()
        for one in await self._store.pending():
            if one.due_at > now:
                return min(LOOK_S, one.due_at - now)
            if one.id not in self._leaving and self._retry_at.get(one.id, now) <= now:
                await self._say_one(one, now)
        return LOOK_S

    async def _say_one(self, one: Reminder, now: float) -> None:
        name = f"{_NAME}{one.id}"
        self._retry_at.pop(one.id, None)
        if await self._ledger.said_since(one.person_id, name, one.given_at):
            # It left, or may have, and then the program stopped before it was crossed off.
            await self._store.said(one.id, name)
            return
        self._leaving.add(one.id)
        log.info("reminder.due", reminder=one.id, late_s=round(now - one.due_at))
        self._say(notice(one.person_id, None, reminding(one, now, self._zone), name))
