"""Whom an admin means by a name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.people import People, Unclear, find

SEEN = {"id-7788": "小明", "id-1234": "小明", "hong": "小红", "hua": "小红花", "eve": ".*|(a+)+$"}


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("hua", "hua"),
        ("小红", "hong"),
        ("@小红", "hong"),
        ("红花", "hua"),
        ("小\u200b红", "hong"),
        (".*|(a+)+$", "eve"),
        ("小明 1", "id-1234"),
        ("小明 2", "id-7788"),
    ],
)
def test_a_name_is_found(wanted: str, expected: str) -> None:
    """By id, by the whole name, by a part of it that is one person's, by a number of the list."""
    assert expected == find(SEEN, wanted)


def test_a_mention_needs_no_name() -> None:
    """Who is @mentioned is meant, whatever the text calls them."""
    assert "new" == find(SEEN, "@小明", ["new"])


def test_two_of_a_name_are_asked_back() -> None:
    """They are told apart by the end of their ids."""
    with pytest.raises(Unclear, match=r"1\. 小明（…1234）\n2\. 小明（…7788）"):
        find(SEEN, "小明")


@pytest.mark.parametrize("wanted", ["小刚", "", "@", "小明 3", "小.*", "\u200b"])
def test_nobody_is_guessed(wanted: str) -> None:
    """Unknown, empty, a number past the list, a pattern: nobody."""
    with pytest.raises(Unclear):
        find(SEEN, wanted)


@given(st.text(max_size=30), st.dictionaries(st.text(max_size=5), st.text(max_size=30), max_size=9))
def test_names_are_only_compared(wanted: str, people: dict[str, str]) -> None:
    """Any names, any question: somebody who is there, or a question back."""
    try:
        found = find(people, wanted)
    except Unclear:
        found = ""

    assert found in {*people, ""}


class Known:
    async def names(self, room_id: str) -> dict[str, str]:
        return {"hong": "小红", "ming": "小明"}

    def people(self, room_id: str) -> dict[str, str]:
        return {"hong": "大红", "gang": "小刚"}


async def test_the_latest_name_counts() -> None:
    """Memory knows of later names than the log, and of people whom that keeps no names of."""
    known = await People(Known(), Known()).names("room")

    assert {"hong": "大红", "ming": "小明", "gang": "小刚"} == known
