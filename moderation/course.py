"""How the mood of a group went over a day: its half hours, what stood out, and who said it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.mood import Mood
from handlers.day import Spoken
from handlers.sanitize import clean
from handlers.shown import cut
from moderation.spelling import letters

SLOT_S = 1800.0
#: Of the messages whose mood is known, so many and such a share make a mood that of them all.
LEAST_MESSAGES, LEAST_SHARE = 3, 0.2
PEAKS = 3
#: Characters of a quote; and letters that it takes to show anything.
LONGEST_QUOTE, SHORTEST_QUOTE = 40, 4
#: An offence that a quote may have where everybody reads it.
MILD = 0.3


@dataclass(frozen=True, slots=True)
class Slot:
    """What was said in half an hour.

    Attributes:
        at: When it began, unix seconds.
    """

    at: float
    spoken: tuple[Spoken, ...] = ()

    @property
    def mood(self) -> Mood:
        return mood_of(self.spoken)

    @property
    def sides(self) -> tuple[float, float]:
        """How glad and how upset they were, each 0 to 1: over all, so that one cry in a crowd is
        little. What is calm is neither, whichever side it leans to.
        """
        read = known(self.spoken)
        felt = [one.polarity or 0.0 for one in read if one.mood is not Mood.NEUTRAL]
        num = max(1, len(read))
        glad, upset = sum(p for p in felt if p > 0), -sum(p for p in felt if p < 0)
        return glad / num, upset / num

    @property
    def carriers(self) -> tuple[Spoken, ...]:
        """Those whose mood is that of the half hour, the surest first; heat before all."""
        mood = self.mood
        found = [one for one in known(self.spoken) if one.mood is mood]
        return tuple(sorted(found, key=lambda one: (-one.points, -(one.confidence or 0.0))))


def slots(spoken: Iterable[Spoken], since: float, until: float) -> tuple[Slot, ...]:
    """The half hours between two moments, silent ones too; ``spoken`` the oldest first."""
    num = max(1, round((until - since) / SLOT_S))
    by_slot: list[list[Spoken]] = [[] for _ in range(num)]
    for one in spoken:
        by_slot[min(num - 1, max(0, int((one.at - since) // SLOT_S)))].append(one)
    return tuple(Slot(since + n * SLOT_S, tuple(few)) for n, few in enumerate(by_slot))


def peaks(course: Sequence[Slot]) -> tuple[Slot, ...]:
    """The half hours with most of a mood other than calm, at most three, in order of time.

    Of two that follow each other in the same mood, one: the day has more to tell.
    """
    moved = [slot for slot in course if slot.mood is not Mood.NEUTRAL]
    found: list[Slot] = []
    for slot in sorted(moved, key=lambda slot: -_strength(slot)):
        if not any(_is_beside(slot, other) for other in found):
            found.append(slot)
    return tuple(sorted(found[:PEAKS], key=lambda slot: slot.at))


def quote(slot: Slot, *, is_public: bool) -> Spoken | None:
    """The words that show the mood of a half hour best; None where none may be shown.

    In front of everybody nobody's anger, sorrow or fear is held up, and no insult repeated.
    """
    for one in slot.carriers:
        may_show = not is_public or (
            one.mood in (Mood.HAPPY, Mood.SURPRISE)
            and one.points == 0
            and (one.offence or 0.0) < MILD
        )
        if may_show and len(letters(one.text)) >= SHORTEST_QUOTE:
            return one
    return None


def quoted(text: str) -> str:
    """A message as it may stand within a line: cleaned, on one line, and short."""
    return cut(" ".join(clean(text).split()), LONGEST_QUOTE)


def known(spoken: Iterable[Spoken]) -> list[Spoken]:
    """Those whose mood was read for sure."""
    return [one for one in spoken if one.mood is not None and not one.unsure]


def mood_of(spoken: Iterable[Spoken]) -> Mood:
    """The mood that several messages have in common; calm where no other stands out."""
    read = known(spoken)
    moods = Counter(one.mood for one in read if one.mood and one.mood is not Mood.NEUTRAL)
    if not moods:
        return Mood.NEUTRAL
    mood, num = moods.most_common(1)[0]
    stands_out = num >= LEAST_MESSAGES and num >= LEAST_SHARE * len(read)
    return mood if stands_out else Mood.NEUTRAL


def _is_beside(slot: Slot, other: Slot) -> bool:
    return slot.mood is other.mood and abs(slot.at - other.at) < 1.5 * SLOT_S


def _strength(slot: Slot) -> float:
    return sum((one.confidence or 0.0) + one.points for one in slot.carriers)
