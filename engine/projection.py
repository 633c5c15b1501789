"""Where messages on like subjects lie near each other: a few directions of the model's states.

The states of a message know far more than what it is about. A projection keeps the directions in
which the bank's messages of one occasion lie together and those of others apart: 192 of thousands,
learnt as the middle of a small network that tells the occasions. Beside it lie the network's other
half, and the bank's own messages, read once where it was fitted, so that nobody waits for 21,000
messages to be read at the first start.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import torch
from torch import Tensor
from torch.nn.functional import normalize

from engine import arrays
from engine.head import SHIPPED, Standard
from engine.kinds import Kinds

ARRAYS = ("mean", "scale", "matrix", "widths")
PART_ARRAYS = ("keys", "codes")
KINDS = "kinds"
#: Messages in one file beside it: no file of the project is larger than a megabyte.
PART = 4500


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """Arrays fitted to the states of one model.

    Attributes:
        matrix: Shape (features, directions), for standardised features.
        known: Row of ``codes`` by the key of a message.
        codes: Directions of messages that were read where it was fitted, in int8.
        kinds: What tells occasions by directions; None: nothing does.
    """

    standard: Standard
    matrix: Tensor
    known: Mapping[int, int]
    codes: Tensor
    kinds: Kinds | None = None

    def __call__(self, states: Tensor) -> Tensor:
        """Shape (messages, features) to (messages, directions), each of length 1."""
        return normalize(self.standard(states) @ self.matrix, dim=-1)

    def knows(self, text: str) -> bool:
        return key_of(text) in self.known

    def recall(self, texts: Sequence[str]) -> Tensor:
        """Directions of messages that are all known, shape (texts, directions)."""
        rows = [self.known[key_of(text)] for text in texts]
        return normalize(self.codes[rows].float(), dim=-1)

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
        keys = torch.tensor(list(self.known))
        for number, first in enumerate(range(0, len(keys), PART), 1):
            part = {"keys": keys[first : first + PART], "codes": self.codes[first : first + PART]}
            arrays.write(_beside(path, number), made_by, part)
        if self.kinds is not None:
            self.kinds.save(_beside(path, KINDS), made_by)

    @classmethod
    def load(cls, path: Path, made_by: Mapping[str, str], precision: str = "") -> Self:
        """Raises HeadRefused where the file is damaged or was made by something else."""
        found = arrays.read(path, made_by, ARRAYS, precision)
        parts = [arrays.read(p, made_by, PART_ARRAYS, "") for p in _parts(path)]
        keys = torch.cat([part["keys"] for part in parts]).tolist()
        kinds = _beside(path, KINDS)
        return cls(
            standard=Standard(found["mean"].float(), found["scale"].float()),
            matrix=found["matrix"] * found["widths"].float(),
            known={key: row for row, key in enumerate(keys)},
            codes=torch.cat([part["codes"] for part in parts]),
            kinds=Kinds.load(kinds, made_by) if kinds.exists() else None,
        )


def _beside(path: Path, part: int | str) -> Path:
    return path.with_name(f"{path.stem}-{part}{path.suffix}")


def _parts(path: Path) -> list[Path]:
    return sorted(path.parent.glob(f"{path.stem}-[0-9]*{path.suffix}"))


def key_of(text: str) -> int:
    """What a message is known by."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], signed=True)


def coded(directions: Tensor) -> Tensor:
    """In int8, each row by its own largest number; its length is lost, which is 1."""
    largest = directions.abs().amax(dim=-1, keepdim=True)
    return (directions / largest * 127).round().to(torch.int8)


def projection_path(name: str, fingerprint: str) -> Path:
    """Where the projection that comes with a bundled model is."""
    return SHIPPED / f"{name}-{fingerprint}.subjects.safetensors"
