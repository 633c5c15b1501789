"""audit report: what was or would have been done, what admins said, and what follows from that."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.audit import app
from handlers.audit.conduct import ConductStore
from handlers.audit.log import AuditLog
from handlers.audit.marks import GOAL, LEAST, Marked, Precision, num_missing, threshold
from handlers.conduct import Evidence, Mark, Step, StepState
from handlers.exchange import Action, Exchange, Gate
from tests.command_line import CommandLine
from tests.fakes import room_message
from tests.keepings import RUN, place_of

DAY_S = 86_400.0


def marks(*pairs: tuple[float, bool]) -> list[Marked]:
    return [Marked(points, is_right) for points, is_right in pairs]


@pytest.mark.parametrize(
    ("right", "marked", "low", "high"),
    [(0, 1, 0.0, 0.793), (1, 1, 0.207, 1.0), (8, 10, 0.490, 0.943), (95, 100, 0.888, 0.978)],
)
def test_the_interval_is_wilsons(right: int, marked: int, low: float, high: float) -> None:
    """It agrees with published values, and never says that a few marks settle anything."""
    assert (low, high) == pytest.approx(Precision(right, marked).interval, abs=1e-3)


def test_without_marks_there_is_no_precision() -> None:
    """Nothing of nothing is no figure."""
    assert (None, None) == (Precision().share, Precision().interval)


def test_the_threshold_is_the_lowest_that_reaches_the_goal() -> None:
    """Of 30 marked steps the wrong ones have few points; from 4 on, one of 20 was wrong."""
    low = [(3.0 + n / 100, n % 2 == 0) for n in range(10)]
    high = [(4.0 + n / 100, n != 7) for n in range(20)]
    found = threshold(marks(*low, *high))

    assert found is not None
    assert (4.0, Precision(19, 20)) == (found.points, found.precision)


def test_steps_of_the_same_points_stand_or_fall_together() -> None:
    """No number of points tells them apart."""
    assert threshold(marks(*[(5.0, True)] * 19, *[(5.0, False)] * 2)) is None


def test_few_marks_give_no_threshold() -> None:
    """Nineteen that are all right may be luck; it is said how many more it takes."""
    few = marks(*[(5.0, True)] * (LEAST - 1))

    assert threshold(few) is None
    assert 1 == num_missing(few)
    assert 0 == num_missing([*few, *few])


@given(st.lists(st.tuples(st.sampled_from([1.0, 2.0, 3.0, 4.0]), st.booleans()), max_size=90))
def test_what_is_found_holds(pairs: list[tuple[float, bool]]) -> None:
    """A threshold reaches the goal on enough marks, and no lower one does."""
    given = marks(*pairs)
    found = threshold(given)

    def reaches(points: float) -> bool:
        kept = Precision.of(one for one in given if one.points >= points)
        return kept.marked >= LEAST and kept.right >= GOAL * kept.marked

    levels = sorted({one.points for one in given})
    expected = next((points for points in levels if reaches(points)), None)
    assert expected == (found and found.points)


def step(at: float, points: float = 3.2, **fields: object) -> Step:
    taken = Step(
        room_id="room@chatroom",
        room_name="同学群",
        person_id="hong",
        person_name="小红",
        at=at,
        action=Action.WARN,
        rule="heat",
        detail="",
        points=points,
        mode="shadow",
        state=StepState.WOULD,
        exchange_id="e-1",
    )
    return replace(taken, **fields)  # type: ignore[arg-type]


async def plant(audit: CommandLine, steps: Iterable[tuple[Step, Mark | None]]) -> None:
    async with await AuditLog.open(audit.place, RUN) as log:
        store = ConductStore(log)
        for one, mark in steps:
            number = await store.take(one)
            if mark:
                await store.mark(number, mark, "admin", one.at)


async def plant_messages(audit: CommandLine, now: float) -> None:
    """Four texts in the group, two of them noticed, one of those forgiven."""
    async with await AuditLog.open(audit.place, RUN, clock=lambda: now) as log:
        store = ConductStore(log)
        for number in range(4):
            exchange = Exchange(room_message(f"第{number}句"), cleaned=f"第{number}句")
            await log.record(exchange.stopped(Gate.NOT_ADDRESSED))
            if number < 2:
                found = Evidence(exchange.id, "room@chatroom", "ming", "", now, "heat", 1.2)
                await store.add(found, replace(found, rule="flood"))
        (first, *_) = await store.evidence_since(0.0)
        await store.forgive_exchange(first.exchange_id, now)


@pytest.fixture
def audit(tmp_path: Path) -> CommandLine:
    """``audit`` of a bot that watched two groups for a week, and of one step long before."""
    line, now = CommandLine(app, "audit", tmp_path), time.time() - 60
    asyncio.run(plant_messages(line, now))
    other = {"room_id": "work@chatroom", "room_name": "项目群", "mode": "warn"}
    steps = [
        (step(now - 30 * DAY_S), Mark.WRONG),
        (step(now, 3.1), Mark.WRONG),
        (step(now, 3.5), Mark.RIGHT),
        (step(now, 1.2, action=Action.NOTE, person_id="ming", person_name="小明"), Mark.WRONG),
        (step(now, 4.4, action=Action.CALM, other_id="ming"), Mark.RIGHT),
        (step(now, 5.5, action=Action.ALERT, **other, state=StepState.DONE), None),
        (step(now, 5.6, action=Action.ALERT, **other, state=StepState.FAILED), None),
    ]
    asyncio.run(plant(line, steps))
    return line


def test_the_report_counts_what_would_have_been_done(audit: CommandLine) -> None:
    """By action, rule and person, in each room, with marks; what is older is not in it."""
    said = audit("report").out.splitlines()

    rows = [" ".join(line.split()) for line in said]
    assert "同学群, since" in rows[0]
    assert [
        "4 messages, 2 noticed, 1 of them forgiven",
        "step rule who would done due failed right wrong",
        "warn heat 小红 (hong) 2 1 1",
        "calm heat 小红 (hong) 1 1",
        "note heat 小明 (ming) 1 1",
        "precision: 2 of 3 marked steps right, 67% (21% to 94%)",
        "95% right: too few marks to say from how many points on; 17 more at least, "
        "by /right and /wrong",
    ] == rows[1:8]
    assert "项目群, since" in rows[9]
    assert "alert heat 小红 (hong) 1 1" in rows
    assert "precision: no step was marked yet" in rows
    assert "all rooms" in rows


def test_a_room_is_asked_for_by_id_or_part_of_its_name(audit: CommandLine) -> None:
    """Only that one is shown; one that had nothing is an error with a way out."""
    by_id, by_name = audit("report", "--room", "work@chatroom"), audit("report", "--room", "项目")

    assert by_id.out == by_name.out
    assert "同学群" not in by_id.out
    assert "all rooms" not in by_id.out
    assert "without --room all are shown" in audit("report", "--room", "家", exit_code=1).err


def test_the_period_is_what_since_says(audit: CommandLine) -> None:
    """A month has the old step too, the last second nothing at all."""
    assert "3 marked steps right" not in audit("report", "--since", "60d").out
    assert "2 of 4 marked steps right" in audit("report", "--since", "60d").out
    assert "nothing was noticed in any room" in audit("report", "--since", "1s").err


def test_the_report_as_json(audit: CommandLine) -> None:
    """All figures, for programs: steps by state, marks, interval, and no threshold yet."""
    told = json.loads(audit("report", "--json").out)

    room = told["rooms"][0]
    assert ("同学群", 4, 2, 1) == (
        room["name"],
        room["num_messages"],
        room["num_noticed"],
        room["num_forgiven"],
    )
    assert {
        "action": "warn",
        "rule": "heat",
        "person": "小红 (hong)",
        "states": {"would": 2},
        "right": 1,
        "wrong": 1,
    } == room["lines"][0]
    judged = room["judged"]
    assert (2, 3, 17, None) == (
        judged["precision"]["right"],
        judged["precision"]["marked"],
        judged["num_missing"],
        judged["threshold"],
    )
    assert pytest.approx([0.208, 0.939], abs=1e-3) == judged["precision"]["interval"]
    assert 3 == told["judged"]["precision"]["marked"]


def test_enough_marks_give_a_threshold(tmp_path: Path) -> None:
    """From 4 points on all of 20 were right, and the report says so; JSON too."""
    line, now = CommandLine(app, "audit", tmp_path), time.time() - 60
    planted = [(step(now, 3.0), Mark.WRONG)] * 5 + [(step(now, 4.0), Mark.RIGHT)] * 20
    asyncio.run(plant(line, planted))

    expected = "95% right from 4.00 points on: 20 of 20 marked steps right, 100% (84% to 100%)"
    assert expected in line("report").out
    told = json.loads(line("report", "--json").out)
    assert 1.0 == told["judged"]["threshold"]["precision"]["share"]


def test_no_threshold_helps_where_steps_are_wrong_throughout(tmp_path: Path) -> None:
    """With marks enough and every second one wrong, it is said that no points would do."""
    line, now = CommandLine(app, "audit", tmp_path), time.time() - 60
    both = [(step(now, 3.0 + n / 10), mark) for n in range(15) for mark in Mark]
    asyncio.run(plant(line, both))

    assert "from no number of points on that 20 marked steps have" in line("report").out


def test_people_are_codes_where_names_are_not_kept(tmp_path: Path) -> None:
    """The same codes as in 'audit list', for rooms too; either form of an id finds the room."""
    line, now = CommandLine(app, "audit", tmp_path), time.time() - 60
    line.place = line.place.model_copy(update={"pseudonyms": True})
    asyncio.run(plant(line, [(step(now), None)]))
    told = json.loads(line("report", "--json").out)["rooms"][0]

    assert told["room_id"].startswith("code:")
    assert told["lines"][0]["person"].startswith("code:")
    assert (
        line("report", "--room", "room@chatroom").out
        == line("report", "--room", told["room_id"]).out
    )


def test_hostile_names_are_shown_as_what_they_are(tmp_path: Path) -> None:
    """A name cannot steer the terminal, nor pass for markup."""
    line, now = CommandLine(app, "audit", tmp_path), time.time() - 60
    hostile = step(now, person_name="[red]\x1b[2J", room_name="群\u202e[bold]")
    asyncio.run(plant(line, [(hostile, None)]))
    said = line("report", terminal=120).out

    assert "\x1b[2J" not in said
    assert "[red]\\x1b[2J (hong)" in said
    assert "群\\u202e[bold]" in said


@pytest.mark.parametrize("way", ["plain", "coded"])
def test_show_tells_what_a_message_led_to(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its points, to whom it was said, whether that was forgiven, and the steps with marks."""
    line = CommandLine(app, "audit", tmp_path)
    line.place = place_of(way, tmp_path, monkeypatch)

    async def plant_one() -> str:
        async with await AuditLog.open(line.place, RUN) as log:
            exchange = Exchange(room_message("你有病吧"))
            await log.record(exchange.stopped(Gate.NOT_ADDRESSED))
            store = ConductStore(log)
            found = Evidence(exchange.id, "room@chatroom", "ming", "wxid_hong", 5.0, "heat", 1.5)
            await store.add(found, replace(found, rule="flood", target_id=""))
            await store.forgive_exchange(exchange.id, 6.0)
            number = await store.take(step(5.0, exchange_id=exchange.id))
            await store.mark(number, Mark.WRONG, "admin", 6.0)
            return exchange.id

    rows = [" ".join(row.split()) for row in line("show", asyncio.run(plant_one())).out.split("\n")]

    assert "noticed 1.5 points by rule flood, forgiven" in rows
    assert "step #1 warn, would, at 3.2 points, called wrong by an admin" in rows
    (told,) = (row for row in rows if "rule heat" in row)
    assert (way == "plain") == ("said to wxid_hong, forgiven" in told)
    assert (way == "coded") == ("said to code:" in told)
