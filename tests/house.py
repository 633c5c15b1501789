"""The whole bot in this process, as ``service.serve`` wires it: all but its model is real.

Traps are proven here rather than stage by stage: what a fault does to a row, a reply and the next
message shows only where all of them are together.
"""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

import service
from engine.bank import Guess, Near, Pair
from engine.mood import Mood, Reading
from engine.persona import Persona
from engine.talk import Aptness, Asked, Draft, Likelihood
from handlers.audit.reader import Query, Record, select
from handlers.exchange import Exchange
from handlers.reply import Personas
from moderation.lines import Lines
from settings import Settings
from tests.fakes import reading
from wechat.channel import Channel
from wechat.puppet import InProcessPuppet

if TYPE_CHECKING:  # neither torch nor the seconds that importing it takes
    from engine.engine import Engine

PATIENCE_S = 30.0
#: Nothing waits and nothing is refused: how things leave is tested elsewhere.
AT_ONCE = {
    "delay_min_s": 0,
    "delay_max_s": 0,
    "delay_per_char_s": 0,
    "gap_s": 0,
    "per_minute_chat": 1_000_000,
    "per_minute": 1_000_000,
    "per_day": 1_000_000,
    "per_day_chat": 1_000_000,
    "warmup_days": 0,
    "loop_turns": 1_000_000,
    "max_waiting_chat": 1_000_000,
    "max_waiting": 1_000_000,
}


def config(folder: Path, **sections: dict[str, object]) -> Settings:
    """Settings with an audit log in ``folder``; nothing waits unless ``sections`` say so."""
    deliver = AT_ONCE | sections.pop("deliver", {})
    audit = {"folder": str(folder / "audit")} | sections.pop("audit", {})
    return Settings.model_validate({"deliver": deliver, "audit": audit} | sections)


@dataclass(frozen=True, slots=True)
class Facts:
    """Of a model that is none."""

    name: str = "scripted"
    fingerprint: str = "0"
    precision: str = "none"
    mood_reader: str = "a script"
    prompt_version: str = "0"


class ScriptedEngine:
    """Answers at once and keeps nothing, so that whatever grows is the program's own."""

    facts = Facts()
    num_waiting = 0

    async def warm(
        self,
        personas: Sequence[Persona],
        moods: Iterable[Mood],
    ) -> None:
        """There is nothing to warm."""

    async def learn(self, pairs: Sequence[Pair]) -> None:
        """Nor to learn."""

    async def read_mood(self, text: str) -> Reading:
        return reading()

    async def nearest(
        self, persona: Persona, text: str, mood: Mood, *, chat: str, num: int
    ) -> list[Near]:
        return []

    async def occasions(self, persona: Persona, text: str) -> list[Guess]:
        return []

    async def study(self, personas: Sequence[Persona]) -> None:
        """No bank, no occasions."""

    async def drafts(self, asked: Asked, num: int) -> list[Draft]:
        return [Draft("好呀，听你的。", num_tokens=5, is_finished=True)]

    async def weigh(self, asked: Asked, replies: Sequence[str]) -> list[Likelihood]:
        return [Likelihood(-3.0, -5.0) for _ in replies]

    async def judge(self, text: str, replies: Sequence[str]) -> list[Aptness]:
        return []


@dataclass
class Scene:
    """What a play may touch, and what came of it.

    Attributes:
        ended: Exchanges that ended, by message id.
    """

    puppet: InProcessPuppet
    ended: dict[str, Exchange] = field(default_factory=dict)
    _known: set[str] = field(default_factory=set)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def write(self, who: str, text: str = "你好", **message: object) -> str:
        """Somebody writes in private; the message's id."""
        if who not in self._known:
            self._known.add(who)
            self.puppet.add_contact(who, who)
        return self.puppet.receive(who, text, **message)  # type: ignore[arg-type]

    def note(self, exchange: Exchange) -> None:
        self.ended[exchange.message.id] = exchange
        self._changed.set()

    async def until_ended(self, *ids: str) -> None:
        """Wait until these messages have ended, however."""
        async with asyncio.timeout(PATIENCE_S):
            while not self.ended.keys() >= set(ids):
                self._changed.clear()
                await self._changed.wait()

    def forget(self) -> None:
        """Let go of what has ended and what was sent, so that only the bot can hold on to it."""
        self.ended.clear()
        while not self.puppet.outbox.empty():
            self.puppet.outbox.get_nowait()

    def sends(self) -> Counter[str]:
        """Texts that left so far, counted by chat."""
        box = self.puppet.outbox
        sent = [box.get_nowait() for _ in range(box.qsize())]
        for one in sent:
            box.put_nowait(one)
        return Counter(one.chat_id for one in sent)


async def live(
    settings: Settings,
    play: Callable[[Scene], Awaitable[None]],
    *,
    puppet: InProcessPuppet | None = None,
    burst_s: float = 0.0,
) -> Scene:
    """Run the bot for as long as ``play`` lasts, then stop it as at the end of a pipe."""
    scene = Scene(puppet or InProcessPuppet(name="一心"))
    channel = Channel(
        "console",
        scene.puppet,
        settings.deliver,
        burst_s,
        lambda: _played(play, scene),
        scene.note,
        is_governed=False,
    )
    engine = cast("Engine", ScriptedEngine())
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        await service.serve(settings, channel, engine, Personas.load(settings), Lines.load(), None)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return scene


async def _played(play: Callable[[Scene], Awaitable[None]], scene: Scene) -> None:
    await play(scene)


def records(settings: Settings) -> dict[str, Record]:
    """Rows of the log by message id, which is in each of them once."""
    rows = list(select(settings.audit, Query()))
    found = {row.message_id: row for row in rows}
    assert len(found) == len(rows)
    return found
