"""Pairs of messages and answers: how files of them are read, and the ones shipped."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from engine.bank import BankError, Pair, read_bank
from engine.distress import is_distress
from engine.mood import Mood
from handlers import skills
from handlers.claims import claim
from handlers.guard import check
from tests.fakes import persona

LINE = '{"text": "在吗", "mood": "neutral", "reply": "在呢。"}'


def written(folder: Path, *lines: str, name: str = "a.jsonl") -> Path:
    (folder / name).write_text("\n".join(lines), encoding="utf-8")
    return folder


def test_files_of_a_folder_are_one_bank(tmp_path: Path) -> None:
    """In the order of their names; blank lines are passed over, a message counts once."""
    written(tmp_path, LINE, "", name="b.jsonl")
    written(tmp_path, LINE.replace("在呢", "嗯，在"), LINE.replace("在吗", "早"))

    assert (
        Pair("在吗", Mood.NEUTRAL, "嗯，在。"),
        Pair("早", Mood.NEUTRAL, "在呢。"),
    ) == read_bank(tmp_path)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("{", "line 2 is no JSON"),
        ("[1]", "line 2 must have text, mood, reply"),
        (LINE.replace("mood", "label"), "line 2 must have text, mood, reply"),
        (LINE.replace("neutral", "calm"), "line 2: mood is 'calm'; allowed are happy"),
        (LINE.replace("在呢。", " "), "line 2: reply is ' '; it takes 1 to 500"),
        (LINE.replace('"在吗"', "7"), "line 2: text is 7"),
        (LINE.replace("在吗", "在" * 501), "line 2: text is"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str, expected: str) -> None:
    """With its file and number, what is wrong, and what a line looks like."""
    with pytest.raises(BankError, match=expected) as error:
        read_bank(written(tmp_path, LINE, line))
    assert str(tmp_path / "a.jsonl") in str(error.value)


def test_a_folder_without_pairs_is_refused(tmp_path: Path) -> None:
    """An empty folder and one that is not there alike: the message shows a line."""
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(BankError, match=r'holds no \.jsonl file; .*"text"'):
            read_bank(folder)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """Not with a traceback, but with its name."""
    (tmp_path / "a.jsonl").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(BankError, match=r"a\.jsonl cannot be read"):
        read_bank(tmp_path)


def test_the_shipped_bank_may_be_sent_as_it_is() -> None:
    """More than 600 pairs over all moods; no answer has a fault or makes a claim."""
    pairs = persona().pairs
    moods = Counter(pair.mood for pair in pairs)
    bad = [
        pair
        for pair in pairs
        if check(pair.reply, message=pair.text, previous=None, bot_name="一心", max_chars=90)
        or claim(pair.reply, pair.text)
    ]

    assert len(pairs) >= 600
    assert min(moods[mood] for mood in Mood) >= 30
    assert [] == bad
    assert len(pairs) == len({pair.reply for pair in pairs})


def test_the_shipped_bank_leaves_alone_what_others_answer() -> None:
    """No message that a skill works out, and none of distress: their examples would mislead."""
    now = datetime(2026, 11, 23, 8, 30).astimezone()
    taken = [p.text for p in persona().pairs if skills.answer(p.text, now) or is_distress(p.text)]

    assert [] == taken


def test_the_messages_to_measure_by_are_not_in_the_bank() -> None:
    """Of 150 messages and 90 turns at most one in ten is also a message of the bank, word by word.

    Greetings can hardly be told otherwise; who would copy the rest would measure copying.
    """
    known = {pair.text for pair in persona().pairs}
    folder = Path(__file__).parent.parent / "examples/replies"
    lines = (folder / "everyday.jsonl").read_text(encoding="utf-8").splitlines()
    texts = [json.loads(line)["text"] for line in lines]

    assert 150 == len(texts)
    assert sum(text in known for text in texts) <= 15
