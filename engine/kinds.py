"""Tells the occasions a message may have been written on from its direction alone.

Near pairs vote for what stands beside a message; a softmax over the kinds that the projection was
fitted to weighs what tells one kind from all others. Half of each is better than either (README,
"Replies").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import torch
from torch import Tensor

from engine import arrays

ARRAYS = ("names", "weight", "widths", "bias")
#: Likeliest kinds that are told: the others have next to nothing between them.
NUM_TOLD = 60


@dataclass(frozen=True, slots=True, eq=False)
class Kinds:
    """Logistic regression over kinds of occasions.

    Attributes:
        names: Of the kinds.
        weight: Shape (directions, kinds).
        bias: Shape (kinds,).
    """

    names: tuple[str, ...]
    weight: Tensor
    bias: Tensor

    def __call__(self, direction: Tensor) -> dict[str, float]:
        """Probabilities of the likeliest kinds, of a direction of shape (directions,)."""
        told = (direction @ self.weight + self.bias).softmax(dim=-1)
        best, places = told.topk(min(NUM_TOLD, len(self.names)))
        return {
            self.names[place]: share
            for place, share in zip(places.tolist(), best.tolist(), strict=True)
        }

    def save(self, path: Path, made_by: Mapping[str, str]) -> None:
        weight, widths = arrays.rounded(self.weight)
        found = {
            "names": torch.tensor(list("\n".join(self.names).encode()), dtype=torch.uint8),
            "weight": weight,
            "widths": widths,
            "bias": self.bias,
        }
        arrays.write(path, made_by, found)

    @classmethod
    def load(cls, path: Path, made_by: Mapping[str, str]) -> Self:
        """Raises HeadRefused where the file is damaged or was made by something else."""
        found = arrays.read(path, made_by, ARRAYS, "")
        names = bytes(found["names"].tolist()).decode().split("\n")
        return cls(tuple(names), found["weight"] * found["widths"].float(), found["bias"].float())
