"""This engine in one precision, as a contender: ``python -m cli.bench.own --precision bf16``."""

from __future__ import annotations

import argparse
import asyncio
import io
import itertools
import json
import statistics
import time
from collections.abc import Coroutine, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import settings
from cli import logs
from cli.bench import texts
from cli.bench.figures import percentile
from cli.bench.serving import Measure, Opened, Values, command_line, serve
from cli.lines import moods_of
from cli.progress import TerminalProgress
from engine.engine import Engine
from engine.mood import Mood
from engine.persona import Persona, load
from engine.talk import Asked, Draft, Turn

#: Tokens of a measured answer, about those of an everyday one.
ANSWER_TOKENS = 32
#: Seconds for the writers of ``busy`` to be under way.
UNDER_WAY_S = 0.5


class Own:
    """Measures of an opened engine; each runs an event loop of its own."""

    def __init__(self, engine: Engine, persona: Persona, replies: Path) -> None:
        self._engine, self._persona, self._replies = engine, persona, replies
        self._chats = itertools.count()

    @property
    def measures(self) -> Mapping[str, Measure]:
        measures = (
            *(self.mood, self.decode, self.together, self.history),
            *(self.moods, self.busy, self.waiting, self.write, self.follow),
        )
        return {measure.__name__: partial(_run, measure) for measure in measures}

    async def mood(self, _: int = 0) -> Values:
        """Milliseconds from asking to the reading, the median of ten messages."""
        return {"mood_ms": await self._mood_ms()}

    async def decode(self, _: int) -> Values:
        """Tokens a second of one reply, from its prompt on and after its first."""
        draft = await self._reply(texts.STORIES[0])
        if draft.num_tokens < 2:
            return {}
        seconds = draft.total_s - draft.first_token_s
        return {
            "decode_tokens_s": (draft.num_tokens - 1) / seconds,
            "alone_tokens_s": draft.num_tokens / draft.total_s,
        }

    async def write(self, _: int) -> Values:
        """Replies of this precision to everyday lines, for all others to be compared with."""
        drafts = await asyncio.gather(*(self._reply(text) for text in texts.LINES))
        replies = {text: each.text for text, each in zip(texts.LINES, drafts, strict=True)}
        self._replies.write_text(json.dumps(replies), encoding="utf-8")
        return {"replies": len(replies)}

    async def follow(self, size: int) -> Values:
        """Likeliest tokens at ``size`` places of those replies, by the number of the place."""
        replies: dict[str, str] = json.loads(self._replies.read_text(encoding="utf-8"))
        found: list[int] = []
        for text, reply in replies.items():
            found += await self._engine.following(self._persona, text, reply, Mood.NEUTRAL)
        return {str(place): token for place, token in enumerate(found[:size])}

    async def together(self, size: int) -> Values:
        """Tokens a second of ``size`` replies asked for at once, their prompts included."""
        start = time.perf_counter()
        drafts = await asyncio.gather(*(self._reply(story) for story in texts.STORIES[:size]))
        elapsed = time.perf_counter() - start
        return {"together_tokens_s": sum(draft.num_tokens for draft in drafts) / elapsed}

    async def history(self, size: int) -> Values:
        """A chat with ``size`` turns that were never seen, the next message in it, and a mood."""
        turns = texts.history(size, chat=next(self._chats))
        first = await self._reply(texts.SHORT, turns)
        then = await self._reply(texts.SHORT, [*turns, Turn(texts.SHORT, first.text)])
        return {
            "ttft_ms": first.first_token_s * 1000,
            "next_ttft_ms": then.first_token_s * 1000,
            "then_mood_ms": await self._mood_ms(),
        }

    async def moods(self, size: int) -> Values:
        """Moods a second of ``size`` lines asked for at once."""
        start = time.perf_counter()
        await moods_of(self._engine, texts.LINES[:size])
        return {"moods_s": size / (time.perf_counter() - start)}

    async def busy(self, size: int) -> Values:
        """Milliseconds of a mood while ``size`` replies are being written all the time."""
        writers = [asyncio.create_task(self._write_on(number)) for number in range(size)]
        try:
            await asyncio.sleep(UNDER_WAY_S)
            mood_ms = await self._mood_ms()
            for writer in writers:
                if writer.done():  # else the figure would be one of an idle engine
                    writer.result()
        finally:
            for writer in writers:
                writer.cancel()
            await asyncio.gather(*writers, return_exceptions=True)
        return {"busy_mood_ms": mood_ms}

    async def waiting(self, size: int) -> Values:
        """Milliseconds of each mood, half and all but 5 %, of ``size`` chats that ask at once."""
        asked = itertools.islice(itertools.cycle(texts.LINES), size)
        readings = await asyncio.gather(*(self._engine.read_mood(text) for text in asked))
        taken = [reading.ms for reading in readings]
        return {"p50_ms": percentile(taken, 50), "p95_ms": percentile(taken, 95)}

    async def _mood_ms(self) -> float:
        await self._engine.read_mood(texts.WARM_UP)
        taken = []
        for text in texts.MOODS:
            start = time.perf_counter()
            await self._engine.read_mood(text)
            taken.append((time.perf_counter() - start) * 1000)
        return statistics.median(taken)

    async def _write_on(self, number: int) -> None:
        for story in itertools.islice(itertools.cycle(texts.STORIES), number, None):
            await self._reply(story)

    async def _reply(self, text: str, history: Sequence[Turn] = ()) -> Draft:
        asked = Asked(self._persona, text, Mood.NEUTRAL, tuple(history))
        [draft] = await self._engine.drafts(asked, 1)
        return draft


