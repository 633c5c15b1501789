"""The article's way, as a contender: transformers in fp32, ``generate``, a call a message.

An instruction without examples, no cache kept between two calls, and the mood is a word that the
model writes. Its only other difference to the engine is that it is straightforward.
"""

from __future__ import annotations

import argparse
import io
import itertools
import statistics
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import psutil
import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging as transformers_logging

import settings
from cli.bench import texts
from cli.bench.serving import Measure, Opened, Values, command_line, serve
from cli.progress import TerminalProgress
from engine import prompts
from engine.errors import NotEnoughMemory
from engine.mood import Mood
from engine.persona import Persona, load
from engine.prompts import ChatTurn
from engine.talk import Turn
from engine.weights import Weights, locate

#: What the article allows the word.
MOOD_TOKENS = 10
ANSWER_TOKENS = 24


class Clock:
    """Notes when each token came. A streamer of transformers': it is handed the prompt first."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def put(self, _: Any) -> None:
        self.times.append(time.perf_counter())

    def end(self) -> None:
        pass


class Recipe:
    """Measures of the model as transformers loads it."""

    def __init__(self, tokenizer: Any, lm: Any, persona: Persona) -> None:
        self._tokenizer, self._lm, self._persona = tokenizer, lm, persona
        self._chats = itertools.count()

    @property
    def measures(self) -> Mapping[str, Measure]:
        return {"mood": self.mood, "decode": self.decode, "history": self.history}

    def mood(self, _: int = 0) -> Values:
        """Milliseconds of a call, the median of ten messages."""
        taken: list[float] = []
        for text in (texts.WARM_UP, *texts.MOODS):
            start = time.perf_counter()
            self.read_mood(text)
            taken.append((time.perf_counter() - start) * 1000)
        return {"mood_ms": statistics.median(taken[1:])}

    def read_mood(self, text: str) -> None:
        system: ChatTurn = {"role": "system", "content": prompts.MOOD_SYSTEM}
        self._generate([system, {"role": "user", "content": text}], MOOD_TOKENS)

    def decode(self, _: int) -> Values:
        """Tokens a second of a reply after its first."""
        times = self._reply(texts.STORIES[0], (), ANSWER_TOKENS)[1:]
        if len(times) < 2:
            return {}
        return {"decode_tokens_s": (len(times) - 1) / (times[-1] - times[0])}

    def history(self, size: int) -> Values:
        """Milliseconds to the first token behind ``size`` turns; a second time is the same."""
        start = time.perf_counter()
        turns = texts.history(size, chat=next(self._chats))
        return {"ttft_ms": (self._reply(texts.SHORT, turns, 1)[-1] - start) * 1000}

    def _reply(self, text: str, history: Sequence[Turn], num_tokens: int) -> list[float]:
        question = prompts.reply_question(history, text, prompts.REPLY_CHARS)
        turns = [*prompts.reply_prefix(self._persona, Mood.NEUTRAL), *question]
        return self._generate(turns, num_tokens)

    def _generate(self, turns: Sequence[ChatTurn], num_tokens: int) -> list[float]:
        """When the prompt and each token of the answer were there."""
        clock = Clock()
        inputs = self._tokenizer.apply_chat_template(
            list(turns), add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        self._lm.generate(**inputs, max_new_tokens=num_tokens, do_sample=False, streamer=clock)
        return clock.times


def _open(arguments: argparse.Namespace) -> Opened:
    config = settings.load(arguments.settings)
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    if threads := arguments.threads or config.engine.threads:
        torch.set_num_threads(threads)
    progress = TerminalProgress(None if arguments.settle else io.StringIO())
    engine = config.engine
    weights = locate(engine.model, cache=engine.cache_path, progress=progress)
    _check_memory(weights)
    tokenizer: Any = AutoTokenizer.from_pretrained(weights.folder)
    lm: Any = AutoModelForCausalLM.from_pretrained(weights.folder, dtype=torch.float32)
    recipe = Recipe(tokenizer, lm.eval(), load(config.reply.persona))
    recipe.read_mood(texts.WARM_UP)
    return Opened(recipe.measures, {"model": weights.name, "precision": "fp32"})


def _check_memory(weights: Weights) -> None:
    """Say so before the system ends the run, or a neighbour of it, for want of memory."""
    size: int = AutoConfig.from_pretrained(weights.folder).dtype.itemsize
    stored = sum(file.stat().st_size for file in weights.folder.glob("*.safetensors"))
    needed, free = stored * torch.float32.itemsize // size, psutil.virtual_memory().available
    if needed > free:
        raise NotEnoughMemory(
            f"{weights.name} in fp32 takes {needed / 1e9:.1f} GB, {free / 1e9:.1f} are free"
        )


if __name__ == "__main__":
    serve(partial(_open, command_line().parse_args()))
