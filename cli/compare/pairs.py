"""Two answers to a message, in an order that tells nothing, and what a person thought of them."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self

from cli.compare.answers import Way
from cli.compare.journal import Journal


class Mark(StrEnum):
    """Which answer one would rather have sent."""

    A = "A"
    B = "B"
    BOTH = "="
    NEITHER = "0"


@dataclass(frozen=True, slots=True)
class Pair:
    """A message and its two answers.

    Attributes:
        a_is: The way that A came; B is the other.
    """

    text: str
    a: str
    b: str
    a_is: Way

    @classmethod
    def shuffled(cls, text: str, replies: Mapping[Way, str], seed: int) -> Self:
        """Which answer is A hangs on the seed and the message alone: not on what came before."""
        ways = list(Way)
        random.Random(f"{seed} {text}").shuffle(ways)  # noqa: S311 - nobody's secret
        return cls(text, replies[ways[0]], replies[ways[1]], ways[0])


@dataclass(frozen=True, slots=True)
class Marked(Pair):
    """A pair that was judged."""

    mark: Mark

    @classmethod
    def of(cls, pair: Pair, mark: Mark) -> Self:
        return cls(pair.text, pair.a, pair.b, pair.a_is, mark)

    @property
    def preferred(self) -> Way | None:
        """The way whose answer was better; None where neither was."""
        if self.mark not in (Mark.A, Mark.B):
            return None
        return self.a_is if self.mark is Mark.A else next(w for w in Way if w is not self.a_is)

    def judges(self, pair: Pair) -> bool:
        """Whether it is about the same two answers, in whichever order."""
        return self.text == pair.text and {self.a, self.b} == {pair.a, pair.b}


def journal(path: Path) -> Journal[Marked]:
    example = Marked("在吗", "在呢，怎么啦？", "您好！", Way.OWN, Mark.A)
    return Journal(path, Marked, example)


def latest(marks: Iterable[Marked]) -> list[Marked]:
    """The last mark of each message: one that was marked anew counts once."""
    return list({marked.text: marked for marked in marks}.values())


def unmarked(pairs: Iterable[Pair], marks: Sequence[Marked]) -> list[Pair]:
    """Those that nobody has judged yet, or only with other answers."""
    by_text = {marked.text: marked for marked in marks}
    return [p for p in pairs if p.text not in by_text or not by_text[p.text].judges(p)]
