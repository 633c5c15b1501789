"""The model as the handlers ask it: behind a breaker for each question, and with no surprises."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

import structlog

import settings
from engine.bank import Guess, Near
from engine.errors import EngineError
from engine.mood import Mood, Reading
from engine.persona import Persona
from engine.talk import Aptness, Asked, Draft, Likelihood
from handlers import chooser, mood
from handlers.breaker import Breaker, State

log = structlog.get_logger()
T = TypeVar("T")

QUESTIONS = ("mood", "nearest", "occasions", "drafts", "weigh", "judge")


class ModelFailed(EngineError):
    """The model broke on a question in a way the engine knows no name for."""


class Mind(mood.Mind, chooser.Mind, Protocol):
    """All that the handlers ask."""


class SteadyMind:
    """A mind that is left alone for a while where it keeps failing.

    A breaker for each question: on a slow machine moods are read in time while every draft is
    late, so that counted together no failures would ever stand in a row. A bot whose drafts rest
    still answers what an example answers.

    Args:
        config: ``max_failures`` and ``rest_s``.
        changed: Told True when the first question fails too often, and False when all are
            answered again.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        mind: Mind,
        config: settings.Engine,
        *,
        changed: Callable[[bool], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._mind, self._changed = mind, changed
        self._breakers = {
            question: Breaker(max_failures=config.max_failures, rest_s=config.rest_s, clock=clock)
            for question in QUESTIONS
        }
        self._was_failing = False

    @property
    def state(self) -> State:
        """The worst of all questions; ``TRYING`` lasts until the next message needs its answer."""
        states = {breaker.state for breaker in self._breakers.values()}
        return next(state for state in (State.OPEN, State.TRYING, State.CLOSED) if state in states)

    async def read_mood(self, text: str) -> Reading:
        return await self._ask("mood", lambda: self._mind.read_mood(text))

    async def nearest(
        self, persona: Persona, text: str, mood: Mood, *, chat: str, num: int
    ) -> Sequence[Near]:
        return await self._ask(
            "nearest", lambda: self._mind.nearest(persona, text, mood, chat=chat, num=num)
        )

    async def occasions(self, persona: Persona, text: str) -> Sequence[Guess]:
        return await self._ask("occasions", lambda: self._mind.occasions(persona, text))

    async def drafts(self, asked: Asked, num: int) -> Sequence[Draft]:
        return await self._ask("drafts", lambda: self._mind.drafts(asked, num))

    async def weigh(self, asked: Asked, replies: Sequence[str]) -> Sequence[Likelihood]:
        return await self._ask("weigh", lambda: self._mind.weigh(asked, replies))

    async def judge(self, text: str, replies: Sequence[str]) -> Sequence[Aptness]:
        return await self._ask("judge", lambda: self._mind.judge(text, replies))

    async def _ask(self, question: str, ask: Callable[[], Awaitable[T]]) -> T:
        """What the mind answers, or an ``EngineError``."""
        try:
            return await self._breakers[question].call(lambda: _named(question, ask))
        finally:
            self._tell(question)

    def _tell(self, question: str) -> None:
        is_failing = self.state is not State.CLOSED
        if is_failing is not self._was_failing:
            self._was_failing = is_failing
            log.warning("model.rests" if is_failing else "model.works_again", question=question)
            self._changed(is_failing)


async def _named(question: str, ask: Callable[[], Awaitable[T]]) -> T:
    """Any fault as an ``EngineError``: out of memory, or a panic of a tokenizer written in Rust,
    which is no ``Exception`` and would end the worker of its chat.
    """
    try:
        return await ask()
    except (EngineError, asyncio.CancelledError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        log.exception("model.failed", question=question)
        raise ModelFailed(f"{question}: {type(error).__name__}: {error}") from error
