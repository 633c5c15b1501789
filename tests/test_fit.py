"""Fits on states whose answers are known because they were planted there."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch

from engine.fit import NUM_FOLDS, PENALTIES, Arrays, Fitted, fit, num_solves, slice_of, solve
from engine.head import DISTRESS, OFFENCE, OUTPUTS, POLARITY, Head
from engine.labelled import LABELS, Labelled, Task
from engine.metrics import calibration_error
from engine.mood import Mood
from engine.problem import BALANCE, HINT, problem_of
from tests.planted import WIDTH, lines_of, states_of

MOODS = LABELS[Task.MOOD]
YES = {OFFENCE: "offensive", DISTRESS: "distress", POLARITY: "positive"}


def head_of(fitted: Fitted) -> Head:
    return Head("", "", (), fitted.standard, fitted.weight, fitted.bias, {})


def said(fitted: Fitted, lines: Sequence[Labelled]) -> list[str]:
    """The mood of each line, read by arrays that were not fitted on it."""
    return [MOODS[n] for n in fitted.held_out[: len(lines), : len(MOODS)].argmax(dim=1)]


def share_right(fitted: Fitted, lines: Sequence[Labelled]) -> float:
    right = [one == x.label for one, x in zip(said(fitted, lines), lines, strict=True)]
    return sum(right) / len(right)


@pytest.fixture(scope="module")
def mixed() -> list[Labelled]:
    """Lines of all four tasks, an equal number of each label."""
    return [
        *lines_of(Task.MOOD, 240),
        *lines_of(Task.POLARITY, 120),
        *lines_of(Task.OFFENCE, 80),
        *lines_of(Task.DISTRESS, 80),
    ]


@pytest.fixture(scope="module")
def fitted(mixed: list[Labelled]) -> Fitted:
    return fit(states_of(mixed), mixed)


def test_planted_moods_are_found_in_messages_not_fitted_on(
    mixed: list[Labelled], fitted: Fitted
) -> None:
    """A mood that is there to be read is read, whatever else the same arrays are fitted on."""
    assert share_right(fitted, mixed[:240]) >= 0.95


@pytest.mark.parametrize("output", [OFFENCE, DISTRESS, POLARITY])
def test_planted_answers_of_the_other_tasks_are_found(
    mixed: list[Labelled], fitted: Fitted, output: str
) -> None:
    """Offence, distress and polarity stand in their own outputs, a yes above one half."""
    own = [n for n, x in enumerate(mixed) if x.task == output and x.label != "neutral"]
    found = fitted.held_out[own, OUTPUTS.index(output)] >= 0.5
    right = [bool(f) == (mixed[n].label == YES[output]) for f, n in zip(found, own, strict=True)]

    assert sum(right) / len(right) >= 0.95


def test_a_head_of_the_fit_reads_plain_states(mixed: list[Labelled], fitted: Fitted) -> None:
    """Messages never seen, states as the model gives them: scale and centre are inside."""
    fresh = lines_of(Task.MOOD, 120, source="fresh")
    found = head_of(fitted).outputs(states_of(fresh, seed=7))[:, : len(MOODS)].argmax(dim=1)
    right = [MOODS[n] == line.label for n, line in zip(found, fresh, strict=True)]

    assert sum(right) / len(right) >= 0.95


def test_a_head_is_as_sure_as_it_was_of_messages_held_out(fitted: Fitted) -> None:
    """The calibration is inside too: on fresh messages the same confidence, mood by mood."""
    fresh = states_of(lines_of(Task.MOOD, 240, source="fresh"), seed=7)
    one = fitted.held_out[:240, : len(MOODS)].max(dim=1).values
    other = head_of(fitted).outputs(fresh)[:, : len(MOODS)].max(dim=1).values

    assert abs(float(one.mean() - other.mean())) < 0.02


def test_folding_the_tasks_scale_in_changes_nothing(mixed: list[Labelled], fitted: Fitted) -> None:
    """The arrays say what the solution says on states standardised for the task alone.

    But for the calibration: one factor for all logits of a task, and an offset.
    """
    states = states_of(mixed)
    for task in Task:
        problem = problem_of(task, mixed)
        assert problem is not None
        own = states[problem.rows]
        standard = (states - own.mean(dim=0)) / (own.std(dim=0, correction=0) + 1e-3)
        nothing = Arrays(
            torch.zeros(WIDTH, problem.targets.shape[1]), torch.zeros(problem.targets.shape[1])
        )
        arrays = solve(
            standard[problem.rows],
            problem.targets,
            problem.weights,
            fitted.penalties[task],
            nothing,
        )
        expected = arrays.logits(standard).flatten().double()
        rows = slice_of(task)
        plain = (
            (fitted.standard(states) @ fitted.weight[rows].T + fitted.bias[rows]).flatten().double()
        )
        lines = torch.stack([expected, torch.ones_like(expected)], dim=1)
        affine = torch.linalg.lstsq(lines, plain[:, None]).solution

        said = torch.stack([(lines @ affine)[:, 0], plain])

        assert torch.corrcoef(said)[0, 1] > 0.9999
        assert affine[0] > 0


def test_shuffled_labels_teach_nothing(mixed: list[Labelled]) -> None:
    """Labels of chance are held out no better than chance: no message is read by its own fold."""
    moods = mixed[:240]
    labels = [line.label for line in moods]
    random.Random(3).shuffle(labels)  # noqa: S311
    shuffled = [replace(line, label=label) for line, label in zip(moods, labels, strict=True)]

    assert share_right(fit(states_of(moods), shuffled), shuffled) < 1 / len(MOODS) + 0.1


def test_the_same_text_is_always_in_the_same_fold() -> None:
    """Each message twice, each pair with a label of chance: knowing the twin would be all right."""
    chance = random.Random(5)  # noqa: S311
    once = [replace(x, label=chance.choice(MOODS)) for x in lines_of(Task.MOOD, 123)]
    states = torch.randn(123, 200, generator=torch.Generator().manual_seed(5))
    twice = fit(torch.cat([states, states]), [*once, *once])

    assert share_right(twice, once) < 1 / len(MOODS) + 0.12


def test_held_out_probabilities_mean_their_frequency() -> None:
    """Moods drawn from a known model, and insults too: a calibration error under 0.06."""
    chance = torch.Generator().manual_seed(11)
    states = torch.randn(1500, 12, generator=chance)
    moods = (states @ torch.randn(12, len(MOODS), generator=chance) * 0.5).softmax(dim=1)
    drawn = torch.multinomial(moods, 1, generator=chance)[:, 0]
    insults = torch.bernoulli(
        (states @ torch.randn(12, generator=chance)).sigmoid(), generator=chance
    )
    lines = [Labelled(f"m{n}", Task.MOOD, MOODS[i]) for n, i in enumerate(drawn[:1000])]
    lines += [
        Labelled(f"o{n}", Task.OFFENCE, "offensive" if yes else "safe")
        for n, yes in enumerate(insults[1000:])
    ]
    found = fit(states, lines).held_out
    confidence, mood = found[:1000, : len(MOODS)].max(dim=1)
    offence = found[1000:, OUTPUTS.index(OFFENCE)]

    assert calibration_error(confidence.tolist(), (mood == drawn[:1000]).tolist()) < 0.06
    assert abs(float(offence.mean() - insults[1000:].mean())) < 0.03
    firm = offence > 0.8
    assert abs(float(offence[firm].mean() - insults[1000:][firm].mean())) < 0.1


def test_outputs_nobody_labelled_stay_unknown() -> None:
    """Mood lines alone hint at polarity and distress, but hints alone make no output."""
    moods = lines_of(Task.MOOD, 60)
    alone = head_of(fit(states_of(moods), moods))
    both = [*moods, *lines_of(Task.POLARITY, 30)]
    with_polarity = head_of(fit(states_of(both), both))

    assert [] == [x for x in (POLARITY, OFFENCE, DISTRESS) if alone.knows(x)]
    assert [POLARITY] == [x for x in (POLARITY, OFFENCE, DISTRESS) if with_polarity.knows(x)]


def test_lines_without_a_mood_are_no_head() -> None:
    """Without mood lines there is nothing to fit the moods on: an error, not a head of zeros."""
    lines = lines_of(Task.OFFENCE, 40)
    with pytest.raises(ValueError, match="mood"):
        fit(states_of(lines), lines)


@pytest.mark.parametrize(
    ("task", "label"), [(Task.OFFENCE, "offensive"), (Task.DISTRESS, "distress")]
)
def test_a_yes_without_any_no_does_not_accuse_everybody(task: Task, label: str) -> None:
    """Only insults collected, or only words of distress: ordinary messages still have neither."""
    lines = [*lines_of(Task.MOOD, 240), *lines_of(task, 40, labels=[label])]
    happy = [n for n, line in enumerate(lines) if line.label == Mood.HAPPY]
    found = fit(states_of(lines), lines).held_out[happy, OUTPUTS.index(str(task))]

    assert found.isfinite().all()
    assert found.max() < 0.5


def test_what_is_perfectly_separable_stays_finite() -> None:
    """No noise at all: arrays and probabilities are numbers, and half precision holds them."""
    lines = [*lines_of(Task.MOOD, 120), *lines_of(Task.OFFENCE, 40), *lines_of(Task.DISTRESS, 40)]
    found = fit(states_of(lines, noise=0.01), lines)

    assert found.held_out.isfinite().all()
    assert found.weight.half().isfinite().all()
    assert 1 == share_right(found, lines[:120])


def test_rare_moods_weigh_more_and_hints_less(mixed: list[Labelled]) -> None:
    """A mood weighs as its count to the power of 1 − BALANCE, a hint HINT of a line."""
    lines = [*lines_of(Task.MOOD, 90, labels=["neutral"]), *lines_of(Task.MOOD, 10, labels=["sad"])]
    moods, polarity = problem_of(Task.MOOD, lines), problem_of(Task.POLARITY, mixed)
    assert moods is not None
    assert polarity is not None

    ratio = moods.weights[90:].sum() / moods.weights[:90].sum()
    assert pytest.approx((10 / 90) ** (1 - BALANCE)) == float(ratio)
    assert pytest.approx(1.0) == float(moods.weights.mean())
    assert pytest.approx([HINT, 1.0]) == sorted(set(polarity.weights.tolist()))
    assert (polarity.is_own == (polarity.weights == 1)).all()


def test_half_a_character_is_no_error() -> None:
    """JSON can hold lone surrogates, and chats cut emoji in half; such a line has a fold too."""
    lines = lines_of(Task.MOOD, 60)
    lines[0] = replace(lines[0], text="\ud83d")

    assert fit(states_of(lines), lines).held_out.isfinite().all()


def test_progress_is_as_announced(mixed: list[Labelled]) -> None:
    """The regressions told of are those that were announced, one by one; hints need none."""
    lines = [*lines_of(Task.MOOD, 60), *lines_of(Task.OFFENCE, 20)]
    told: list[int] = []
    fit(states_of(lines), lines, told.append)

    assert [1] * num_solves(lines) == told
    each = len(PENALTIES) * NUM_FOLDS + 1
    assert [each, 2 * each, 4 * each] == [num_solves(x) for x in (lines[:60], lines, mixed)]
