"""The messages to measure replies by, through the real model: nothing leaves that must not."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

import settings
from engine.engine import Engine
from engine.mood import Mood
from engine.progress import SILENT
from handlers.claims import claim
from handlers.exchange import Exchange, Outcome, Source
from handlers.guard import check
from handlers.reply import Personas, ReplyStage
from handlers.sanitize import own_words
from tests.fakes import MemoryLedger, message

pytestmark = [pytest.mark.model, pytest.mark.timeout(3600)]

FOLDER = Path(__file__).parent.parent / "examples/replies"


def lines(name: str) -> list[dict[str, list[str]]]:
    text = (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def chats(step: int) -> list[Sequence[str]]:
    """Every ``step``-th message, each a chat of its own, and conversation."""
    alone = [[line["text"]] for line in lines("everyday")]
    return [*alone[::step], *(line["turns"] for line in lines("conversations")[::step])]  # type: ignore[list-item]


async def faults(engine: Engine, step: int, seed: int) -> list[str]:
    """What speaks against the replies to all of them; the text for distress is beyond it, and what
    a skill worked out is no claim.
    """
    personas, ledger = Personas.load(settings.Settings()), MemoryLedger()
    config, chance = settings.ReplySection(), random.Random(seed)  # noqa: S311
    stage, found = ReplyStage(engine, ledger, personas, config, chance=chance), []
    await engine.warm(personas.all(), [Mood.NEUTRAL])
    await engine.study(personas.all())
    for number, turns in enumerate(chats(step)):
        previous: str | None = None
        for text in turns:
            cleaned = own_words(text)
            asked = Exchange(message(text, chat_id=f"chat {number}"), cleaned=cleaned)
            done = await stage(replace(asked, reading=await engine.read_mood(cleaned)))
            assert done.reply is not None
            await ledger.record(replace(done, outcome=Outcome.SENT))
            said = done.reply.text
            if done.reply.name != "distress":
                fault = check(said, message=cleaned, previous=None, bot_name="一心", max_chars=200)
                made_up = done.reply.source is not Source.SKILL and claim(said, cleaned)
                wrong = fault or made_up or (said == previous and "said again")
                found += [f"{text} → {said}: {wrong}"] if wrong else []
            previous = said
    return found


def opened(model: str) -> Engine:
    config = settings.Settings(engine=settings.Engine(model=model, reply_timeout_s=300))
    return Engine.open(config, SILENT)


async def test_a_few_replies_are_fit_to_be_sent() -> None:
    """A few messages and a conversation: no fault that the guard knows, no claim, nothing twice."""
    engine = opened("bundled-small")
    try:
        assert [] == await faults(engine, step=50, seed=0)
    finally:
        engine.close()


@pytest.mark.hours
@pytest.mark.parametrize("model", ["bundled-small", "bundled"])
async def test_every_reply_is_fit_to_be_sent(model: str) -> None:
    """150 messages and 30 conversations, three times with other chances, with both models."""
    engine = opened(model)
    try:
        assert [] == [fault for seed in range(3) for fault in await faults(engine, 1, seed)]
    finally:
        engine.close()
