"""Two people who go for each other are one incident, and it matters who began."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from handlers.conduct import Evidence
from moderation.tally import HEAT

#: Words so long after the last ones between the two belong to another quarrel.
WINDOW_S = 600.0
#: Milder words are no attack that anybody answers; an answer, which counts half, still is one.
LEAST = 0.4


@dataclass(frozen=True, slots=True)
class Quarrel:
    """An exchange of heat between two people.

    Attributes:
        starter_id: Who said the first heated word of it.
        other_id: Who was attacked first, or answered.
        is_mutual: Both have said something heated.
        is_answer: The latest word is the other's, to the starter.
    """

    starter_id: str
    other_id: str
    is_mutual: bool
    is_answer: bool


def quarrel(latest: Evidence, past: Sequence[Evidence]) -> Quarrel | None:
    """The quarrel that ``latest`` is part of; None where nobody is known whom it is with.

    Whom somebody goes for is known by the target; where no target is known, it is whoever went
    for them of late, or whoever they take turns with.

    Args:
        past: Evidence of the same room, the oldest first.
    """
    if latest.rule != HEAT:
        return None
    heat = [one for one in past if one.rule == HEAT and one.points >= LEAST]
    recent = [one for one in heat if latest.at - one.at <= WINDOW_S]
    other = latest.target_id or _attacker(latest.person_id, recent) or _in_turn(latest, recent)
    if not other or other == latest.person_id:
        return None
    said = _between(latest, other, heat)
    starter = said[0].person_id if said else latest.person_id
    return Quarrel(
        starter,
        other if starter == latest.person_id else latest.person_id,
        is_mutual=any(one.person_id == other for one in said),
        is_answer=starter == other,
    )


def _attacker(person_id: str, recent: Sequence[Evidence]) -> str:
    """Who went for that person last."""
    return next((one.person_id for one in reversed(recent) if one.target_id == person_id), "")


def _in_turn(latest: Evidence, recent: Sequence[Evidence]) -> str:
    """Whose words these follow, where the last three are of two people in turn."""
    if len(recent) < 2:
        return ""
    before, last = recent[-2:]
    is_turn = before.person_id == latest.person_id != last.person_id
    return last.person_id if is_turn and not last.target_id else ""


def _between(latest: Evidence, other_id: str, heat: Sequence[Evidence]) -> list[Evidence]:
    """What the two said before, to each other or to nobody known, with no long pause in it."""
    said: list[Evidence] = []
    sides = {latest.person_id: other_id, other_id: latest.person_id}
    later = latest.at
    for one in reversed(heat):
        if later - one.at > WINDOW_S:
            break
        if one.person_id in sides and one.target_id in ("", sides[one.person_id]):
            said.append(one)
            later = one.at
    return said[::-1]
