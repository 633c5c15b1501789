"""What the rule over moods finds in messages written by hand, none of which it was fitted on."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

import ruleset
import settings
from cli.lines import moods_of
from engine.engine import Engine
from engine.executor import InferenceExecutor
from engine.model import Model
from engine.mood import Reading
from handlers.exchange import Action, Exchange, Outcome
from handlers.mood import said as plain
from handlers.policy import judge
from moderation.heat import Heat
from moderation.target import Aims, Seen
from tests.fakes import NOW, Clock
from tests.group_lines import ID_OF, Line, Room, exchange_of, read_lines, room_before
from tests.moderated import House, house

pytestmark = [pytest.mark.model, pytest.mark.timeout(900)]

GROUPS = Path(__file__).resolve().parent / "messages" / "groups"
ORDINARY = read_lines(GROUPS / "ordinary.jsonl")
ATTACKS = read_lines(GROUPS / "attacks.jsonl")
NOTE_AT = ruleset.Moderation().note_at
HOURS = 4


@pytest.fixture(scope="module")
def readings(small_model: Model) -> dict[str, Reading]:
    """How the mood stage reads the messages of both files, by what it reads of them."""
    engine = Engine(small_model, settings.Settings(), InferenceExecutor(max_waiting=64))
    known = Aims(Room.of_all(NOW))
    said = [exchange_of(line) for line in (*ORDINARY, *ATTACKS)]
    said += [exchange_of(line, text=line.then) for line in ATTACKS if line.then]
    # As they are read where nobody is known by name yet, and where all are.
    texts = [words(exchange) for exchange in said for words in (plain, known.words)]
    texts = list(dict.fromkeys(texts))
    read = asyncio.run(moods_of(engine, texts))
    engine.close()
    return dict(zip(texts, read, strict=True))


def points(exchange: Exchange, aims: Aims, readings: dict[str, Reading]) -> float:
    """What one message adds to its writer's, after all that the judge spares."""
    verdict = judged(exchange, aims, readings).verdict
    return verdict.points if verdict else 0.0


def judged(exchange: Exchange, aims: Aims, readings: dict[str, Reading]) -> Exchange:
    read = replace(aims.hear(exchange), reading=readings[aims.words(exchange)])
    return judge([Heat(aims, note_at=NOTE_AT)])(read)


def attack(line: Line, readings: dict[str, Reading]) -> tuple[float, float]:
    """Points of an attack's first message, and of what was said after it."""
    aims = Aims(room_before(line))
    first = points(exchange_of(line), aims, readings)
    if not line.then:
        return first, 0.0
    return first, points(exchange_of(line, NOW + 30, line.then), aims, readings)


async def talk(one: House, readings: dict[str, Reading]) -> None:
    """All ordinary messages as one afternoon of the room, in their order."""
    aims = Aims(one.recent)
    for line in ORDINARY:
        one.clock.pass_by(HOURS * 3600 / len(ORDINARY))
        exchange = one.recent.hear(exchange_of(line, one.clock()))
        await one.audit.receive(exchange)
        ended = await one.moderator.stage(judged(exchange, aims, readings))
        await one.audit.record(replace(ended, outcome=Outcome.SILENT))


async def test_a_busy_room_is_never_spoken_to(tmp_path: Path, readings: dict[str, Reading]) -> None:
    """200 ordinary messages of twelve people in four hours: no step but notes, which nobody hears.

    Complaints about work, football, swearing at nobody, teasing among friends, quoted insults.
    """
    async with house(tmp_path, Clock(NOW)) as one:
        await talk(one, readings)
        taken = Counter(await one.actions())
    print(f"\n200 ordinary messages in {HOURS} hours: {dict(taken)}")

    assert set(taken) <= {Action.NOTE}
    assert taken[Action.NOTE] <= 6


def test_hardly_an_ordinary_message_is_noted_by_itself(readings: dict[str, Reading]) -> None:
    """Each alone, after somebody else wrote: at most one in thirty is a note, none is worth 2."""
    found = {}
    for line in ORDINARY:
        room = Room.of_all(NOW)
        room.heard(next(name for name in ID_OF if name != line.by), NOW - 30)
        found[line.text] = points(exchange_of(line), Aims(room), readings)
    noted = {text: worth for text, worth in found.items() if worth >= NOTE_AT}
    print(f"\n200 ordinary messages alone: {len(noted)} noted", *noted.items(), sep="\n  ")

    assert len(noted) <= len(ORDINARY) / 30
    assert max(found.values()) < 2.0


def test_most_attacks_on_a_member_are_noticed(readings: dict[str, Reading]) -> None:
    """Of 60 attacks at least 40 within one message, and 48 with what is said next."""
    worth = [attack(line, readings) for line in ATTACKS]
    at_once = sum(first >= NOTE_AT for first, _ in worth)
    noticed = sum(first + then >= NOTE_AT for first, then in worth)
    print(f"\n{len(ATTACKS)} attacks: {noticed} noticed, {at_once} within one message")

    assert at_once >= 40
    assert noticed >= 48


def test_it_is_known_who_is_attacked() -> None:
    """By mention, name, quotation or 你 after somebody's message: 58 of 60 at least."""
    aimed = [aim_of(line, room_before(line)) == ID_OF[line.to] for line in ATTACKS]

    assert sum(aimed) >= 58


def aim_of(line: Line, seen: Seen) -> str:
    return Aims(seen).of(exchange_of(line)).person_id
