"""What the marks come to. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from cli.compare.answers import Way
from cli.compare.pairs import Mark, Marked

#: Below these, a difference is called hardly, or probably not, the work of chance.
HARDLY, PROBABLY_NOT = 0.01, 0.05


@dataclass(frozen=True, slots=True)
class Tally:
    """How many messages: one way's answer was better, both were fine, neither was."""

    own: int
    recipe: int
    both: int
    neither: int

    @classmethod
    def of(cls, marks: Sequence[Marked]) -> Self:
        preferred = [marked.preferred for marked in marks]
        given = [marked.mark for marked in marks]
        return cls(
            own=preferred.count(Way.OWN),
            recipe=preferred.count(Way.RECIPE),
            both=given.count(Mark.BOTH),
            neither=given.count(Mark.NEITHER),
        )

    @property
    def num_marks(self) -> int:
        return self.own + self.recipe + self.both + self.neither

    @property
    def chance(self) -> float:
        """p of the two-sided sign test: of a difference as large as this by tossing a coin.

        Messages where neither way was preferred say nothing of it (Dixon & Mood, 1946).
        """
        decided, fewer = self.own + self.recipe, min(self.own, self.recipe)
        tail = sum(math.comb(decided, n) for n in range(fewer + 1))
        return min(1.0, 2 * tail / (1 << decided))

    def lines(self) -> Iterator[str]:
        """The figures, and what they mean, in words."""
        share = f"{{:4}}  {{}} ({{:.0%}} of {self.num_marks})"
        counts = {
            "this way was better": self.own,
            "the article's recipe was better": self.recipe,
            "both were fine": self.both,
            "neither was": self.neither,
        }
        for words, count in counts.items():
            yield share.format(count, words, count / max(1, self.num_marks))
        yield self._meaning()

    def _meaning(self) -> str:
        decided = self.own + self.recipe
        if not decided:
            return "No message preferred one way, so nothing can be said of a difference."
        if self.own == self.recipe:
            return f"Each way was preferred {self.own} times: no difference."
        better = "This way" if self.own > self.recipe else "The article's recipe"
        often, rarely = max(self.own, self.recipe), _percent(self.chance)
        return (
            f"{better} was preferred {often} times of {decided}. Were the two equally good, a "
            f"difference this large would come by chance in {rarely} of such comparisons: "
            f"{_verdict(self.chance)} (sign test, p = {self.chance:.2g})."
        )


def _percent(chance: float) -> str:
    if chance < 0.001:
        return "less than 0.1 %"
    return f"{chance * 100:.2g} %" if chance < 0.1 else f"{chance * 100:.0f} %"


def _verdict(chance: float) -> str:
    if chance < HARDLY:
        return "this is hardly chance"
    return "this is probably not chance" if chance < PROBABLY_NOT else "this may well be chance"
