"""What readings were worth: figures counted by hand, task by task, as JSON and as a table."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence

import pytest
from rich.console import Console

from cli.evaluate import scorecards
from cli.scorecard import Scorecard
from engine.labelled import LABELS, Labelled, Task
from engine.mood import Mood, Reading

COMMON = ["file", "task", "lines", "accuracy", "macro_f1"]


def line(label: str, task: Task = Task.MOOD, *, is_hard: bool = False) -> Labelled:
    return Labelled("x", task, label, "mine.jsonl", is_hard)


def read(
    mood: Mood = Mood.NEUTRAL,
    confidence: float = 0.75,
    *,
    polarity: float | None = None,
    offence: float | None = None,
    distress: bool = False,
    unsure_below: float = 0.5,
) -> Reading:
    rest = (1 - confidence) / (len(Mood) - 1)
    return Reading.from_scores(
        {m: confidence if m is mood else rest for m in Mood},
        unsure_below=unsure_below,
        polarity=polarity,
        offence=offence,
        distress=distress,
    )


def card_of(pairs: Sequence[tuple[Labelled, Reading]]) -> Scorecard:
    return Scorecard.of([one for one, _ in pairs], [other for _, other in pairs])


def test_moods_are_counted_with_what_acting_on_them_would_do() -> None:
    """Neutral read as surely angry, angry found, right where sure: each of its own whole."""
    card = card_of(
        [
            (line("angry"), read(Mood.ANGRY, 0.9)),
            (line("angry"), read(Mood.ANGRY, 0.4)),
            (line("neutral"), read(Mood.ANGRY, 0.8)),
            (line("neutral"), read(Mood.ANGRY, 0.79)),
            (line("neutral"), read(Mood.NEUTRAL, 0.9)),
            (line("neutral"), read(Mood.SAD, 0.9)),
            (line("sad"), read(Mood.SAD, 0.3)),
        ]
    )
    expected = {
        "neutral_as_angry": 1 / 4,
        "sure": 5 / 7,
        "right_where_sure": 2 / 5,
        "right_where_surely_angry": 1 / 3,
        "angry_found_surely": 1 / 2,
    }

    assert pytest.approx(expected) == {name: card.figures[name] for name in expected}
    assert pytest.approx(4 / 7) == card.confusion.accuracy


def test_a_reading_that_was_made_unsure_is_not_acted_on() -> None:
    """Confidence is not all: an angry reading under its own threshold counts as unsure."""
    card = card_of([(line("angry"), read(Mood.ANGRY, 0.9, unsure_below=0.95))])

    assert (0, 0) == (card.figures["sure"], card.figures["angry_found_surely"])
    assert 1 == card.confusion.accuracy


def test_polarity_is_its_sign_where_nothing_is_neutral() -> None:
    """In a file of reviews a slight lean counts; the mood and its side are not asked."""
    card = card_of(
        [
            (line("positive", Task.POLARITY), read(Mood.NEUTRAL, polarity=0.01)),
            (line("positive", Task.POLARITY), read(Mood.SAD, polarity=0.5)),
            (line("negative", Task.POLARITY), read(Mood.HAPPY, polarity=-0.01)),
            (line("negative", Task.POLARITY), read(Mood.NEUTRAL, polarity=0.2)),
        ]
    )

    assert ("positive", "negative") == card.confusion.labels
    assert ((2, 0), (1, 1)) == card.confusion.counts


def test_polarity_is_the_sentiment_where_some_are_neutral() -> None:
    """Three labels: a slight lean is neutral, a clear one takes a side, a mood has its own."""
    card = card_of(
        [
            (line("neutral", Task.POLARITY), read(Mood.NEUTRAL, polarity=0.2)),
            (line("positive", Task.POLARITY), read(Mood.NEUTRAL, polarity=0.9)),
            (line("negative", Task.POLARITY), read(Mood.ANGRY, polarity=0.9)),
        ]
    )

    assert LABELS[Task.POLARITY] == card.confusion.labels
    assert 1 == card.confusion.accuracy


def test_offence_counts_from_one_half_and_is_firm_above_eight_tenths() -> None:
    """Firm and sure is what moderation acts on; an offence that was not read is none."""
    card = card_of(
        [
            (line("offensive", Task.OFFENCE), read(offence=0.9)),
            (line("offensive", Task.OFFENCE), read(offence=0.5)),
            (line("offensive", Task.OFFENCE), read(offence=0.95, unsure_below=0.9)),
            (line("safe", Task.OFFENCE), read(offence=0.85)),
            (line("safe", Task.OFFENCE), read(offence=0.49)),
            (line("safe", Task.OFFENCE), read(offence=None)),
        ]
    )

    assert ((3, 0), (1, 2)) == card.confusion.counts
    assert pytest.approx(1 / 2) == card.figures["right_where_firm"]
    assert pytest.approx(1 / 3) == card.figures["offensive_found_firmly"]


def test_distress_is_found_or_missed() -> None:
    """The flag against the label: what was found of it, and how much else was flagged."""
    card = card_of(
        [
            (line("distress", Task.DISTRESS), read(distress=True)),
            (line("distress", Task.DISTRESS), read(distress=True)),
            (line("distress", Task.DISTRESS), read()),
            (line("calm", Task.DISTRESS), read(distress=True)),
            (line("calm", Task.DISTRESS), read()),
        ]
    )

    assert pytest.approx({"distress_found": 2 / 3, "calm_flagged": 1 / 2}) == card.figures


def test_hard_lines_are_counted_again_by_themselves() -> None:
    """They are in the whole, and stand beside it alone; without any there is no such figure."""
    mixed = card_of(
        [
            (line("happy"), read(Mood.HAPPY)),
            (line("sad", is_hard=True), read(Mood.HAPPY)),
            (line("sad", is_hard=True), read(Mood.SAD)),
        ]
    ).as_json()

    assert (3, 0.6667) == (mixed["lines"], mixed["accuracy"])
    assert (2, 0.5) == (mixed["hard_lines"], mixed["hard_accuracy"])
    assert "hard_lines" not in card_of([(line("happy"), read(Mood.HAPPY))]).as_json()


@pytest.mark.parametrize("task", Task)
def test_every_card_is_json_of_the_same_beginning(task: Task) -> None:
    """File, task, lines and the common figures first, the confusion last; shares as numbers."""
    pairs = [(line(label, task), read()) for label in LABELS[task]]
    fields = json.loads(json.dumps(card_of(pairs).as_json()))

    assert COMMON == list(fields)[: len(COMMON)]
    assert ["labels", "confusion"] == list(fields)[-2:]
    assert ["mine.jsonl", task, len(pairs)] == list(fields.values())[:3]
    assert len(pairs) == sum(map(sum, fields["confusion"]))
    shares = [fields[name] for name in list(fields)[3:-2]]
    assert all(isinstance(share, float | int) and 0 <= share <= 1 for share in shares)


@pytest.mark.parametrize("task", Task)
def test_a_card_is_a_table_of_every_label(task: Task) -> None:
    """File, task and figures above, then a row a label, also where the terminal is narrow."""
    out = io.StringIO()
    pairs = [(line(label, task, is_hard=True), read()) for label in LABELS[task]]
    card_of(pairs).show(Console(file=out, width=120))
    shown = out.getvalue()

    assert f"mine.jsonl: {task}, {len(pairs)} lines" in shown
    assert f"of them {len(pairs)} hard" in shown
    assert [] == [label for label in LABELS[task] if label not in shown]


def test_lines_of_several_tasks_get_a_card_each_and_keep_their_readings() -> None:
    """Mixed in one file, in any order: every line is scored with its own reading."""
    lines = [
        line("happy"),
        line("safe", Task.OFFENCE),
        line("sad"),
        line("offensive", Task.OFFENCE),
    ]
    readings = [read(Mood.HAPPY), read(offence=0.1), read(Mood.SAD), read(offence=0.9)]
    cards = list(scorecards(lines, readings))

    assert [Task.MOOD, Task.OFFENCE] == [card.task for card in cards]
    assert [1, 1] == [card.confusion.accuracy for card in cards]
