"""Drawing a token: temperature, nucleus, penalties, seeds."""

from __future__ import annotations

from collections import Counter

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.sampler import NUM_CANDIDATES, Likeliest, Sampler, Sampling, likeliest

LOGITS = torch.tensor([2.0, 1.0, 0.0, -1.0, -6.0])


def found(logits: torch.Tensor = LOGITS) -> Likeliest:
    [one] = likeliest(logits[None], 200, None)
    return one


def sampling(temperature: float = 1.0, top_p: float = 1.0, **more: int) -> Sampling:
    return Sampling(8, temperature, top_p, 1.0, **{"seed": 7} | more)


@settings(deadline=None)
@given(st.integers(1, 5), st.integers(1, 400), st.integers(0, 10_000))
def test_rows_together_are_rows_alone(num_rows: int, num_tokens: int, seed: int) -> None:
    """The likeliest first, and the total is of all tokens, these and the others."""
    logits = torch.randn(num_rows, num_tokens, generator=torch.Generator().manual_seed(seed))
    together = likeliest(logits, NUM_CANDIDATES, None)

    for row, one in zip(logits, together, strict=True):
        assert row.topk(min(NUM_CANDIDATES, num_tokens)).indices.tolist() == one.tokens
        assert row[one.tokens].tolist() == one.logits
        assert float(row.logsumexp(0)) == pytest.approx(one.total, abs=1e-4)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_tokens_come_as_often_as_they_are_likely(temperature: float) -> None:
    """Of 4,000 draws, within four standard deviations of what the softmax says."""
    draw, num = Sampler(sampling(temperature)), 4000
    drawn = Counter(draw([], found())[0] for _ in range(num))

    for token, chance in enumerate((LOGITS / temperature).softmax(0).tolist()):
        spread = (num * chance * (1 - chance)) ** 0.5
        assert abs(drawn[token] - num * chance) <= 4 * spread + 1


@pytest.mark.parametrize(("top_p", "expected"), [(0.05, {0}), (0.7, {0, 1}), (0.95, {0, 1, 2})])
def test_only_the_nucleus_is_drawn_from(top_p: float, expected: set[int]) -> None:
    """The fewest tokens that hold top_p of it all: 64, 24, 9 and 3 in 100 here."""
    draw = Sampler(sampling(top_p=top_p))

    assert expected == {draw([], found())[0] for _ in range(500)}


def test_a_seed_gives_the_same_draws_again() -> None:
    """Another seed others; none, another each time."""
    flat = found(torch.zeros(50))
    one, same, other, free, freer = (
        [draw([], flat)[0] for _ in range(40)]
        for draw in (Sampler(sampling(seed=s)) for s in (1, 1, 2, None, None))  # type: ignore[arg-type]
    )

    assert one == same
    assert len({tuple(draws) for draws in (one, other, free, freer)}) == 4


def test_what_was_said_comes_less_often_and_no_loop_goes_on() -> None:
    """A penalty makes a token said before less likely; four tokens once said are not said again."""
    draw = Sampler(Sampling(8, 0.0, 1.0, 4.0))
    loop = [9, 5, 6, 0, 9, 5, 6]

    assert 0 == draw([], found())[0]
    assert 1 == draw([0], found())[0]
    assert 1 == Sampler(Sampling(20, 0.0, 1.0, 1.0))(loop, found())[0]
