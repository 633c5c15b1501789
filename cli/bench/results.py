"""Everything a run found, and the object that ``bench --json`` prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cli.bench.contender import LLAMACPP, RECIPE
from cli.bench.figures import Figure, Measured, headlines
from cli.bench.growth import Growth


@dataclass(frozen=True, slots=True)
class Results:
    """What one run found.

    Attributes:
        precision: Of the engine as the settings have it; the contender all ratios are of.
        measured: Rounds of each contender that took part, empty of one that is missing.
        errors: What failed or is missing, by contender, with the way out.
        agreement: Share of bf16's own tokens that each precision finds likeliest, too.
        growth: Empty of a quick run.
        whole_path: Empty where the bot did not run.
    """

    model: str
    precision: str
    machine: Mapping[str, Any]
    measured: Mapping[str, Measured]
    errors: Mapping[str, Sequence[str]] = field(default_factory=dict)
    agreement: Mapping[str, float] = field(default_factory=dict)
    growth: Growth = field(default_factory=dict)
    whole_path: Mapping[str, Any] = field(default_factory=dict)

    @property
    def headlines(self) -> dict[str, Figure | None]:
        """The figures of the JSON's first level."""
        return headlines(self.measured, own=self.precision, recipe=RECIPE, llamacpp=LLAMACPP)

    def figure(self, contender: str, name: str) -> Figure | None:
        return Figure.of(self.measured.get(contender, {}).get(name, ()))

    def as_json(self) -> dict[str, Any]:
        """One object; null stands for what could not be measured."""
        found = self.headlines
        return {
            **{name: figure and _rounded(figure.median) for name, figure in found.items()},
            "spread": {name: figure and _spread(figure) for name, figure in found.items()},
            "precision": self.precision,
            "model": self.model,
            "machine": dict(self.machine),
            "contenders": {name: self._contender(name) for name in self.measured},
            "growth": self.growth,
            "whole_path": dict(self.whole_path),
            "errors": {name: list(errors) for name, errors in self.errors.items()},
        }

    def _contender(self, name: str) -> dict[str, Any]:
        agreed = {"agreement": self.agreement[name]} if name in self.agreement else {}
        return agreed | {
            figure: {"median": _rounded(found.median), "spread": _spread(found)}
            for figure in self.measured[name]
            if (found := self.figure(name, figure))
        }


def _rounded(value: float) -> float:
    """Three digits tell all that a measurement on a shared machine can."""
    return float(f"{value:.4g}")


def _spread(figure: Figure) -> list[float]:
    return [_rounded(figure.lowest), _rounded(figure.highest)]
