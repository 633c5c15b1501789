from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.conduct import Mark, Step, StepState
from handlers.exchange import Action
from moderation.ladder import GRACE_S, Standing, climb, counting
from ruleset import Moderation
from tests.fakes import NOW

CONFIG = Moderation()
#: Long enough ago to have been read, not long enough for the same again.
READ_S = 60.0


def step(action: Action, ago_s: float = READ_S, **fields: object) -> Step:
    """A step about 甲, carried out so many seconds ago."""
    defaults: dict[str, object] = {
        "room_id": "room",
        "room_name": "群",
        "person_id": "jia",
        "person_name": "甲",
        "at": NOW - ago_s,
        "action": action,
        "rule": "heat",
        "detail": "",
        "points": 3.0,
        "mode": "enforce",
        "state": StepState.DONE,
        "exchange_id": "x",
    }
    return Step(**(defaults | fields))  # type: ignore[arg-type]


def taken(after: float, *steps: Step, before: float = 0.5, **fields: object) -> Action:
    """What is done about 甲, who has so many points now."""
    defaults: dict[str, object] = {"most": Action.REMOVE, "now": NOW, "steps": steps}
    return climb(Standing("jia", before, after, **(defaults | fields)), CONFIG)  # type: ignore[arg-type]


WARNED = step(Action.WARN)
ALERTED = step(Action.ALERT)


@pytest.mark.parametrize(
    ("after", "steps", "expected"),
    [
        (0.9, [], Action.NONE),
        (1.0, [], Action.NOTE),
        (2.94, [], Action.NOTE),
        (2.96, [], Action.WARN),
        (3.0, [], Action.WARN),
        (5.0, [WARNED], Action.ALERT),
        (8.0, [WARNED, ALERTED], Action.REMOVE),
    ],
)
def test_each_step_has_its_points(after: float, steps: list[Step], expected: Action) -> None:
    """Note, warn, tell the admins, remove: as the settings have it."""
    assert expected == taken(after, *steps)


def test_a_first_message_leads_no_further_than_a_warning() -> None:
    """However many points it has."""
    assert Action.WARN == taken(99.0, before=0.0)


def test_a_message_without_points_leads_to_nothing() -> None:
    """Whatever its writer has from before."""
    assert Action.NONE == taken(4.0, before=4.0)


@pytest.mark.parametrize(
    ("after", "steps"),
    [
        (1.5, [step(Action.NOTE)]),
        (3.5, [WARNED]),
        (5.5, [WARNED, ALERTED]),
        (8.5, [WARNED, step(Action.REMOVE)]),
    ],
)
def test_no_step_is_taken_again_in_the_cool_down(after: float, steps: list[Step]) -> None:
    """Within half an hour the same is not done about the same person."""
    assert Action.NONE == taken(after, *steps)


def test_nobody_is_asked_about_twice_at_a_time() -> None:
    """A removal that an admin has yet to decide on stands, also after the cool-down."""
    asked = step(Action.REMOVE, 7200, state=StepState.DUE)
    declined = step(Action.REMOVE, 7200, state=StepState.FAILED)

    assert Action.NONE == taken(9.0, WARNED, asked)
    assert Action.REMOVE == taken(9.0, WARNED, declined)


def test_the_cool_down_ends() -> None:
    """A warning of half an hour ago does not stand for one now."""
    assert Action.WARN == taken(3.5, step(Action.WARN, 1800))


def test_a_step_about_another_stops_nothing() -> None:
    """Cool-downs are personal, but for the calming of the room."""
    assert Action.WARN == taken(3.0, step(Action.WARN, person_id="yi"))


def test_a_quarrel_is_calmed_first_and_once() -> None:
    """What both have together counts; whoever writes next in the cool-down is not calmed again."""
    first = taken(1.5, incident=3.0)
    of_others = step(Action.CALM, person_id="bing", other_id="ding")

    assert (Action.CALM, Action.NOTE) == (first, taken(1.5, of_others, incident=3.0))


def test_who_goes_on_after_calming_is_warned() -> None:
    """After it was read: what was typed at the same time defies nothing."""
    soon, later = step(Action.CALM, GRACE_S - 1, other_id="yi"), step(Action.CALM, other_id="yi")

    assert Action.NOTE == taken(4.0, soon, incident=6.0)
    assert Action.WARN == taken(4.0, later, incident=6.0)


def test_the_other_side_of_a_quarrel_was_calmed_too() -> None:
    """Their next step may be a warning, never another calming."""
    assert Action.WARN == taken(4.0, step(Action.CALM, person_id="yi", other_id="jia"))


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([], Action.WARN),
        ([step(Action.CALM)], Action.ALERT),
        ([step(Action.WARN, 5)], Action.ALERT),
        ([step(Action.WARN, 5, mark=Mark.WRONG)], Action.NONE),
        ([step(Action.WARN, 90_000)], Action.WARN),
    ],
)
def test_nobody_is_removed_without_a_warning_they_could_heed(
    steps: list[Step], expected: Action
) -> None:
    """Not one of seconds ago, of yesterday, or one that an admin called wrong."""
    assert expected == taken(20.0, *steps)


@pytest.mark.parametrize("most", [Action.WARN, Action.ALERT])
def test_no_step_goes_beyond_what_is_possible(most: Action) -> None:
    """In mode warn nobody is removed; without an admin nobody is told."""
    steps = [step(Action.WARN, 3600), step(Action.ALERT, 3600)]

    assert most == taken(20.0, *steps, most=most)


def test_what_would_have_been_stands_for_nothing_once_it_is_real() -> None:
    """Steps of shadow count in shadow alone, a line that did not leave never."""
    would = step(Action.WARN, state=StepState.WOULD)
    lost = step(Action.WARN, state=StepState.FAILED)
    declined = step(Action.REMOVE, state=StepState.FAILED)

    assert (would, declined) == counting([would, lost, declined], is_shadow=True)
    assert (declined,) == counting([would, lost, declined], is_shadow=False)


@dataclass
class Life:
    """One person's messages in a room, each with what was done."""

    at: float = NOW
    points: float = 0.0
    steps: list[Step] = field(default_factory=list)

    def says(self, points: float, wait_s: float) -> Action:
        self.at += wait_s
        before = self.points * 0.5 ** (wait_s / (CONFIG.half_life_min * 60))
        self.points = before + points
        standing = Standing(
            "jia", before, self.points, Action.REMOVE, self.at, tuple(self.steps[::-1])
        )
        action = climb(standing, CONFIG)
        if action is not Action.NONE:
            self.steps.append(step(action, NOW - self.at))
        return action


@given(st.lists(st.tuples(st.floats(0.1, 10), st.floats(0, 7200)), min_size=1, max_size=30))
def test_whatever_is_said_the_promises_hold(said: list[tuple[float, float]]) -> None:
    """At most one step a message, none twice in a cool-down, and each prepared by a milder one."""
    life = Life()
    for points, wait_s in said:
        life.says(points, wait_s)
    by_action = {action: [s.at for s in life.steps if s.action is action] for action in Action}
    heard = by_action[Action.WARN]

    assert len(life.steps) <= len(said)
    for times in by_action.values():
        assert all(
            later - earlier >= CONFIG.cool_down_min * 60 for earlier, later in pairwise(times)
        )
    assert all(any(at <= alert for at in heard) for alert in by_action[Action.ALERT])
    assert all(any(at + GRACE_S <= gone for at in heard) for gone in by_action[Action.REMOVE])
