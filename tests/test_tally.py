from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from handlers.conduct import Evidence
from moderation.tally import LIFE, MAX_IN_ROOM, MAX_ROOMS, Tally
from tests.fakes import NOW, Clock

HALF_LIFE_S = 1800.0


def evidence(points: float = 2.0, at: float = NOW, **fields: object) -> Evidence:
    """Heat of 甲 at 乙 in a room, unless ``fields`` say otherwise."""
    defaults: dict[str, object] = {
        "exchange_id": f"x-{at}-{points}",
        "room_id": "room",
        "person_id": "jia",
        "target_id": "yi",
        "rule": "heat",
    }
    return Evidence(points=points, at=at, **(defaults | fields))  # type: ignore[arg-type]


def tally(clock: Clock | None = None) -> Tally:
    return Tally(HALF_LIFE_S, 1.0, clock=clock or Clock(NOW))


def test_points_halve_with_each_half_life() -> None:
    """Two points are one after a half-life, and half of one after another."""
    clock = Clock(NOW)
    held = tally(clock)
    held.add(evidence(2.0))
    clock.pass_by(2 * HALF_LIFE_S)

    assert 0.5 == held.points("room", "jia")


def test_people_and_rooms_are_told_apart() -> None:
    """What somebody said in one room counts neither in another nor against another."""
    held = tally()
    held.add(evidence(2.0))
    held.add(evidence(1.0, room_id="other"))
    held.add(evidence(1.5, person_id="yi", target_id="jia"))

    assert {"jia": 2.0, "yi": 1.5} == held.of_room("room")


def test_an_outburst_at_nobody_never_adds_up() -> None:
    """Ten complaints at no member leave no points; a flood needs no target to count."""
    held = tally()
    for n in range(10):
        held.add(evidence(0.9, target_id="", exchange_id=f"rant-{n}"))
    held.add(evidence(0.9, target_id="", rule="flood"))

    assert {"jia": 0.9} == held.of_room("room")


def test_a_message_counts_once_however_often_it_is_told() -> None:
    """The same evidence again, as after a reload that it overtook, changes nothing."""
    held = tally()
    held.add(evidence(2.0))
    held.add(evidence(2.0))

    assert 2.0 == held.points("room", "jia")


def test_what_is_loaded_is_what_there_was() -> None:
    """A restart with the log's evidence has the very points of before, later ones included."""
    clock = Clock(NOW)
    before, after = tally(clock), tally(clock)
    known = [evidence(1.0 + n / 7, NOW - n * 600, person_id=f"p{n % 3}") for n in range(9, 0, -1)]
    for one in known:
        before.add(one)
    after.add(evidence(2.0, exchange_id="of a log that was replaced"))
    after.load(known)

    assert before.of_room("room") == after.of_room("room")


def test_forgiving_ends_what_one_person_has_in_one_room() -> None:
    """Others, and other rooms, keep theirs."""
    held = tally()
    held.add(evidence(2.0))
    held.add(evidence(1.5, person_id="yi"))
    held.add(evidence(1.0, room_id="other"))
    held.forgive("room", "jia")

    assert ({"yi": 1.5}, {"jia": 1.0}) == (held.of_room("room"), held.of_room("other"))


def test_forgiving_a_message_leaves_the_others() -> None:
    """Only what that message added is gone."""
    held = tally()
    held.add(evidence(2.0, exchange_id="first"))
    held.add(evidence(1.5, exchange_id="second"))
    held.forgive_exchange("room", "first")

    assert 1.5 == held.points("room", "jia")


def test_a_clock_set_back_makes_nothing_weigh_more() -> None:
    """Evidence that seems to be of later counts as it did when it was found."""
    held = tally()
    held.add(evidence(2.0, NOW + 3 * HALF_LIFE_S))

    assert 2.0 == held.points("room", "jia")


@given(st.lists(st.tuples(st.floats(0.1, 4), st.floats(0, 3600)), max_size=12))
def test_points_only_fall_while_nothing_happens(found: list[tuple[float, float]]) -> None:
    """Without new evidence no wait makes anybody's points grow."""
    clock = Clock(NOW)
    held = tally(clock)
    for n, (points, wait_s) in enumerate(found):
        clock.pass_by(wait_s)
        held.add(evidence(points, clock.now, exchange_id=f"{n}"))
    before = held.points("room", "jia")
    clock.pass_by(60)

    assert held.points("room", "jia") <= before


def test_memory_stays_bounded() -> None:
    """Neither a flood in one room nor talk in ever more rooms is held without end."""
    held = tally()
    for n in range(MAX_IN_ROOM + 50):
        held.add(evidence(1.0, exchange_id=f"a{n}"))
    for n in range(MAX_ROOMS + 50):
        held.add(evidence(1.0, room_id=f"room-{n}"))

    assert held.num_held <= MAX_IN_ROOM + MAX_ROOMS


def test_a_room_that_is_alive_is_not_forgotten_for_others() -> None:
    """Of too many rooms the one that was quiet for longest goes first."""
    held = tally()
    held.add(evidence(1.0, room_id="quiet"))
    for n in range(MAX_ROOMS):
        held.add(evidence(1.0, room_id="alive", exchange_id=f"{n}"))
        held.add(evidence(1.0, room_id=f"room-{n}"))

    assert (0.0, MAX_ROOMS) == (held.points("quiet", "jia"), held.points("alive", "jia"))


def test_what_is_over_is_forgotten() -> None:
    """After twenty half-lives a room takes no memory any more."""
    clock = Clock(NOW)
    held = tally(clock)
    held.add(evidence(2.0))
    clock.pass_by(LIFE * HALF_LIFE_S + 1)
    held.add(evidence(1.0, clock.now, room_id="other"))

    assert 1 == held.num_held
