"""Steps across crashes: what was decided is said once, or given up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from handlers.alert import Word
from handlers.conduct import StepState
from handlers.exchange import Action, Gate, Outcome
from tests.fakes import NOW, Clock
from tests.moderated import Account, House, house


async def states(one: House) -> list[StepState]:
    return [step.state for step in await one.steps()]


async def test_a_line_that_a_crash_kept_is_said_at_the_next_start(tmp_path: Path) -> None:
    """With a new id; then it is done like any other."""
    clock = Clock(NOW)
    async with house(tmp_path, clock) as one:
        await one.says("jia", to="yi", points=3.0)
        [lost] = one.said
    clock.pass_by(120)
    async with house(tmp_path, clock) as one:
        await one.carrier.resume()
        [line] = one.said
        await one.leaves()

        assert line.reply is not None
        assert ("warn", (("jia", "甲"),)) == (line.reply.name, line.reply.mentions)
        assert lost.id != line.id
        assert [StepState.DONE] == await states(one)


@pytest.mark.parametrize("outcome", [Outcome.SENDING, Outcome.SENT, Outcome.UNCERTAIN])
async def test_a_line_that_may_have_left_is_never_said_again(
    tmp_path: Path, outcome: Outcome
) -> None:
    """Its own row tells, although the crash came before the step was noted as done."""
    clock = Clock(NOW)
    async with house(tmp_path, clock) as one:
        await one.says("jia", to="yi", points=3.0)
        await one.audit.record(replace(one.said[0], outcome=outcome))
    async with house(tmp_path, clock) as one:
        await one.carrier.resume()

        assert ([], [StepState.DONE]) == (one.said, await states(one))


async def test_what_is_old_is_given_up(tmp_path: Path) -> None:
    """A warning for words of eleven minutes ago would puzzle everybody."""
    clock = Clock(NOW)
    async with house(tmp_path, clock) as one:
        await one.says("jia", to="yi", points=3.0)
    clock.pass_by(660)
    async with house(tmp_path, clock) as one:
        await one.carrier.resume()

        assert ([], [StepState.FAILED]) == (one.said, await states(one))


async def test_a_second_crash_says_it_once_all_the_same(tmp_path: Path) -> None:
    """The line said at the second start is the one the third start asks about."""
    clock = Clock(NOW)
    async with house(tmp_path, clock) as one:
        await one.says("jia", to="yi", points=3.0)
    async with house(tmp_path, clock) as one:
        await one.carrier.resume()
        await one.audit.record(replace(one.said[0], outcome=Outcome.SENT))
    async with house(tmp_path, clock) as one:
        await one.carrier.resume()

        assert ([], [StepState.DONE]) == (one.said, await states(one))


async def test_to_resume_again_says_nothing_again(tmp_path: Path) -> None:
    """The account may come online while a line still waits for its turn."""
    async with house(tmp_path) as one:
        await one.says("jia", to="yi", points=3.0)
        await one.carrier.resume()

        assert 1 == len(one.said)


async def test_both_sides_of_a_quarrel_are_called_again(tmp_path: Path) -> None:
    """The name of the other one comes from what they wrote."""
    clock = Clock(NOW)
    async with house(tmp_path, clock) as one:
        await one.says("jia", to="yi", points=2.0)
        await one.says("yi", to="jia", points=3.0)
    async with house(tmp_path, clock) as one:
        await one.carrier.resume()
        [line] = one.said

        assert line.reply is not None
        assert (("jia", "甲"), ("yi", "乙")) == line.reply.mentions


async def test_what_a_stop_held_back_is_still_due(tmp_path: Path) -> None:
    """A stop is no failure of the line: the next start says it."""
    async with house(tmp_path) as one:
        await one.says("jia", to="yi", points=3.0)
        one.carrier.ended(one.said[0].stopped(Gate.STOPPING))
        await one.carrier.settled()

        assert [StepState.DUE] == await states(one)


async def test_exchanges_of_others_are_nothing_to_it(tmp_path: Path) -> None:
    """It hears of every exchange that ends, and knows its own lines."""
    async with house(tmp_path) as one:
        ended = await one.says("jia", to="yi", points=3.0)
        one.carrier.ended(replace(ended, outcome=Outcome.SENT))
        await one.carrier.settled()

        assert [StepState.DUE] == await states(one)


async def test_a_yes_after_a_restart_removes(tmp_path: Path) -> None:
    """The question outlives the process that asked it, and its step stays due meanwhile."""
    clock, account = Clock(NOW), Account()
    async with house(tmp_path, clock, account) as one:
        for _ in range(5):
            await one.says("jia", to="yi", points=2.0, after_s=60)
        asked = one.alerts.raised[-1]
    clock.pass_by(3600)
    async with house(tmp_path, clock, account) as one:
        await one.carrier.resume()
        one.alerts.raised.append(asked)
        answer = await one.answers(Word.YES)
        last = (await one.steps())[-1]

        assert (["jia"], "好，已经请出群了。") == (account.removed, answer)
        assert (Action.REMOVE, StepState.DONE) == (last.action, last.state)


async def test_a_question_nobody_answered_ends(tmp_path: Path) -> None:
    """When its alert has expired, so has its step."""
    clock = Clock(NOW)
    async with house(tmp_path, clock) as one:
        for _ in range(5):
            await one.says("jia", to="yi", points=2.0, after_s=60)
    clock.pass_by(43_200)
    async with house(tmp_path, clock) as one:
        await one.carrier.resume()

        assert StepState.FAILED == (await states(one))[-1]


async def test_a_question_that_a_crash_kept_is_asked(tmp_path: Path) -> None:
    """A step that was kept and not told of yet is told of at the next start."""
    clock = Clock(NOW)
    async with house(tmp_path, clock) as one:
        for _ in range(4):
            await one.says("jia", to="yi", points=2.0, after_s=60)
        last = (await one.steps())[-1]
        due = replace(last, action=Action.REMOVE, state=StepState.DUE, id=0)
        await one.store.take(due)
    async with house(tmp_path, clock) as one:
        await one.carrier.resume()

        assert ["remove"] == one.told


async def test_with_nobody_to_call_nothing_is_said(tmp_path: Path) -> None:
    """Where names are not kept, as with pseudonyms, a warning at nobody would be at everybody."""
    async with house(tmp_path) as one:
        await one.says("jia", to="yi", points=3.0)
        [step] = await one.steps()
        done = await one.carrier.carry_out(replace(step, person_id="unseen", person_name="", id=0))
        kept = await one.store.step(done.id)

        assert kept is not None
        assert (1, StepState.FAILED) == (len(one.said), kept.state)
