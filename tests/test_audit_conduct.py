"""Evidence and steps in the audit log: plain, sealed, and with codes for ids."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine.mood import Mood
from handlers.audit.conduct import ConductStore
from handlers.audit.log import AuditLog
from handlers.conduct import Evidence, Mark, Shown, Step, StepState
from handlers.exchange import Action, Exchange
from settings import Audit
from tests.fakes import reading, room_message
from tests.keepings import RUN, WAYS, place_of

ROOM, HONG, GANG = "room-wutong@chatroom", "wxid_hong", "wxid_gang"


@pytest.fixture(params=WAYS)
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Audit:
    return place_of(request.param, tmp_path, monkeypatch)


@pytest.fixture
async def log(place: Audit) -> AsyncIterator[AuditLog]:
    async with await AuditLog.open(place, RUN) as log:
        yield log


@pytest.fixture
def store(log: AuditLog) -> ConductStore:
    return ConductStore(log)


def heat(exchange_id: str, at: float, points: float = 1.5, **fields: object) -> Evidence:
    """What 小红 wrote to 小刚."""
    found = Evidence(exchange_id, ROOM, HONG, GANG, at, "heat", points)
    return replace(found, **fields)  # type: ignore[arg-type]


def warned(at: float, **fields: object) -> Step:
    step = Step(
        room_id=ROOM,
        room_name="梧桐群",
        person_id=HONG,
        person_name="小红",
        at=at,
        action=Action.WARN,
        rule="heat",
        detail="3.2 points",
        points=3.2,
        mode="shadow",
        state=StepState.WOULD,
        exchange_id="e-1",
    )
    return replace(step, **fields)  # type: ignore[arg-type]


async def test_evidence_counts_until_it_is_forgiven(store: ConductStore) -> None:
    """What is not forgiven comes back by its age; forgiving says how much it was, once."""
    await store.add(heat("e-1", 1.0), heat("e-2", 2.0), heat("e-3", 3.0, person_id=GANG))
    await store.add(heat("e-4", 4.0, room_id="other"), heat("e-4", 4.0, rule="flood", points=0.5))
    await store.add()

    found = await store.evidence_since(2.0)
    assert ["e-2", "e-3", "e-4", "e-4"] == [one.exchange_id for one in found]
    assert heat("e-2", 2.0, id=found[0].id) == found[0]

    assert 3 == await store.forgive(ROOM, HONG, 9.0)
    assert 0 == await store.forgive(ROOM, HONG, 9.0)
    assert ["e-3", "e-4"] == [one.exchange_id for one in await store.evidence_since(0.0)]

    assert 1 == await store.forgive_exchange("e-4", 9.0)
    assert ["e-3"] == [one.exchange_id for one in await store.evidence_since(0.0)]
    assert 2 == await store.charge_exchange("e-4")
    assert 3 == len(await store.evidence_since(0.0))


async def test_evidence_is_shown_with_its_message(store: ConductStore, log: AuditLog) -> None:
    """Text and mood stand beside the points; of a message that is gone, the points alone."""
    message = room_message("你就是个废物", chat_id=ROOM, talker_id=HONG, talker_name="小红")
    angry = replace(Exchange(message), cleaned=message.text, reading=reading(Mood.ANGRY, 0.9))
    await log.record(angry)
    await store.add(heat(angry.id, 5.0), heat("gone", 6.0), heat("old", 1.0))
    await store.forgive_exchange("gone", 7.0)

    said = Shown(angry.id, 5.0, "heat", 1.5, GANG, Mood.ANGRY, 0.9, None, message.text)
    gone = Shown("gone", 6.0, "heat", 1.5, GANG, None, None, None, "", is_forgiven=True)
    assert (said,) == await store.shown(ROOM, HONG, 2.0)
    assert (said, gone) == await store.shown(ROOM, HONG, 2.0, with_forgiven=True)
    assert (gone,) == await store.shown_of("gone")
    assert () == await store.shown(ROOM, GANG, 0.0)


async def test_a_step_comes_back_as_it_was_taken(place: Audit) -> None:
    """With its ids, after a restart too; its names stay away where ids are codes."""
    step = warned(1.0, other_id=GANG)
    async with await AuditLog.open(place, RUN) as log:
        number = await ConductStore(log).take(step)
    async with await AuditLog.open(place, RUN) as log:
        found = await ConductStore(log).step(number)
        missing = await ConductStore(log).step(number + 1)

    nameless = {"room_name": "", "person_name": ""} if place.pseudonyms else {}
    assert replace(step, id=number, **nameless) == found  # type: ignore[arg-type]
    assert missing is None


async def test_how_far_a_step_got_is_kept(store: ConductStore) -> None:
    """What is due is found until it is done or failed; its notice and its mark are kept."""
    first, second, _ = [await store.take(warned(at, state=StepState.DUE)) for at in (1, 2, 3)]
    await store.put(first, StepState.DUE, "notice")
    await store.put(first, StepState.DONE)
    await store.put(second, StepState.FAILED)
    await store.mark(first, Mark.WRONG, "wxid_admin", 5.0)
    await store.mark(second, Mark.RIGHT, "wxid_admin", 5.0)
    await store.mark(second, None, "wxid_admin", 6.0)

    assert [3.0] == [step.at for step in await store.due()]
    steps = await store.steps(0.0)
    assert [
        (StepState.DUE, "", None),
        (StepState.FAILED, "", None),
        (StepState.DONE, "notice", Mark.WRONG),
    ] == [(step.state, step.notice_id, step.mark) for step in steps]


async def test_steps_are_found_by_room_and_person(store: ConductStore) -> None:
    """The newest first; a person's are those about them and those with them as the other side."""
    await store.take(warned(1.0))
    await store.take(warned(2.0, person_id=GANG, other_id=HONG, action=Action.CALM))
    await store.take(warned(3.0, room_id="other", person_id=GANG))

    async def times(**asked: object) -> list[float]:
        return [step.at for step in await store.steps(0.0, **asked)]  # type: ignore[arg-type]

    assert [3.0, 2.0, 1.0] == await times()
    assert [2.0, 1.0] == await times(room_id=ROOM)
    assert [2.0, 1.0] == await times(person_id=HONG)
    assert [2.0] == await times(room_id=ROOM, person_id=GANG)
    assert [3.0] == await times(limit=1)
    assert [3.0] == [step.at for step in await store.steps(3.0)]
