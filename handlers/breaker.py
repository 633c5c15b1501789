"""Leaves alone for a while what fails again and again, then tries it once.

Own code: purgatory and aiobreaker count by the wall clock, pybreaker awaits only Tornado's
coroutines, circuitbreaker lets every waiting call through as the trial, and none takes a clock.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import TypeVar

from engine.errors import EngineBusy, EngineClosed, EngineError, InputRefused, PromptRefused

T = TypeVar("T")

#: A message that cannot be read, a queue that is full, a stop: none says that the model is broken.
NO_FAULT = (PromptRefused, InputRefused, EngineBusy, EngineClosed)


class ModelResting(EngineError):
    """The model was not asked: it failed too often in a row and is left alone for now."""


class State(StrEnum):
    """``TRYING``: the rest is over, and the next call decides."""

    CLOSED = "closed"
    TRYING = "trying"
    OPEN = "open"


class Breaker:
    """Opens after ``max_failures`` failures in a row; after ``rest_s`` one call tries anew.

    A call that began before it opened or closed says nothing about what is now: of sixty that
    waited together, the last may fail long after the model was found to work again.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(
        self, *, max_failures: int, rest_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._max_failures, self._rest_s, self._clock = max_failures, rest_s, clock
        self._num_failures = 0
        self._opened_at: float | None = None
        self._is_being_tried = False
        self._period = 0

    @property
    def state(self) -> State:
        if self._opened_at is None:
            return State.CLOSED
        is_over = self._clock() - self._opened_at >= self._rest_s
        return State.TRYING if is_over else State.OPEN

    async def call(self, ask: Callable[[], Awaitable[T]]) -> T:
        """What ``ask`` gives or raises; an ``EngineError`` is a failure, unless ``NO_FAULT``.

        Raises:
            ModelResting: Nothing was asked.
        """
        state = self.state
        is_trial = state is State.TRYING
        if state is State.OPEN or (is_trial and self._is_being_tried):
            raise ModelResting(
                f"it failed {self._max_failures} times in a row (engine.max_failures) and is tried "
                f"again {self._rest_s:g} s later (engine.rest_s)"
            )
        period, self._is_being_tried = self._period, is_trial
        try:
            result = await ask()
        except NO_FAULT:
            raise
        except EngineError:
            self._note(period, is_failure=True)
            raise
        else:
            self._note(period, is_failure=False)
            return result
        finally:
            if is_trial:  # cancelled too: the next one tries
                self._is_being_tried = False

    def _note(self, period: int, *, is_failure: bool) -> None:
        if period != self._period:
            return
        self._num_failures = self._num_failures + 1 if is_failure else 0
        opens = self._num_failures >= self._max_failures
        if opens or self._opened_at is not None:
            self._opened_at = self._clock() if opens else None
            self._period += 1
