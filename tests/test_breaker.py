"""The breaker: when it opens, whom it lets through, and when it closes."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import EngineBusy, EngineError, EngineTimeout, PromptRefused
from handlers.breaker import Breaker, ModelResting, State
from tests.fakes import Clock

REST_S = 60.0


def breaker(clock: Clock, max_failures: int = 3) -> Breaker:
    return Breaker(max_failures=max_failures, rest_s=REST_S, clock=clock)


async def ask(one: Breaker, error: EngineError | None = None) -> str:
    """What became of one call: its answer, or the name of its error."""

    async def call() -> str:
        if error is not None:
            raise error
        return "好"

    try:
        return await one.call(call)
    except EngineError as raised:
        return type(raised).__name__


async def opened(clock: Clock) -> Breaker:
    one = breaker(clock)
    for _ in range(3):
        await ask(one, EngineTimeout())
    return one


async def test_failures_in_a_row_open_it() -> None:
    """Two failures do not, the third does; from then on nobody is asked."""
    one, states = breaker(Clock()), []
    for _ in range(3):
        await ask(one, EngineTimeout())
        states.append(one.state)

    assert [State.CLOSED, State.CLOSED, State.OPEN] == states
    assert "ModelResting" == await ask(one)


async def test_a_success_between_failures_counts() -> None:
    """Two failures, a success and two failures are not four in a row."""
    one = breaker(Clock())
    for error in (EngineTimeout(), EngineTimeout(), None, EngineTimeout(), EngineTimeout()):
        await ask(one, error)

    assert State.CLOSED is one.state


@pytest.mark.parametrize("error", [PromptRefused("long"), EngineBusy("64")])
async def test_what_is_no_fault_of_the_model_does_not_count(error: EngineError) -> None:
    """A message that cannot be read and a full queue neither open it nor excuse a failure."""
    one, states = breaker(Clock()), []
    for each in (EngineTimeout(), error, error, error, EngineTimeout(), EngineTimeout()):
        await ask(one, each)
        states.append(one.state)

    assert [State.CLOSED] * 5 + [State.OPEN] == states


async def test_after_the_rest_one_call_tries() -> None:
    """Of two calls after the rest the first goes through and the second waits for its verdict."""
    clock = Clock()
    one = await opened(clock)
    clock.pass_by(REST_S)
    gate = asyncio.Event()

    async def slow() -> str:
        await gate.wait()
        return "好"

    trial = asyncio.create_task(one.call(slow))
    await asyncio.sleep(0)
    assert (State.TRYING, "ModelResting") == (one.state, await ask(one))

    gate.set()
    assert "好" == await trial
    assert (State.CLOSED, "好") == (one.state, await ask(one))


async def test_a_failed_trial_is_another_rest() -> None:
    """One failure after the rest is enough, and the rest begins anew."""
    clock = Clock()
    one = await opened(clock)
    clock.pass_by(REST_S)

    assert "EngineTimeout" == await ask(one, EngineTimeout())
    clock.pass_by(REST_S - 1)
    assert State.OPEN is one.state
    clock.pass_by(1)
    assert "好" == await ask(one)


async def test_a_cancelled_trial_leaves_room_for_the_next() -> None:
    """Whoever gives up while trying, or is refused without fault, does not block it for ever."""
    clock = Clock()
    one = await opened(clock)
    clock.pass_by(REST_S)

    async def hang() -> None:
        await asyncio.Event().wait()

    trial = asyncio.create_task(one.call(hang))
    await asyncio.sleep(0)
    trial.cancel()
    await asyncio.gather(trial, return_exceptions=True)

    assert "EngineBusy" == await ask(one, EngineBusy())
    assert "好" == await ask(one)


async def test_late_failures_of_calls_from_before_are_not_counted() -> None:
    """Sixty calls that time out together after it opened and closed again do not open it anew."""
    clock, gate = Clock(), asyncio.Event()
    one = breaker(clock)

    async def late() -> None:
        await gate.wait()
        raise EngineTimeout

    calls = [asyncio.create_task(one.call(late)) for _ in range(60)]
    await asyncio.sleep(0)
    for _ in range(3):
        await ask(one, EngineTimeout())
    clock.pass_by(REST_S)
    await ask(one)
    gate.set()
    await asyncio.gather(*calls, return_exceptions=True)

    assert State.CLOSED is one.state


@given(st.lists(st.one_of(st.booleans(), st.floats(0, 2 * REST_S)), max_size=60))
async def test_it_never_asks_while_it_rests(steps: list[bool | float]) -> None:
    """Any run of successes, failures and time: asked are all calls but those in a rest, a rest
    begins with the third failure in a row or a failed trial, and it always ends.
    """
    clock = Clock()
    one, in_a_row, rests_until = breaker(clock), 0, 0.0
    for step in steps:
        if isinstance(step, float):
            clock.pass_by(step)
            continue
        answer = await ask(one, None if step else EngineTimeout())
        is_resting = in_a_row >= 3 and clock() < rests_until
        assert is_resting is (answer == ModelResting.__name__)
        if not is_resting:
            in_a_row = 0 if step else in_a_row + 1
            rests_until = clock() + REST_S
