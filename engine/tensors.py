"""Named tensors in the safetensors files of a folder, mapped rather than read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor


class Tensors:
    """The tensors of a folder, by name.

    A tensor is mapped from its file: the pages that are used are in memory, and the system can
    drop them again. Files are not kept open, for each would count what was ever read of it.

    Raises:
        SafetensorError, OSError: A file is damaged or missing.
    """

    def __init__(self, folder: Path) -> None:
        self._files: dict[str, Path] = {}
        for path in sorted(folder.glob("*.safetensors")):
            with safe_open(path, framework="pt") as file:
                self._files |= dict.fromkeys(file.keys(), path)

    def __contains__(self, name: str) -> bool:
        return name in self._files

    def __getitem__(self, name: str) -> Tensor:
        with safe_open(self._files[name], framework="pt") as file:
            tensor: Tensor = file.get_tensor(name)
        return tensor

    def shape(self, name: str) -> tuple[int, ...]:
        """Without touching its pages."""
        with safe_open(self._files[name], framework="pt") as file:
            return tuple(file.get_slice(name).get_shape())

    def num_elements(self, name: str) -> int:
        return math.prod(self.shape(name))

    def check(self, name: str, shape: Sequence[int]) -> None:
        """Raises ValueError where a tensor is not of this shape, KeyError where there is none."""
        if self.shape(name) != tuple(shape):
            raise ValueError(f"{name} has shape {self.shape(name)}, not {tuple(shape)}")

    def joined(self, names: Sequence[str]) -> Tensor:
        """Tensors one below the other; a single one as it is."""
        return self[names[0]] if len(names) == 1 else torch.cat([self[name] for name in names])

    def bias_of(self, names: Sequence[str]) -> Tensor | None:
        """Biases of modules one behind the other; None where they have none."""
        found = [f"{name}.bias" for name in names]
        return self.joined(found) if found[0] in self else None

    def weight_of(self, names: Sequence[str]) -> Tensor:
        return self.joined([f"{name}.weight" for name in names])
