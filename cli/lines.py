"""``mood`` and ``reply``: one message a line in, one answer a line out."""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, BinaryIO

from cli.alone import Alone
from cli.progress import TerminalProgress
from engine.engine import Engine
from engine.mood import Reading
from handlers.exchange import Reply, Source
from handlers.reply import Personas
from handlers.sanitize import own_words
from settings import Settings

#: Lines read ahead: enough to fill batches, few enough that memory never grows.
WINDOW = 64

#: What a reader of the answers calls a prepared line.
SOURCES = {Source.CANNED: "safe line"}

#: What a line without anything readable gets.
NOTHING = Reading.unknown()


def read_moods(config: Settings, *, as_json: bool) -> None:
    """Print the mood of each line on stdin, in order."""
    progress = TerminalProgress()
    engine = Engine.open(config, progress)
    try:
        with progress.task("Reading moods", None, "lines") as advance:
            for texts in windows(read_lines(sys.stdin.buffer), WINDOW):
                readings = asyncio.run(moods_of(engine, texts))
                for text, reading in zip(texts, readings, strict=True):
                    _print(_mood_fields(text, reading), as_json)
                advance(len(texts))
    finally:
        engine.close()


def write_replies(config: Settings, *, as_json: bool) -> None:
    """Print a reply to each line on stdin, each by itself."""
    progress = TerminalProgress()
    personas = Personas.load(config)
    engine = Engine.open(config, progress)
    alone = Alone(engine, personas, config)
    try:
        with progress.task("Warming up", None):
            asyncio.run(alone.warm())
        with progress.task("Writing replies", None, "lines") as advance:
            for text in read_lines(sys.stdin.buffer):
                _print(asyncio.run(_reply_fields(alone, text)), as_json)
                advance(1)
    finally:
        engine.close()


def read_lines(stream: BinaryIO) -> Iterator[str]:
    """Lines of a byte stream, split at LF alone; what is no UTF-8 becomes U+FFFD."""
    for line in stream:
        yield line.decode("utf-8", errors="replace").rstrip("\r\n")


def windows(lines: Iterable[str], size: int) -> Iterator[list[str]]:
    """Lists of ``size`` lines, the last one perhaps shorter."""
    lines = iter(lines)
    while window := list(itertools.islice(lines, size)):
        yield window


async def moods_of(engine: Engine, texts: Sequence[str]) -> list[Reading]:
    """Readings of texts as they were sent, in order; a quotation in one is not its writer's mood.

    Batches are of like length, to waste no padding.
    """
    cleaned = [own_words(text) for text in texts]
    order = sorted((i for i, text in enumerate(cleaned) if text), key=lambda i: len(cleaned[i]))
    read = await engine.read_moods([cleaned[i] for i in order])
    found = dict(zip(order, read, strict=True))
    return [found.get(i, NOTHING) for i in range(len(texts))]


def _mood_fields(text: str, reading: Reading) -> dict[str, Any]:
    return {
        "text": text,
        "mood": reading.mood,
        "sentiment": reading.sentiment,
        "polarity": round(reading.polarity, 4),
        "offence": None if reading.offence is None else round(reading.offence, 4),
        "confidence": round(reading.confidence, 4),
        "scores": {mood: round(score, 4) for mood, score in reading.scores.items()},
        "unsure": reading.unsure,
        "distress": reading.distress,
        "ms": round(reading.ms, 1),
    }


async def _reply_fields(alone: Alone, text: str) -> dict[str, Any]:
    start = time.perf_counter()
    exchange = await alone.answer(text)
    reply = exchange.reply or Reply("", Source.CANNED)
    return {
        "text": text,
        "mood": exchange.reading.mood if exchange.reading else None,
        "reply": reply.text,
        "ms": round((time.perf_counter() - start) * 1000, 1),
        "tokens": reply.num_tokens,
        **_chosen_fields(reply),
    }


def _chosen_fields(reply: Reply) -> dict[str, Any]:
    """Where the words come from, and what else might have been said."""
    return {
        "source": SOURCES.get(reply.source, reply.source),
        "name": reply.name,
        "score": reply.score,
        "candidates": [
            {
                "text": one.text,
                "source": one.source,
                "score": one.score,
                "fault": one.fault,
            }
            for one in reply.candidates
        ],
    }


def _print(fields: dict[str, Any], as_json: bool) -> None:
    """JSON is ASCII-escaped: one line stays one line whatever a message holds."""
    if as_json:
        print(json.dumps(fields), flush=True)
        return
    shown = {"mood": fields["mood"], "reply": fields.get("reply"), "ms": f"{fields['ms']:.0f} ms"}
    if "confidence" in fields:
        shown["mood"] = f"{fields['mood']} {fields['confidence']:.2f}"
    print("\t".join([*(v for v in shown.values() if v), fields["text"]]), flush=True)