def _run(measure: Any, size: int) -> Values:
    coroutine: Coroutine[Any, Any, Values] = measure(size)
    return asyncio.run(coroutine)


def configured(
    config: settings.Settings, *, precision: str, threads: int, is_long: bool
) -> settings.Settings:
    """The user's settings, with greedy replies of one length that nothing cuts short.

    Args:
        threads: Of the model; 0 leaves what the settings say.
        is_long: With room for prompts of thousands of tokens. Not always, for an engine may
            reserve memory by these bounds.
    """
    own = config.engine
    engine = own.model_copy(
        update={
            "precision": precision,
            "threads": threads or own.threads,
            "temperature": 0.0,
            "repetition_penalty": 1.0,
            "max_new_tokens": ANSWER_TOKENS,
            "max_prompt_tokens": max(own.max_prompt_tokens, 12_288 if is_long else 1536),
            "max_waiting": 1000,
            "mood_timeout_s": 600.0,
            "reply_timeout_s": 600.0,
        }
    )
    history_tokens = max(config.reply.history_tokens, 8192 if is_long else 1024)
    reply = config.reply.model_copy(update={"history_tokens": history_tokens})
    return config.model_copy(update={"engine": engine, "reply": reply})


def _open(arguments: argparse.Namespace) -> Opened:
    config = configured(
        settings.load(arguments.settings),
        precision=arguments.precision,
        threads=arguments.threads,
        is_long=arguments.long,
    )
    logs.set_up(config)
    # Fetching and converting are worth a line; after the first start there is nothing to tell.
    progress = TerminalProgress(None if arguments.settle else io.StringIO())
    engine = Engine.open(config, progress)
    # No measure looks up a bank, and reading one takes minutes in each precision.
    persona = load(config.reply.persona).model_copy(update={"pairs": ()})
    own = Own(engine, persona, arguments.replies)
    asyncio.run(engine.read_mood(texts.WARM_UP))
    if arguments.settle:
        asyncio.run(engine.warm([persona], [Mood.NEUTRAL]))
    return Opened(own.measures, {"model": engine.facts.name, "precision": engine.facts.precision})


if __name__ == "__main__":
    parser = command_line()
    parser.add_argument("--precision", required=True)
    parser.add_argument("--replies", type=Path, help="file of replies that precisions share")
    serve(partial(_open, parser.parse_args()))
