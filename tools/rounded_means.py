"""Gives a shipped mood head the mean of the states in the rounded formats, see ``engine.head``.

    python -m tools.rounded_means bundled-small examples/labelled/*.jsonl [more.jsonl …]

Run it again whenever the rounding or the head has changed. Labels do not matter, the kind of
messages does: take such as the head was fitted on. Minutes.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save

import settings
from cli.progress import TerminalProgress
from engine.engine import open_model
from engine.features import Features
from engine.head import MEANS, Head, shipped_path
from engine.labelled import read_labelled
from engine.store import write_whole
from handlers.sanitize import own_words

UNROUNDED = "bf16"


def mean(name: str, precision: Any, texts: list[str]) -> tuple[torch.Tensor, Path]:
    """Of the states that the model's shipped head reads, and that head's file."""
    progress = TerminalProgress()
    config = settings.Engine(model=name, precision=precision)
    model = open_model(config, progress)
    path = shipped_path(model.name, model.fingerprint)
    features = Features(model, Head.load(path, fingerprint=model.fingerprint).taps)
    with progress.task(f"Reading in {precision}", len(texts), "lines") as advance:
        return features.read_all(texts, advance).mean(0), path


def main(name: str, *files: str) -> None:
    lines = [line for file in files for line in read_labelled(Path(file))]
    texts = [own_words(line.text) or "。" for line in lines]
    unrounded, path = mean(name, UNROUNDED, texts)
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    for precision in ("int4", "int8"):
        moved = mean(name, precision, texts)[0] - unrounded
        tensors[MEANS[precision]] = tensors["mean"] + moved
    write_whole(path, save(tensors, metadata=metadata))


if __name__ == "__main__":
    main(*sys.argv[1:])
