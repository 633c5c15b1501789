"""Small files of arrays that were fitted to one model's states, and what they say of themselves."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from engine.errors import HeadRefused
from engine.head import MEANS
from engine.store import write_whole

FACTS = "facts"


def write(path: Path, facts: Mapping[str, Any], arrays: Mapping[str, torch.Tensor]) -> None:
    """Whole, or not at all."""
    kept = {name: array.contiguous() for name, array in arrays.items()}
    write_whole(path, save(kept, metadata={FACTS: json.dumps(dict(facts))}))


def read(
    path: Path, made_for: Mapping[str, Any], names: Sequence[str], precision: str
) -> dict[str, torch.Tensor]:
    """The arrays of a file; ``mean`` is that of the format the model runs in, where it has one.

    Args:
        made_for: Facts that must be the file's own.

    Raises:
        HeadRefused: The file is damaged, or was made for something else.
    """
    try:
        with safe_open(path, framework="pt") as file:
            facts: dict[str, Any] = json.loads((file.metadata() or {})[FACTS])
            found = {name: file.get_tensor(name) for name in names}
            if (own := MEANS.get(precision, "")) in file.keys():  # noqa: SIM118 - it is no mapping
                found["mean"] = file.get_tensor(own)
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise HeadRefused(
            f"{path} cannot be read ({type(error).__name__}: {error}); install Yixin anew"
        ) from error
    for name, value in made_for.items():
        if facts.get(name) != value:
            raise HeadRefused(
                f"{path}: {name} is {facts.get(name)!r}, the model in use needs {value!r}; make it "
                "anew, see tools/"
            )
    return found


def rounded(matrix: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """A matrix in int8, and what each column has to be multiplied by."""
    widths = matrix.abs().amax(dim=0).clamp_min(1e-6) / 127
    return (matrix / widths).round().to(torch.int8), widths
