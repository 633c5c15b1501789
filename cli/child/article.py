"""The model as the article had it: transformers' own classes in fp32, and ``generate``.

No cache is kept between two calls. Its only other difference to the engine is that it is
straightforward.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, Protocol, Self

import psutil
import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging as transformers_logging

import settings
from cli.progress import TerminalProgress
from engine.errors import NotEnoughMemory
from engine.prompts import ChatTurn
from engine.weights import Weights, locate


class Streamer(Protocol):
    """What transformers hands the prompt and then each token to."""

    def put(self, value: Any) -> None: ...
    def end(self) -> None: ...


class Article:
    """A tokenizer and a model.

    Attributes:
        name: Of the weights.
    """

    def __init__(self, tokenizer: Any, lm: Any, name: str) -> None:
        self._tokenizer, self._lm, self.name = tokenizer, lm, name

    @classmethod
    def open(cls, config: settings.Engine, *, threads: int = 0, is_silent: bool = True) -> Self:
        """The model that the settings name, whatever precision they name.

        Args:
            threads: 0: what the settings say.
            is_silent: Shows nothing of fetching and converting, for someone else does.

        Raises:
            NotEnoughMemory: The weights would not fit.
        """
        transformers_logging.set_verbosity_error()
        transformers_logging.disable_progress_bar()
        if threads := threads or config.threads:
            torch.set_num_threads(threads)
        progress = TerminalProgress(io.StringIO() if is_silent else None)
        weights = locate(config.model, cache=config.cache_path, progress=progress)
        _check_memory(weights)
        tokenizer: Any = AutoTokenizer.from_pretrained(weights.folder)
        lm: Any = AutoModelForCausalLM.from_pretrained(weights.folder, dtype=torch.float32)
        return cls(tokenizer, lm.eval(), weights.name)

    def generate(
        self,
        turns: Sequence[ChatTurn],
        num_tokens: int,
        *,
        do_sample: bool | None = None,
        streamer: Streamer | None = None,
    ) -> str:
        """What it writes after ``turns``, at most ``num_tokens`` tokens of it.

        Args:
            do_sample: None: as the model's own ``generation_config.json`` has it.
        """
        inputs = self._tokenizer.apply_chat_template(
            list(turns), add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        chosen = {} if do_sample is None else {"do_sample": do_sample}
        [ids] = self._lm.generate(**inputs, max_new_tokens=num_tokens, streamer=streamer, **chosen)
        text: str = self._tokenizer.decode(
            ids[inputs["input_ids"].shape[1] :], skip_special_tokens=True
        )
        return text


def _check_memory(weights: Weights) -> None:
    """Say so before the system ends the run, or a neighbour of it, for want of memory."""
    size: int = AutoConfig.from_pretrained(weights.folder).dtype.itemsize
    stored = sum(file.stat().st_size for file in weights.folder.glob("*.safetensors"))
    needed, free = stored * torch.float32.itemsize // size, psutil.virtual_memory().available
    if needed > free:
        raise NotEnoughMemory(
            f"{weights.name} in fp32 takes {needed / 1e9:.1f} GB, {free / 1e9:.1f} are free"
        )
