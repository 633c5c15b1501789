"""Where messages on like subjects lie near each other: a few directions of the model's states.

The states of a message know far more than what it is about. A projection keeps the directions in
which the bank's messages of one occasion lie together and those of others apart: 192 of thousands,
learnt as the middle of a small network that tells the occasions. Beside it lie the network's other
half, and the bank's own messages, read once where it was fitted, so that nobody waits for 21,000
messages to be read at the first start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from torch import Tensor
from torch.nn.functional import normalize

from engine import arrays
from engine.head import SHIPPED, Standard
from engine.kinds import Kinds
from engine.known import Known, beside

ARRAYS = ("mean", "scale", "matrix", "widths")
KINDS = "kinds"


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """Arrays fitted to the states of one model.

    Attributes:
        matrix: Shape (features, directions), for standardised features.
        known: Directions of the bank's messages.
        kinds: What tells occasions by directions; None: nothing does.
    """

    standard: Standard
    matrix: Tensor
    known: Known
    kinds: Kinds | None = None

    def __call__(self, states: Tensor) -> Tensor:
        """Shape (messages, features) to (messages, directions), each of length 1."""
        return normalize(self.standard(states) @ self.matrix, dim=-1)

    def save(self, path: Path, made_by: Mapping[str, str], shifts: Mapping[str, Tensor]) -> None:
        """Write it to a file.

        Args:
            made_by: What the states depend on: fingerprint of the weights, key of the vectors.
            shifts: See ``Standard.arrays``.
        """
        matrix, widths = arrays.rounded(self.matrix)
        found = {
            "matrix": matrix,
            "widths": widths,
            **self.standard.arrays(shifts),
        }
        arrays.write(path, made_by, found)
        self.known.save(path, made_by)
        if self.kinds is not None:
            self.kinds.save(beside(path, KINDS), made_by)

    @classmethod
    def load(cls, path: Path, made_by: Mapping[str, str], precision: str = "") -> Self:
        """Raises HeadRefused where the file is damaged or was made by something else."""
        found = arrays.read(path, made_by, ARRAYS, precision)
        kinds = beside(path, KINDS)
        return cls(
            standard=Standard(found["mean"].float(), found["scale"].float()),
            matrix=found["matrix"] * found["widths"].float(),
            known=Known.load(path, made_by),
            kinds=Kinds.load(kinds, made_by) if kinds.exists() else None,
        )


def projection_path(name: str, fingerprint: str) -> Path:
    """Where the projection that comes with a bundled model is."""
    return SHIPPED / f"{name}-{fingerprint}.subjects.safetensors"
