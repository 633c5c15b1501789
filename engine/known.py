"""Directions of texts that were read where something was fitted, so that nobody reads them again.

A quarter of a megabyte a thousand in int8, in files of their own beside what was fitted: no file of
the project is larger than a megabyte.
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

ARRAYS = ("keys", "codes")
#: Texts in one file.
PART = 4500


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """Directions by text.

    Attributes:
        rows: Of each text's key, its row.
        codes: Shape (texts, directions), int8, each row by its own largest number: its length is
            lost, which is 1.
    """

    rows: Mapping[int, int]
    codes: Tensor

    @classmethod
    def of(cls, texts: Sequence[str], directions: Tensor) -> Self:
        """Of texts that all differ, and their directions of length 1."""
        largest = directions.abs().amax(dim=-1, keepdim=True)
        codes = (directions / largest * 127).round().to(torch.int8)
        return cls({key_of(text): row for row, text in enumerate(texts)}, codes)

    def __contains__(self, text: str) -> bool:
        return key_of(text) in self.rows

    def recall(self, texts: Sequence[str]) -> Tensor:
        """Directions of texts that are all known, shape (texts, directions)."""
        rows = [self.rows[key_of(text)] for text in texts]
        return normalize(self.codes[rows].float(), dim=-1)

    def save(self, path: Path, made_by: Mapping[str, str]) -> None:
        """Write them to files beside another one."""
        keys = torch.tensor(list(self.rows))
        for number, first in enumerate(range(0, len(keys), PART), 1):
            part = {"keys": keys[first : first + PART], "codes": self.codes[first : first + PART]}
            arrays.write(beside(path, number), made_by, part)

    @classmethod
    def load(cls, path: Path, made_by: Mapping[str, str]) -> Self:
        """Raises HeadRefused where a file is damaged or was made by something else."""
        paths = sorted(path.parent.glob(f"{path.stem}-[0-9]*{path.suffix}"))
        parts = [arrays.read(one, made_by, ARRAYS, "") for one in paths]
        keys = torch.cat([part["keys"] for part in parts]).tolist()
        codes = torch.cat([part["codes"] for part in parts])
        return cls({key: row for row, key in enumerate(keys)}, codes)


def beside(path: Path, part: int | str) -> Path:
    """A file that belongs to another one."""
    return path.with_name(f"{path.stem}-{part}{path.suffix}")


def key_of(text: str) -> int:
    """What a text is known by."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], signed=True)
