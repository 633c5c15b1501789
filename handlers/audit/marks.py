"""How often admins found a step right, and from how many points on they nearly always would.

The arithmetic, all of it:

Precision is ``right / marked``. Its interval is Wilson's (1927) at 95 %: with ``p`` the precision,
``n`` the marks and ``z`` = 1.96, ``(p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n)``. Chosen over
``p ± z √(p(1-p)/n)``, which says 100 % ± 0 of three marks that are all right.

The threshold is the lowest number of points such that of the marked steps with at least so many,
``GOAL`` were right, and they are at least ``LEAST``: fewer than 20 reach 95 % only where none is
wrong, which may be luck. It is what would have been right on these marks, no promise; its own
interval says how far to trust it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

GOAL = 0.95
#: Marks that a threshold must rest on.
LEAST = 20
#: Of a normal distribution, 95 % lie within so many standard deviations.
_Z = 1.959964


@dataclass(frozen=True, slots=True)
class Marked:
    """A step that an admin called right or wrong, at so many points."""

    points: float
    is_right: bool


@dataclass(frozen=True, slots=True)
class Precision:
    """How many of so many marked steps were right."""

    right: int = 0
    marked: int = 0

    @classmethod
    def of(cls, marked: Iterable[Marked]) -> Precision:
        marks = [one.is_right for one in marked]
        return cls(sum(marks), len(marks))

    @property
    def share(self) -> float | None:
        """0 to 1; None without marks."""
        return self.right / self.marked if self.marked else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Where the share of all such steps lies, at 95 %; None without marks."""
        if not self.marked:
            return None
        share, num = self.right / self.marked, self.marked
        middle = share + _Z**2 / (2 * num)
        reach = _Z * math.sqrt(share * (1 - share) / num + _Z**2 / (4 * num**2))
        scale = 1 + _Z**2 / num
        return max(0.0, (middle - reach) / scale), min(1.0, (middle + reach) / scale)


@dataclass(frozen=True, slots=True)
class Threshold:
    """So many points, and how many of the marked steps with at least so many were right."""

    points: float
    precision: Precision


def threshold(marked: Sequence[Marked]) -> Threshold | None:
    """The lowest that reaches ``GOAL``; None where none does, or the marks are too few."""
    found = None
    right = num = 0
    by_points = sorted(marked, key=lambda one: -one.points)
    for points, group in groupby(by_points, key=lambda one: one.points):
        marks = [one.is_right for one in group]
        right, num = right + sum(marks), num + len(marks)
        if num >= LEAST and right >= GOAL * num:
            found = Threshold(points, Precision(right, num))
    return found


def num_missing(marked: Sequence[Marked]) -> int:
    """How many marks it takes, at least, before there can be a threshold."""
    return max(0, LEAST - len(marked))
