"""The shipped head of the small bundled model, on messages written by hand and never fitted on."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

import settings
from cli.lines import moods_of
from cli.scorecard import Scorecard
from engine.engine import Engine
from engine.executor import InferenceExecutor
from engine.labelled import read_labelled
from engine.model import Model

pytestmark = [pytest.mark.model, pytest.mark.timeout(900)]

MESSAGES = Path(__file__).resolve().parent / "messages"


def scorecard(engine: Engine, name: str) -> Scorecard:
    lines = read_labelled(MESSAGES / f"{name}.jsonl")
    return Scorecard.of(lines, asyncio.run(moods_of(engine, [line.text for line in lines])))


@pytest.fixture
def engine(small_model: Model) -> Engine:
    return Engine(small_model, settings.Settings(), InferenceExecutor(max_waiting=64))


def test_moods_are_read_as_well_as_the_readme_says(engine: Engine) -> None:
    """Within .02 of its figures, the hard messages too; what is surely angry is so in 9 of 10."""
    card = scorecard(engine, "moods")
    engine.close()

    assert card.hard is not None
    assert card.confusion.macro_f1 >= 0.83
    assert card.hard.macro_f1 >= 0.79
    assert card.figures["right_where_surely_angry"] >= 0.9
    assert card.figures["neutral_as_angry"] <= 0.01
    assert card.figures["calibration_error"] <= 0.1


def test_offence_is_read_and_firm_ones_are_right(engine: Engine) -> None:
    """Three in four at 0.5, and nine in ten of those that a rule would act on."""
    card = scorecard(engine, "offence")
    engine.close()

    assert card.confusion.accuracy >= 0.76
    assert card.figures["right_where_firm"] >= 0.9


def test_nearly_all_distress_is_found(engine: Engine) -> None:
    """At least 95 of 100; of near misses, most of them hard, at most one in four is flagged."""
    card = scorecard(engine, "distress")
    engine.close()

    assert card.figures["distress_found"] >= 0.95
    assert card.figures["calm_flagged"] <= 0.25


def test_without_a_head_the_same_fields_are_there(small_model: Model) -> None:
    """Label words give mood, sentiment, polarity and distress; offence nobody reads."""
    config = settings.Settings(mood=settings.MoodSection(head="none"))
    engine = Engine(small_model, config, InferenceExecutor(max_waiting=64))
    [angry, lost] = asyncio.run(engine.read_moods(["气死我了，你们太过分了", "我不想活了"]))
    engine.close()

    assert ("angry", "negative", None) == (angry.mood, angry.sentiment, angry.offence)
    assert (False, True) == (angry.distress, lost.distress)
    assert angry.polarity < 0
