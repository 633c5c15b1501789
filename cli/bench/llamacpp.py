"""llama.cpp through llama-cpp-python, as a contender: the same weights from their GGUF file.

At its best: of its settings the fastest here, what two prompts have in common is evaluated once,
and of its answers only the evaluation of single tokens is timed, not its sampling.
"""

from __future__ import annotations

import argparse
import itertools
import os
import statistics
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from llama_cpp import Llama, llama_synchronize
from llama_cpp.llama_chat_format import Jinja2ChatFormatter

import settings
from cli.bench import texts
from cli.bench.serving import Measure, Opened, Values, command_line, serve
from engine import prompts
from engine.mood import Mood
from engine.persona import Persona, load
from engine.prompts import ChatTurn
from engine.talk import Asked, Turn

ANSWER_TOKENS = 32
#: Messages by which the settings are compared.
NUM_TRIED = 5
#: What was tried at the first start: (flash attention, tokens of a batch).
SETTINGS = tuple(itertools.product((False, True), (512, 32)))


class Peer:
    """Measures of one context of llama.cpp.

    Args:
        threads: For single tokens and for prompts alike.
        context: Tokens it has room for.
    """

    def __init__(
        self,
        gguf: Path,
        persona: Persona,
        *,
        threads: int,
        context: int,
        flash_attn: bool,
        n_batch: int,
    ) -> None:
        self._lm = Llama(
            str(gguf),
            n_ctx=context,
            n_batch=n_batch,
            n_ubatch=n_batch,
            n_threads=threads,
            n_threads_batch=threads,
            flash_attn=flash_attn,
            verbose=False,
        )
        template = self._lm.metadata["tokenizer.chat_template"]
        self._format = Jinja2ChatFormatter(template, eos_token="", bos_token="")
        self._persona = persona
        self._kept: list[int] = []
        self._chats = itertools.count()

    @property
    def measures(self) -> Mapping[str, Measure]:
        return {"mood": self.mood, "decode": self.decode, "history": self.history}

    def mood(self, _: int = 0) -> Values:
        """Milliseconds to the scores of the labels, the median of ten messages."""
        return {"mood_ms": self.mood_ms(texts.MOODS)}

    def mood_ms(self, messages: Sequence[str]) -> float:
        self.read_mood(texts.WARM_UP)
        return statistics.median(map(self.read_mood, messages))

    def read_mood(self, text: str) -> float:
        """Milliseconds it took; the examples before the message are evaluated once."""
        start = time.perf_counter()
        self._evaluate(self._ids([*prompts.mood_prefix(), *prompts.mood_question(text)]))
        return (time.perf_counter() - start) * 1000

    def decode(self, _: int) -> Values:
        """Tokens a second, one evaluated after the other, whatever they say."""
        answer = self._lm.tokenize(texts.STORIES[0].encode() * 4, add_bos=False)
        self._evaluate(self._asked((), texts.STORIES[0]))
        start = time.perf_counter()
        for token in answer[:ANSWER_TOKENS]:
            self._lm.eval([token])
            llama_synchronize(self._lm.ctx)
        elapsed = time.perf_counter() - start
        return {"decode_tokens_s": len(answer[:ANSWER_TOKENS]) / elapsed}

    def history(self, size: int) -> Values:
        """A chat with ``size`` turns that were never seen, and the next message in it."""
        turns = texts.history(size, chat=next(self._chats))
        self._evaluate(self._asked((), texts.WARM_UP))
        start = time.perf_counter()
        self._evaluate(self._asked(turns, texts.SHORT))
        first = time.perf_counter()
        turns.append(Turn(texts.SHORT, texts.SHORT_ANSWER))
        self._evaluate(self._asked(turns, texts.SHORT))
        then = time.perf_counter()
        return {"ttft_ms": (first - start) * 1000, "next_ttft_ms": (then - first) * 1000}

    def _asked(self, history: Sequence[Turn], text: str) -> list[int]:
        question = prompts.reply_question(
            Asked(self._persona, text, Mood.NEUTRAL, tuple(history)), prompts.REPLY_CHARS
        )
        return self._ids([*prompts.reply_prefix(self._persona, Mood.NEUTRAL), *question])

    def _ids(self, turns: Sequence[ChatTurn]) -> list[int]:
        text = self._format(messages=list(turns)).prompt
        ids: list[int] = self._lm.tokenize(text.encode(), add_bos=False, special=True)
        return ids

    def _evaluate(self, ids: Sequence[int]) -> None:
        """Logits after the last of ``ids``; what they begin with as the last ones is kept."""
        pairs = zip(ids[:-1], self._kept, strict=False)
        num_kept = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))
        self._lm.n_tokens = num_kept
        self._lm.eval(ids[num_kept:])
        llama_synchronize(self._lm.ctx)
        self._kept = list(ids)

    def close(self) -> None:
        self._lm.close()


def fastest(gguf: Path, persona: Persona, *, threads: int) -> tuple[str, ...]:
    """Arguments of the settings that read moods fastest here."""
    found = []
    for flash_attn, n_batch in SETTINGS:
        peer = Peer(
            gguf, persona, threads=threads, context=1024, flash_attn=flash_attn, n_batch=n_batch
        )
        found.append((peer.mood_ms(texts.MOODS[:NUM_TRIED]), flash_attn, n_batch))
        peer.close()
    _, flash_attn, n_batch = min(found)
    return (*(["--flash-attn"] if flash_attn else []), "--n-batch", str(n_batch))


def _open(arguments: argparse.Namespace) -> Opened:
    config = settings.load(arguments.settings)
    persona = load(config.reply.persona)
    threads = arguments.threads or config.engine.threads or os.cpu_count() or 1
    if arguments.settle:
        return Opened({}, arguments=fastest(arguments.gguf, persona, threads=threads))
    peer = Peer(
        arguments.gguf,
        persona,
        threads=threads,
        context=8192 if arguments.long else 2048,
        flash_attn=arguments.flash_attn,
        n_batch=arguments.n_batch,
    )
    peer.read_mood(texts.WARM_UP)
    return Opened(peer.measures)


if __name__ == "__main__":
    parser = command_line()
    parser.add_argument("--gguf", type=Path, required=True)
    parser.add_argument("--flash-attn", action="store_true")
    parser.add_argument("--n-batch", type=int, default=512)
    serve(partial(_open, parser.parse_args()))
