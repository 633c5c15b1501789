"""Gives a shipped mood head the mean of the states in the rounded formats, see ``engine.head``.

    python -m tools.rounded_means bundled-small examples/labelled/*.jsonl [more.jsonl …]

Run it again whenever the rounding or the head has changed. Labels do not matter, the kind of
messages does: take such as the head was fitted on. Minutes.
"""

from __future__ import annotations

import sys
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import save

from engine.head import MEANS
from engine.labelled import read_labelled
from engine.store import write_whole
from tools.states import UNROUNDED, read


def main(name: str, *files: str) -> None:
    lines = [line for file in files for line in read_labelled(Path(file))]
    unrounded, _, path = read(name, UNROUNDED, lines)
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    for precision in ("int4", "int8"):
        moved = read(name, precision, lines)[0].mean(0) - unrounded.mean(0)
        tensors[MEANS[precision]] = tensors["mean"] + moved
    write_whole(path, save(tensors, metadata=metadata))


if __name__ == "__main__":
    main(*sys.argv[1:])
