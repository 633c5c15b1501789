"""Which step follows from somebody's points: pure, from figures alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from handlers.conduct import Mark, Step, StepState
from handlers.exchange import Action
from ruleset import Moderation

#: A step counts as an earlier one for a day.
DAY_S = 86_400.0
#: A line takes seconds to leave and to be read; what is said before that defies no warning.
GRACE_S = 20.0

_ORDER = (Action.NONE, Action.NOTE, Action.CALM, Action.WARN, Action.ALERT, Action.REMOVE)
_HEARD = (Action.CALM, Action.WARN)
_BEFORE_REMOVAL = (Action.WARN, Action.ALERT)


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known when a step about somebody is weighed.

    Attributes:
        before: Their points without the latest message, ``after``: with it.
        most: The last step that is possible here: how far the mode goes, whether there is an
            admin to tell, whether the room is the bot's.
        now: Unix seconds.
        steps: Earlier ones in the room, about anybody.
        incident: Points of both sides, where the message is part of a quarrel; None where not.
        is_mild: The latest message alone would not even be noted.
    """

    person_id: str
    before: float
    after: float
    most: Action
    now: float
    steps: tuple[Step, ...] = ()
    incident: float | None = None
    is_mild: bool = False


def climb(standing: Standing, config: Moderation) -> Action:
    """The step to take now; NONE where there is none, or it was taken not long ago.

    Nobody is spoken to for a word that was not worth a note: friends who tease each other all
    evening say many of those. The first step in a quarrel is to calm, once for the whole room in
    a cool-down. Nobody is told of to the admins before they were spoken to, so that a first
    message never leads further than to a warning; nobody is removed before a warning or an alert
    that they had time to heed.
    """
    if standing.after <= standing.before:
        return Action.NONE
    if standing.is_mild:
        standing = replace(standing, most=Action.NOTE, incident=None)
    is_fight = standing.incident is not None and _reaches(standing.incident, config.warn_at)
    if is_fight and not _was_taken(Action.CALM, standing.steps, standing.now, config):
        return Action.CALM
    person_id = standing.person_id
    about = [step for step in standing.steps if person_id in (step.person_id, step.other_id)]
    action = _least(_earned(standing.after, config), standing.most)
    action = _prepared(action, about, standing.now)
    if action is Action.REMOVE and any(map(_is_asked, about)):
        return Action.NONE
    return Action.NONE if _was_taken(action, about, standing.now, config) else action


def counting(steps: Iterable[Step], *, is_shadow: bool) -> tuple[Step, ...]:
    """Those that count as taken: in shadow what would have been, else what was or is about to be.

    A warning that only would have been said must not stand for a real one after the mode changed,
    nor one that did not leave. A removal that failed counts: somebody said no, or it cannot be.
    """
    return tuple(step for step in steps if _counts(step, is_shadow=is_shadow))


def _counts(step: Step, *, is_shadow: bool) -> bool:
    match step.state:
        case StepState.WOULD:
            return is_shadow
        case StepState.FAILED:
            return step.action is Action.REMOVE
        case _:
            return True


def _earned(points: float, config: Moderation) -> Action:
    steps = (
        (config.remove_at, Action.REMOVE),
        (config.alert_at, Action.ALERT),
        (config.warn_at, Action.WARN),
        (config.note_at, Action.NOTE),
    )
    return next((action for least, action in steps if _reaches(points, least)), Action.NONE)


def _reaches(points: float, least: float) -> bool:
    """As people are shown them, to a tenth: three points are 2.999 a moment later."""
    return round(points, 1) >= least


def _prepared(action: Action, about: Sequence[Step], now: float) -> Action:
    """``action``, or the one that has to come first."""
    earlier = [step for step in about if step.mark is not Mark.WRONG and now - step.at < DAY_S]
    heeded = [step for step in earlier if now - step.at >= GRACE_S]
    if action is Action.REMOVE and not _any(heeded, _BEFORE_REMOVAL):
        action = Action.ALERT
    if action is Action.ALERT and not _any(earlier, _HEARD):
        action = Action.WARN
    if action is Action.WARN and _any(earlier, _HEARD) and not _any(heeded, _HEARD):
        action = Action.NOTE
    return action


def _was_taken(action: Action, steps: Sequence[Step], now: float, config: Moderation) -> bool:
    window_s = config.cool_down_min * 60
    return any(step.action is action and now - step.at < window_s for step in steps)


def _is_asked(step: Step) -> bool:
    """Whether an admin has yet to say if somebody is to be removed."""
    return step.action is Action.REMOVE and step.state is StepState.DUE


def _least(one: Action, other: Action) -> Action:
    return min(one, other, key=_ORDER.index)


def _any(steps: Sequence[Step], actions: tuple[Action, ...]) -> bool:
    return any(step.action in actions for step in steps)
