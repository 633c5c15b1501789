from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.sanitize import shown_name
from moderation.lines import FILE, Lines, LinesError, worded

CHANCE = random.Random(7)  # noqa: S311


def test_the_lines_that_come_with_the_program_can_be_used() -> None:
    """Every rule that can find something has a line, its own or the one for others."""
    lines = Lines.load()

    assert all(lines.warning(rule) for rule in ("heat", "flood", "links", "unheard of"))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("calm:", "calmer:", "line 6: calm: Field required"),
        ("  other:", "  others:", "no lines for other"),
        ("火气有点大", "{火气}有点大", "line 15: warn.heat.2: Value error, no such placeholder"),
        ("calm:\n  -", "calm: [}\n  -", "is not valid YAML"),
    ],
)
def test_a_fault_is_told_with_its_place(
    tmp_path: Path, before: str, after: str, expected: str
) -> None:
    """The file, the line in it, and what is allowed."""
    file = tmp_path / "mine.yaml"
    file.write_text(FILE.read_text(encoding="utf-8").replace(before, after), encoding="utf-8")
    with pytest.raises(LinesError) as raised:
        Lines.load(str(file))

    assert str(file) in str(raised.value)
    assert expected in str(raised.value)


def test_a_missing_file_says_what_to_do() -> None:
    """Leave the setting empty."""
    with pytest.raises(LinesError, match="leave it empty for the program's own"):
        Lines.load("/nowhere/lines.yaml")


def test_names_and_the_room_are_filled_in() -> None:
    """The first of them as {name}, all of them as {names}."""
    line = worded(["{name}，{names}，{room}"], CHANCE, names=["甲", "乙"], room="同学群")

    assert "甲，甲、乙，同学群" == line


def test_a_name_is_never_filled_in_again() -> None:
    """Somebody may call themselves {room}."""
    assert "{room}在吗" == worded(["{name}在吗"], CHANCE, names=["{room}"], room="密室")


@given(st.text(max_size=200))
def test_a_name_stays_a_short_piece_of_one_line(name: str) -> None:
    """Whatever people call themselves."""
    shown = shown_name(name)

    assert len(shown) <= 16
    assert "\n" not in shown


def test_no_line_quotes_or_blames() -> None:
    """What the program says by itself holds no word it would warn for."""
    lines = Lines.load()
    every = [*lines.calm, *(text for texts in lines.warn.values() for text in texts)]

    assert not [text for text in every if any(word in text for word in ("骂", "滚", "警告", "踢"))]
