"""What the heads of the bundled models are fitted on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

import settings
from cli.progress import TerminalProgress
from engine.engine import open_model
from engine.features import Features
from engine.head import Head, shipped_path
from engine.labelled import Labelled
from handlers.sanitize import own_words

#: The format that heads are fitted in.
UNROUNDED = "bf16"


def read(name: str, precision: Any, lines: Sequence[Labelled]) -> tuple[torch.Tensor, Head, Path]:
    """States of lines where a model's shipped head reads them, shape (lines, features).

    Returns:
        Them, that head, and its file.
    """
    progress = TerminalProgress()
    model = open_model(settings.Engine(model=name, precision=precision), progress)
    path = shipped_path(model.name, model.fingerprint)
    head = Head.load(path, fingerprint=model.fingerprint)
    features = Features(model, head.taps)
    texts = [own_words(line.text) or "。" for line in lines]
    with progress.task(f"Reading in {precision}", len(texts), "lines") as advance:
        return features.read_all(texts, advance), head, path
