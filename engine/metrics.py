"""How good readings are. Plain numbers over pairs of what is true and what was said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

#: Bins of equal width in which a confidence is compared with how often it was right.
NUM_BINS = 15


@dataclass(frozen=True, slots=True)
class Confusion:
    """Counts of true labels (rows) against said ones (columns), in the order of ``labels``."""

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, labels: Sequence[str], true: Sequence[str], said: Sequence[str]) -> Confusion:
        """Count the pairs.

        Raises:
            ValueError: A label is none of ``labels``, or the lengths differ.
        """
        index = {label: number for number, label in enumerate(labels)}
        counts = [[0] * len(labels) for _ in labels]
        for one, other in zip(true, said, strict=True):
            if one not in index or other not in index:
                raise ValueError(f"{one!r} or {other!r} is none of {', '.join(labels)}")
            counts[index[one]][index[other]] += 1
        return cls(tuple(labels), tuple(map(tuple, counts)))

    @property
    def total(self) -> int:
        return sum(map(sum, self.counts))

    @property
    def accuracy(self) -> float:
        return _ratio(sum(row[n] for n, row in enumerate(self.counts)), self.total)

    def precision(self, label: str) -> float:
        """Of what was said to be ``label``, the share that was."""
        n = self.labels.index(label)
        return _ratio(self.counts[n][n], sum(row[n] for row in self.counts))

    def recall(self, label: str) -> float:
        """Of what was ``label``, the share that was found."""
        n = self.labels.index(label)
        return _ratio(self.counts[n][n], sum(self.counts[n]))

    def f1(self, label: str) -> float:
        n = self.labels.index(label)
        said = sum(row[n] for row in self.counts)
        return _ratio(2 * self.counts[n][n], said + sum(self.counts[n]))

    @property
    def macro_f1(self) -> float:
        """Mean F1 of the labels that occur; the rare ones weigh as much as the common."""
        present = [label for n, label in enumerate(self.labels) if sum(self.counts[n])]
        return _ratio(sum(map(self.f1, present)), len(present))


def calibration_error(confidences: Sequence[float], right: Sequence[bool]) -> float:
    """Expected calibration error: mean gap between a confidence and how often it was right.

    Source: Guo et al., "On Calibration of Modern Neural Networks", arXiv:1706.04599.
    """
    gap = 0.0
    bins = [min(int(confidence * NUM_BINS), NUM_BINS - 1) for confidence in confidences]
    for number in set(bins):
        members = [n for n, b in enumerate(bins) if b == number]
        gap += abs(sum(confidences[n] - right[n] for n in members))
    return _ratio(gap, len(confidences))


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
