"""The same message again, old messages, and sends that fail after the text has left."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from handlers.exchange import Gate, Outcome
from tests import house
from tests.house import Scene
from wechat.puppet import InProcessPuppet, Sent


@pytest.mark.parametrize("starts", [5, pytest.param(20, marks=pytest.mark.soak)])
async def test_a_message_replayed_at_every_start_is_answered_once(
    tmp_path: Path, starts: int
) -> None:
    """The same id five times in each of 20 starts: one reply and one row in all (trap 2)."""
    settings, sends = house.config(tmp_path), Counter[str]()

    async def play(scene: Scene) -> None:
        for _ in range(5):
            scene.write("alice", "在吗", message_id="again")
        await scene.until_ended(scene.write("bob", message_id=f"after-{time.monotonic()}"))

    for _ in range(starts):
        sends += (await house.live(settings, play)).sends()
    rows = house.records(settings)

    assert sends == {"alice": 1, "bob": starts}
    assert len(rows) == 1 + starts
    assert rows["again"].outcome == Outcome.SENT


@pytest.mark.parametrize("number", [200, pytest.param(1000, marks=pytest.mark.soak)])
async def test_a_backlog_has_its_rows_and_no_answer(tmp_path: Path, number: int) -> None:
    """1,000 messages older than the limit: 1,000 rows that say stale, 0 replies (trap 2)."""
    settings = house.config(tmp_path)

    async def play(scene: Scene) -> None:
        sent_at = time.time() - settings.answer.max_age_s - 1
        await scene.until_ended(
            *(scene.write(f"p{n % 50}", str(n), sent_at=sent_at - n) for n in range(number))
        )

    scene = await house.live(settings, play)
    rows = house.records(settings).values()

    assert Counter(row.gate for row in rows) == {Gate.STALE: number}
    assert scene.sends() == {}


class LosesAnswers(InProcessPuppet):
    """Every text goes out, and the call fails afterwards, as ``say`` does upstream."""

    async def message_send_text(
        self, conversation_id: str, message: str, mention_ids: Sequence[str] | None = None
    ) -> str:
        sent = Sent(f"out-{self.outbox.qsize()}", conversation_id, message)
        self.outbox.put_nowait(sent)
        raise TimeoutError("the text went out, its answer did not come back")


@pytest.mark.parametrize("number", [40, pytest.param(200, marks=pytest.mark.soak)])
async def test_sends_that_fail_after_delivery_are_never_repeated(
    tmp_path: Path, number: int
) -> None:
    """200 of them, replayed at the next start: 200 uncertain, each said once (trap 16)."""
    settings, sends = house.config(tmp_path), Counter[str]()

    async def play(scene: Scene) -> None:
        ids = [scene.write(f"p{n}", message_id=f"m{n}") for n in range(number)]
        if sends:
            ids = [scene.write("last", message_id="last")]
        await scene.until_ended(*ids)

    for _ in range(2):
        sends += (await house.live(settings, play, puppet=LosesAnswers())).sends()
    rows = house.records(settings)
    print(f"{number} sends that fail after delivery: {sends.total() - 1} texts, all uncertain")

    assert sends == {f"p{n}": 1 for n in range(number)} | {"last": 1}
    assert {row.outcome for row in rows.values()} == {Outcome.UNCERTAIN}
    assert len(rows) == number + 1


async def test_a_moved_clock_neither_loses_nor_repeats(tmp_path: Path) -> None:
    """Messages dated a day ago, now, and in a year, as after a jump of either clock: all on record.

    What seems old is left alone, what seems to come from the future is answered; and the same
    again at another date is still the same.
    """
    settings, day = house.config(tmp_path), 86_400.0
    shifts = {"now": 0.0, "yesterday": -day, "tomorrow": day, "next-year": 365 * day, "back": 0.0}

    async def play(scene: Scene) -> None:
        for name, shift in shifts.items():
            scene.write(name, message_id=name, sent_at=time.time() + shift)
        await scene.until_ended(*shifts)
        for name in shifts:
            scene.write(name, message_id=name, sent_at=time.time())
        await scene.until_ended(scene.write("last", message_id="last"))

    scene = await house.live(settings, play)
    rows = house.records(settings)

    assert scene.sends() == {name: 1 for name in (*shifts, "last") if name != "yesterday"}
    assert list(rows) == [*shifts, "last"]
    assert rows["yesterday"].gate == Gate.STALE
