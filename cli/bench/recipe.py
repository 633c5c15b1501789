"""The article's way, as a contender: transformers in fp32, ``generate``, a call a message.

An instruction without examples, and the mood is a word that the model writes.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import settings
from cli.bench import texts
from cli.bench.serving import Measure, Opened, Values, command_line, serve
from cli.child.article import Article
from engine import prompts
from engine.mood import Mood
from engine.persona import Persona, load
from engine.prompts import ChatTurn
from engine.talk import Asked, Turn

#: What the article allows the word.
MOOD_TOKENS = 10
ANSWER_TOKENS = 24


class Clock:
    """Notes when each token came. A streamer of transformers': it is handed the prompt first."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def put(self, value: Any) -> None:
        self.times.append(time.perf_counter())

    def end(self) -> None:
        pass


class Recipe:
    """Measures of the model as transformers loads it."""

    def __init__(self, article: Article, persona: Persona) -> None:
        self._article, self._persona = article, persona
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
        question = prompts.reply_question(
            Asked(self._persona, text, Mood.NEUTRAL, tuple(history)), prompts.REPLY_CHARS
        )
        turns = [*prompts.reply_prefix(self._persona, Mood.NEUTRAL), *question]
        return self._generate(turns, num_tokens)

    def _generate(self, turns: Sequence[ChatTurn], num_tokens: int) -> list[float]:
        """When the prompt and each token of the answer were there."""
        clock = Clock()
        self._article.generate(turns, num_tokens, do_sample=False, streamer=clock)
        return clock.times


def _open(arguments: argparse.Namespace) -> Opened:
    config = settings.load(arguments.settings)
    article = Article.open(config.engine, threads=arguments.threads, is_silent=not arguments.settle)
    recipe = Recipe(article, load(config.reply.persona))
    recipe.read_mood(texts.WARM_UP)
    return Opened(recipe.measures, {"model": article.name, "precision": "fp32"})


if __name__ == "__main__":
    serve(partial(_open, command_line().parse_args()))
