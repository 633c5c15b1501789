"""Decoders over the weights of tests/tiny.py, and what they are compared with."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import AutoTokenizer, PreTrainedModel
from transformers.utils import logging as transformers_logging

from engine.loader import load
from engine.progress import SILENT
from engine.weights import Weights
from tests import tiny

#: Ids of plain bytes; each is a token of the tiny model.
IDS = tuple((7 * n * n + 3 * n) % 250 for n in range(200))


@functools.cache
def tokenizer() -> Any:
    with tempfile.TemporaryDirectory() as folder:
        return AutoTokenizer.from_pretrained(tiny.converted(Path(folder)).folder)


def saved(folder: Path, made: PreTrainedModel) -> Weights:
    """A model's folder, whatever its architecture, with the tiny tokenizer in it."""
    transformers_logging.disable_progress_bar()
    transformers_logging.set_verbosity_error()
    made.save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    return Weights(folder, folder.name, "0" * 12)


def tiny_weights(folder: Path, architecture: str = "qwen2", *, tied: bool = False) -> Weights:
    return saved(folder, tiny.model(architecture, tied=tied))


def decoder(weights: Weights, precision: str = "fp32", cache: Path | None = None) -> Any:
    return load(weights, precision, cache=cache, progress=SILENT).decoder


def read(decoder: Any, ids: Sequence[int], room: int = 0) -> tuple[Tensor, Any]:
    """Logits after ids, shape (vocabulary,), and the past that holds them."""
    past = decoder.empty(len(ids) + room)
    return decoder.logits(decoder.extend([ids], [past]))[0], past


def whole(lm: Any, ids: Sequence[int]) -> Tensor:
    """transformers' logits after each of ids, shape (tokens, vocabulary)."""
    logits: Tensor = lm(torch.tensor([list(ids)])).logits[0].float()
    return logits


def layers_of(lm: Any, ids: Sequence[int]) -> list[Tensor]:
    """What each layer gives out, shape (tokens, width) each; the last one normed."""
    out = lm(torch.tensor([list(ids)]), output_hidden_states=True)
    return [state[0] for state in out.hidden_states[1:]]
