"""A head mended with a few lines: better at them, and no worse at everything else."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch

from engine.calibration import LEAST_TO_CALIBRATE
from engine.fit import Fitted, fit, num_solves
from engine.head import DISTRESS, OFFENCE, OUTPUTS, POLARITY, Head
from engine.labelled import LABELS, Labelled, Task
from engine.thresholds import NEVER, thresholds
from tests.planted import WIDTH, lines_of, states_of

MOODS = LABELS[Task.MOOD]
FRESH = lines_of(Task.MOOD, 180, source="fresh")


def head_of(fitted: Fitted) -> Head:
    return Head(
        "", "", (), fitted.standard, fitted.weight, fitted.bias, {"angry": 0.7, "distress": 0.3}
    )


@pytest.fixture(scope="module")
def base() -> Head:
    """Fitted on many lines of moods and of insults, and on nothing else."""
    lines = [*lines_of(Task.MOOD, 240), *lines_of(Task.OFFENCE, 80)]
    return head_of(fit(states_of(lines), lines))


def share_right(head: Head, lines: Sequence[Labelled], states: torch.Tensor) -> float:
    said = [MOODS[n] for n in head.outputs(states)[:, : len(MOODS)].argmax(dim=1)]
    return float(sum(one == x.label for one, x in zip(said, lines, strict=True)) / len(lines))


@pytest.mark.parametrize("count", [1, 2, 3, 7, 12, 60])
@pytest.mark.parametrize("labels", [MOODS, ("angry",)], ids=["moods", "angry"])
def test_a_few_lines_do_no_harm(base: Head, count: int, labels: tuple[str, ...]) -> None:
    """However few and however one-sided: what was read well before is read well afterwards."""
    lines = lines_of(Task.MOOD, count, source="mine", labels=labels)
    mended = fit(states_of(lines, seed=3), lines, base=base)
    fresh = states_of(FRESH, seed=4)

    assert mended.weight.isfinite().all()
    assert mended.held_out.isfinite().all()
    assert share_right(base, FRESH, fresh) >= 0.95
    assert share_right(head_of(mended), FRESH, fresh) >= 0.9


def test_what_a_base_gets_wrong_is_learnt(base: Head) -> None:
    """Forty messages of a kind the base calls neutral are sad from then on, the others stay."""
    kind = torch.randn(WIDTH, generator=torch.Generator().manual_seed(1))
    neutral = lines_of(Task.MOOD, 80, source="kind", labels=["neutral"])
    states = states_of(neutral, seed=5)
    states = states + kind * states.std(dim=0) * 2
    sad = [replace(line, label="sad") for line in neutral]
    mended = head_of(fit(states[:40], sad[:40], base=base))

    assert share_right(base, sad[40:], states[40:]) < 0.5
    assert share_right(mended, sad[40:], states[40:]) > 0.9
    assert share_right(mended, FRESH, states_of(FRESH, seed=4)) > 0.85


def test_what_the_lines_are_not_about_stays_as_it_was(base: Head) -> None:
    """Mood lines leave offence alone to the bit, and lines of offence leave the moods."""
    moods, insults = lines_of(Task.MOOD, 30, source="m"), lines_of(Task.OFFENCE, 30, source="o")
    offence = OUTPUTS.index(OFFENCE)
    by_moods = fit(states_of(moods, seed=6), moods, base=base)
    by_insults = fit(states_of(insults, seed=6), insults, base=base)

    assert torch.equal(base.weight[offence], by_moods.weight[offence])
    assert base.bias[offence] == by_moods.bias[offence]
    assert torch.equal(base.weight[: len(MOODS)], by_insults.weight[: len(MOODS)])
    assert not head_of(by_insults).knows(POLARITY)


def test_what_the_base_did_not_know_is_learnt_anew(base: Head) -> None:
    """Lines of distress for a head that has no such output give it one."""
    lines = lines_of(Task.DISTRESS, 80, source="d")
    mended = head_of(fit(states_of(lines, seed=7), lines, base=base))
    fresh = lines_of(Task.DISTRESS, 80, source="e")
    said = mended.outputs(states_of(fresh, seed=8))[:, OUTPUTS.index(DISTRESS)] > 0.5
    right = [bool(s) == (line.label == "distress") for s, line in zip(said, fresh, strict=True)]

    assert not base.knows(DISTRESS)
    assert sum(right) / len(right) > 0.9


def test_held_out_readings_of_a_mend_know_nothing_of_their_own_line(base: Head) -> None:
    """Labels of chance: held out, the mended head reads them no better than chance."""
    lines = lines_of(Task.MOOD, 240, source="chance")
    labels = [line.label for line in lines]
    random.Random(9).shuffle(labels)  # noqa: S311
    wrong = [replace(line, label=label) for line, label in zip(lines, labels, strict=True)]
    held_out = fit(states_of(lines, seed=9), wrong, base=base).held_out
    said = [MOODS[n] for n in held_out[:, : len(MOODS)].argmax(dim=1)]

    assert sum(a == b for a, b in zip(said, labels, strict=True)) / 240 < 1 / len(MOODS) + 0.1


def test_progress_of_a_mend_is_as_announced(base: Head) -> None:
    """The regressions told of are those that were announced; a base needs no mood lines."""
    lines = lines_of(Task.OFFENCE, LEAST_TO_CALIBRATE // 10, source="o")
    told: list[int] = []
    fit(states_of(lines), lines, told.append, base)

    assert [1] * num_solves(lines, base) == told


def test_thresholds_of_the_base_stand_where_lines_say_less() -> None:
    """Too few lines to know better: as before; where there was nothing before, never sure."""
    lines = lines_of(Task.MOOD, 12)
    held_out = torch.full((len(lines), len(OUTPUTS)), 1 / 6)
    before = {"angry": 0.7, "distress": 0.3}

    assert {"angry": 0.7, "offence": NEVER, "distress": 0.3} == thresholds(held_out, lines, before)
    assert {"angry": NEVER, "offence": NEVER} == thresholds(held_out, lines)


def test_a_mend_never_lowers_a_threshold() -> None:
    """Sixty of the owner's own lines, all right, prove less than the thousands before them."""
    lines = lines_of(Task.MOOD, 60, labels=["angry"])
    held_out = torch.zeros(len(lines), len(OUTPUTS))
    held_out[:, OUTPUTS.index("angry")] = 0.6

    assert 0.7 == thresholds(held_out, lines, {"angry": 0.7})["angry"]
    assert pytest.approx(0.6) == thresholds(held_out, lines)["angry"]
