"""Pairs of messages and answers: how files of them are read, and the ones shipped."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest

from engine.bank import BankError, OpenLine, Pair, family, read_bank, read_occasions, read_open
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


def test_a_pair_may_name_an_occasion_that_has_lines(tmp_path: Path) -> None:
    """Any other is a slip of the pen, and named with its line."""
    named = LINE.replace("}", ', "occasion": "there"}')
    folder = written(tmp_path, LINE.replace("在吗", "早"), named)

    assert ["", "there"] == [pair.occasion for pair in read_bank(folder, {"there"})]
    with pytest.raises(BankError, match=r"line 2: no line for occasion 'there'"):
        read_bank(folder, {"their"})


def test_lines_of_an_occasion_stay_together(tmp_path: Path) -> None:
    """In the order of the files; what is no line is named."""
    line = '{"occasion": "there", "reply": "在呢。"}'
    other = line.replace("there", "bye").replace("在", "走")
    folder = written(tmp_path, line, other)
    written(tmp_path, line.replace("在呢", "嗯"), name="b.jsonl")

    assert {"there": ("在呢。", "嗯。"), "bye": ("走呢。",)} == read_occasions(folder)
    written(tmp_path, line, LINE, name="wrong.jsonl")
    with pytest.raises(BankError, match=r"wrong\.jsonl line 2 must have occasion, reply"):
        read_occasions(folder)


def test_open_lines_say_for_whom_they_are(tmp_path: Path) -> None:
    """For everybody but the owner, unless they say so."""
    path = tmp_path / "open.jsonl"
    path.write_text(
        '{"mood": "sad", "form": "statement", "reply": "我替本人收着。"}\n'
        '{"mood": "happy", "form": "question", "reply": "你说呢？", "to": "owner"}\n',
        encoding="utf-8",
    )

    assert read_open(path) == (
        OpenLine("我替本人收着。", Mood.SAD, is_for_questions=False),
        OpenLine("你说呢？", Mood.HAPPY, is_for_questions=True, is_for_owner=True),
    )


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ('"mood": "glad", "form": "statement"', "mood is 'glad'; allowed are happy"),
        ('"mood": "happy", "form": "?"', "form is '\\?'; allowed are statement, question"),
        ('"mood": "happy", "form": "question", "to": "me"', "to is 'me'; 'owner' is allowed"),
    ],
)
def test_an_open_line_that_is_none_is_named(tmp_path: Path, wrong: str, expected: str) -> None:
    """File, line, the value and what is allowed."""
    path = tmp_path / "open.jsonl"
    path.write_text(f'{{{wrong}, "reply": "好"}}\n', encoding="utf-8")
    with pytest.raises(BankError, match=f"open.jsonl line 1: {expected}"):
        read_open(path)


def faulty(lines: Sequence[str]) -> list[str]:
    """Those that could not be said to an ordinary message of their language."""
    heard = {True: "what a day", False: "今天的事"}
    return [
        line
        for line in lines
        if check(line, message=heard[line.isascii()], previous=None, bot_name="一心", max_chars=90)
        or claim(line, heard[line.isascii()])
    ]


def test_the_shipped_lines_of_occasions_may_be_sent_as_they_are() -> None:
    """At least four Chinese ones each, and two English ones a family; none twice or at fault."""
    lines = persona().occasion_lines
    english = Counter(family(name) for name, own in lines.items() for x in own if x.isascii())
    every = [line for own in lines.values() for line in own]

    assert {True, False} == {line.isascii() for line in every}
    assert all(4 <= sum(not line.isascii() for line in own) for own in lines.values())
    assert all(2 <= english[family(name)] for name in lines)
    assert len(every) == len(set(every))
    assert [] == faulty(every)


def test_the_shipped_open_lines_may_be_sent_as_they_are() -> None:
    """Four Chinese ones and an English one at least of every mood, form and addressee."""
    lines = persona().open_lines
    kinds = {(line.mood, line.is_for_questions, line.is_for_owner) for line in lines}
    own = [
        [x.reply for x in lines if (x.mood, x.is_for_questions, x.is_for_owner) == kind]
        for kind in kinds
    ]

    assert 4 * len(Mood) == len(kinds)
    assert all(4 <= sum(not line.isascii() for line in few) for few in own)
    assert all(1 <= sum(line.isascii() for line in few) for few in own)
    assert [] == faulty([line.reply for line in lines])


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
