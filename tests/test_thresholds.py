"""From where on a reading may be acted on: a promise, checked by counting."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.head import OUTPUTS
from engine.labelled import Labelled, Task
from engine.mood import FIRM, Mood
from engine.thresholds import DISTRESS_BETWEEN, LEAST, NEVER, PRECISION, RECALL, thresholds

#: A message as (file, probability of angry, whether it is angry).
Message = tuple[str, float, bool]


def angry(messages: Sequence[Message]) -> tuple[torch.Tensor, list[Labelled]]:
    """Held-out probabilities and lines; what is not for angry is for sad."""
    rows = torch.zeros(len(messages), len(OUTPUTS))
    for row, (_, probability, _) in zip(rows, messages, strict=True):
        row[OUTPUTS.index("angry")], row[OUTPUTS.index("sad")] = probability, 1 - probability
    lines = [
        Labelled("x", Task.MOOD, "angry" if is_angry else "sad", source)
        for source, _, is_angry in messages
    ]
    return rows, lines


def single(output: str, task: Task, messages: Sequence[tuple[float, str]]) -> dict[str, float]:
    """Thresholds of messages with a probability of one output and a label each."""
    rows = torch.zeros(len(messages), len(OUTPUTS))
    rows[:, OUTPUTS.index(output)] = torch.tensor([probability for probability, _ in messages])
    return thresholds(rows, [Labelled("x", task, label, "file") for _, label in messages])


def steps(source: str, high: float, low: float, *shares: tuple[int, int]) -> list[Message]:
    """Messages falling from ``high`` to ``low`` in steps of (right, wrong), evenly spaced."""
    answers = [answer for yes, no in shares for answer in [True] * yes + [False] * no]
    gap = (high - low) / len(answers)
    return [(source, high - n * gap, answer) for n, answer in enumerate(answers)]


def precision(messages: Sequence[Message], threshold: float) -> dict[str, tuple[int, float]]:
    """By file: how many readings of angry are sure, and the share of them that is right."""
    found = {}
    for source in {source for source, _, _ in messages}:
        sure = [yes for s, p, yes in messages if s == source and p > 0.5 and p >= threshold - 1e-6]
        found[source] = (len(sure), sum(sure) / len(sure) if sure else 1.0)
    return found


def test_what_is_always_right_may_always_be_acted_on() -> None:
    """The threshold is the least probability there was."""
    messages = steps("file", 0.99, 0.6, (40, 0))
    found = thresholds(*angry(messages))

    assert pytest.approx(messages[-1][1]) == found["angry"]


def test_the_threshold_is_as_low_as_the_promise_allows() -> None:
    """92 right and 8 wrong are just right often enough; one wrong more is not."""
    messages = steps("file", 0.99, 0.6, (92, 8), (0, 30))
    found = thresholds(*angry(messages))["angry"]

    assert pytest.approx(messages[99][1]) == found
    assert (100, 0.92) == precision(messages, found)["file"]


def test_a_bad_start_is_made_good_by_what_follows() -> None:
    """What counts is the share above the threshold, not whether the first were right."""
    messages = steps("file", 0.99, 0.6, (0, 2), (60, 0), (0, 40))
    found = thresholds(*angry(messages))["angry"]

    assert precision(messages, found)["file"][1] >= PRECISION
    assert found < messages[40][1]


def test_what_is_never_right_often_enough_is_never_acted_on() -> None:
    """No probability reaches the threshold."""
    found = thresholds(*angry(steps("file", 0.99, 0.6, *[(8, 2)] * 10)))

    assert NEVER == found["angry"] > 1


def test_the_promise_is_over_all_files_together() -> None:
    """A small file of hard messages does not keep everything from being sure."""
    messages = [*steps("large", 0.99, 0.6, (400, 0)), *steps("hard", 0.99, 0.6, (14, 6))]
    found = thresholds(*angry(messages))["angry"]

    assert found < 0.61


def test_messages_of_one_probability_are_on_one_side() -> None:
    """Of forty alike half are right: the order they came in must not make them sure."""
    same = [("file", 0.9, True)] * 20 + [("file", 0.9, False)] * 20

    assert NEVER == thresholds(*angry(same))["angry"]
    assert NEVER == thresholds(*angry(same[::-1]))["angry"]


@given(st.integers(0, 10**6), st.integers(1, 3), st.integers(2, 40))
def test_the_promise_holds(seed: int, num_files: int, num_values: int) -> None:
    """Messages of any quality, probabilities with many ties: at or above, right often enough.

    Only fewer than LEAST messages above the threshold prove nothing either way.
    """
    chance = random.Random(seed)  # noqa: S311
    quality = [chance.uniform(0.5, 1.1) for _ in range(num_files)]
    messages = []
    for _ in range(150):
        n = chance.randrange(num_files)
        probability = 0.51 + 0.48 * chance.randrange(num_values) / num_values
        messages.append((f"{n}", probability, chance.random() < quality[n] * probability**0.3))
    found = thresholds(*angry(messages))["angry"]

    sure = [yes for _, p, yes in messages if p >= found - 1e-6]

    assert found == NEVER or (len(sure) >= LEAST and sum(sure) / len(sure) >= PRECISION)


def test_offence_is_judged_from_firm_on() -> None:
    """Wrong ones under FIRM do not count, they are not acted on; wrong ones above do."""
    right = [(FIRM + 0.1 - n / 1000, "offensive") for n in range(60)]
    wrong = [(FIRM - 0.01, "safe")] * 100
    above = [(FIRM + 0.01, "safe")] * 30

    assert (
        pytest.approx(FIRM + 0.041, abs=1e-4)
        == (single("offence", Task.OFFENCE, right + wrong)["offence"])
    )
    assert FIRM + 0.02 < single("offence", Task.OFFENCE, right + above)["offence"] < NEVER
    assert NEVER == single("offence", Task.OFFENCE, above)["offence"]


def test_a_reading_of_another_mood_does_not_count() -> None:
    """Angry messages that were read as sad say nothing about readings of angry."""
    messages = [*steps("file", 0.99, 0.6, (40, 0)), *steps("file", 0.49, 0.2, (0, 60))]

    assert pytest.approx(messages[39][1]) == thresholds(*angry(messages))["angry"]


@pytest.mark.parametrize(
    ("probabilities", "expected"),
    [
        ([0.9] * 100, DISTRESS_BETWEEN[1]),
        ([0.01] * 50 + [0.9] * 50, DISTRESS_BETWEEN[0]),
        ([0.1] * 2 + [0.6] * 98, 0.6),
    ],
)
def test_distress_is_flagged_from_where_most_of_it_is_found(
    probabilities: list[float], expected: float
) -> None:
    """As high as recall allows, within bounds that keep chance out on both sides."""
    messages = [(p, "distress") for p in probabilities] + [(0.99, "calm")] * 10
    found = single("distress", Task.DISTRESS, messages)["distress"]

    assert pytest.approx(expected, abs=1e-3) == found


@given(st.lists(st.floats(DISTRESS_BETWEEN[0] + 0.01, 1), min_size=1, max_size=200))
def test_nearly_all_distress_is_found(probabilities: list[float]) -> None:
    """Where it can be, at least RECALL of the messages of distress is at or above the threshold."""
    messages = [(p, "distress") for p in probabilities]
    found = single("distress", Task.DISTRESS, messages)["distress"]
    heard = sum(p >= found - 1e-6 for p in probabilities)

    assert heard >= int(RECALL * len(probabilities))
    assert DISTRESS_BETWEEN[0] <= found <= DISTRESS_BETWEEN[1] + 1e-6


def test_without_lines_of_distress_there_is_no_threshold_for_it() -> None:
    """Then the head's output for it is never asked."""
    assert "distress" not in thresholds(*angry(steps("file", 0.99, 0.6, (40, 0))))
    assert "distress" not in single("distress", Task.DISTRESS, [(0.9, "calm")])


def test_every_mood_is_one_of_the_outputs() -> None:
    """The columns that are read here are those the head writes."""
    assert tuple(map(str, Mood)) == OUTPUTS[: len(Mood)]
