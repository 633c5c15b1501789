"""Medians, spreads and ratios of what was measured round by round. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Self

#: One value a round, None where a round has none (a contender that failed, an empty answer).
Rounds = Sequence[float | None]
#: What one contender's rounds gave, by the figure's name.
Measured = Mapping[str, Rounds]


@dataclass(frozen=True, slots=True)
class Figure:
    """What several rounds gave: their median, and the spread, lowest to highest."""

    median: float
    lowest: float
    highest: float

    @classmethod
    def of(cls, rounds: Rounds) -> Self | None:
        """Of the rounds that have a value; None where none has."""
        values = [value for value in rounds if value is not None]
        if not values:
            return None
        return cls(statistics.median(values), min(values), max(values))


def ratios(over: Rounds, under: Rounds) -> list[float | None]:
    """``over / under`` round by round: a slow moment of the machine hits both sides of it."""
    return [one / other if one and other else None for one, other in zip_longest(over, under)]


def headlines(
    measured: Mapping[str, Measured], *, own: str, recipe: str, llamacpp: str
) -> dict[str, Figure | None]:
    """The figures of the JSON's first level, by name; None where a side of one is missing.

    Args:
        measured: By contender.
        own: The contender all figures are of; the others are what it is compared with.
    """

    def rounds(contender: str, figure: str) -> Rounds:
        return measured.get(contender, {}).get(figure, ())

    mood = rounds(own, "mood_ms")
    decode = rounds(own, "decode_tokens_s")
    found: dict[str, Rounds] = {
        "mood_vs_recipe": ratios(rounds(recipe, "mood_ms"), mood),
        "mood_vs_llamacpp": ratios(rounds(llamacpp, "mood_ms"), mood),
        "decode_vs_llamacpp": ratios(decode, rounds(llamacpp, "decode_tokens_s")),
        "batch8_vs_single": ratios(rounds(own, "together_tokens_s"), rounds(own, "alone_tokens_s")),
        "moods_per_second": rounds(own, "moods_s"),
        "mood_ms_idle": mood,
        "mood_ms_while_replying": rounds(own, "busy_mood_ms"),
        "ready_s": rounds(own, "ready_s"),
        "rss_mb": rounds(own, "rss_mb"),
        "peak_mb": rounds(own, "peak_mb"),
    }
    return {name: Figure.of(values) for name, values in found.items()}


def percentile(values: Sequence[float], percent: int) -> float:
    """Of all values, not of a fitted curve; one value is each of its percentiles."""
    if len(values) == 1:
        return values[0]
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def agreement(tokens: Iterable[int], reference: Iterable[int]) -> float:
    """Share of positions at which two models' likeliest next tokens are the same, 0 to 1.

    Raises:
        ValueError: The two are not of the same length, or empty.
    """
    same = [one == other for one, other in zip(tokens, reference, strict=True)]
    if not same:
        raise ValueError("no positions to compare")
    return sum(same) / len(same)
