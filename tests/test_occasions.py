"""Occasions: told by all pairs together, in likeness alone."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.bank import Pair
from engine.mood import Mood
from engine.occasions import NUM_GUESSES, Occasions

WIDTH = 6
NAMES = ("bye", "hello", "thanks", "tired")
#: Messages of one occasion point in one direction, a little scattered.
CENTRES = torch.eye(len(NAMES), WIDTH)


def around(centre: int, num: int, seed: int) -> torch.Tensor:
    chance = torch.Generator().manual_seed(seed)
    return CENTRES[centre] + torch.rand(num, WIDTH, generator=chance) * 0.2


def made(num: int = 8) -> tuple[Occasions, list[Pair], torch.Tensor]:
    pairs = [Pair(f"{c}{n}", Mood.SAD, "", occasion=NAMES[c]) for c in range(4) for n in range(num)]
    vectors = torch.cat([around(centre, num, centre) for centre in range(len(NAMES))])
    return Occasions(pairs, vectors), pairs, vectors


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 3), st.integers(10, 10_000))
def test_a_message_has_the_occasion_of_those_it_lies_among(centre: int, seed: int) -> None:
    """And the guesses come the likeliest first."""
    occasions, _, _ = made()
    guesses = occasions.of("", around(centre, 1, seed)[0])

    assert NAMES[centre] == guesses[0].occasion
    assert sorted((g.score for g in guesses), reverse=True) == [g.score for g in guesses]
    assert NUM_GUESSES == len(guesses) == len({g.occasion for g in guesses})


def test_between_two_occasions_neither_is_sure() -> None:
    """Halfway each scores less than in its own midst."""
    occasions, _, _ = made()
    within = occasions.of("", CENTRES[0])[0].score
    between = occasions.of("", (CENTRES[0] + CENTRES[1]) / 2)

    assert {"bye", "hello"} == {guess.occasion for guess in between[:2]}
    assert between[0].score < within


def test_words_in_common_count_too() -> None:
    """Of two messages with the same states, the one in the words of an occasion is surer of it."""
    occasions, pairs, _ = made()
    like, unlike = (occasions.of(text, CENTRES[2])[0] for text in (pairs[16].text, "zzz"))

    assert "thanks" == like.occasion == unlike.occasion
    assert like.score > unlike.score


def test_what_was_learnt_can_be_kept() -> None:
    """Given the weights of a fit, nothing is fitted, and all guesses are the same."""
    occasions, pairs, vectors = made()
    again = Occasions(pairs, vectors, occasions.weights)
    text, vector = "x", around(3, 1, 99)[0]

    assert occasions.of(text, vector) == again.of(text, vector)
    with pytest.raises(RuntimeError):
        Occasions(pairs, vectors, occasions.weights[:3]).of(text, vector)
