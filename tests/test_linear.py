"""Matrix products in each number format against the plain product of the weights they hold."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import linear

from engine import quantize
from engine.linear import (
    FEW_ROWS,
    LEAST,
    Int4Linear,
    Int8Linear,
    Linear,
    MixedLinear,
    PackedLinear,
    PlainLinear,
    plain,
)

#: Half a step of the last place of bf16, which keeps 8 bits of a number.
BF16 = 2.0**-9
OUT, IN = 48, 96
ROWS = pytest.mark.parametrize("rows", [1, 2, 3, 17, 64])
BIAS = pytest.mark.parametrize("biased", [False, True], ids=["bare", "bias"])
#: Peaks of rows of activations, from nothing over what overflows a square to what is lost.
MAGNITUDES = st.sampled_from([0.0, 1e-38, 1e-30, 1e-6, 1.0, 3e4, 1e18, 1e30])


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def bias_of(biased: bool) -> Tensor | None:
    return random(OUT, seed=9) if biased else None


def eight(biased: bool = False) -> tuple[Int8Linear, Tensor]:
    """A product, and the weights that it holds."""
    made = quantize.int8(random(OUT, IN))
    product = Int8Linear(made["codes"], made["scale"], bias_of(biased))
    return product, made["codes"] * made["scale"][:, None]


def four(biased: bool = False) -> tuple[Int4Linear, Tensor]:
    """A product, and the weights that it holds: codes that are known, on levels that are."""
    chance = torch.Generator().manual_seed(3)
    codes = torch.randint(0, 16, (OUT, IN), generator=chance, dtype=torch.int32)
    scales = random(IN // 32, OUT, 2, seed=4).div(8).bfloat16()
    packed = torch.ops.aten._convert_weight_to_int4pack_for_cpu(codes, 1)
    scale, zero = (part.float().T.repeat_interleave(32, 1) for part in scales.unbind(-1))
    return Int4Linear(packed, scales, bias_of(biased)), (codes - 8) * scale + zero


def same_bits(one: Tensor, other: Tensor) -> bool:
    return torch.equal(one.view(torch.int32), other.view(torch.int32))


@ROWS
@BIAS
def test_int8_is_off_by_half_a_step_of_the_activations(rows: int, biased: bool) -> None:
    """A row has 127 steps up to its peak, so each term is off by at most peak / 254 of a weight."""
    product, weight = eight(biased)
    x = random(rows, IN, seed=rows) * torch.logspace(-3, 3, rows)[:, None]
    bound = x.abs().amax(1, keepdim=True) / 254 * weight.abs().sum(1) * (1 + 1e-4) + 1e-5

    assert ((product(x) - linear(x, weight, bias_of(biased))).abs() <= bound).all()


def test_int8_of_the_largest_codes_is_exact() -> None:
    """All activations and weights at their peak: no sum of products is cut off on the way."""
    made = quantize.int8(torch.ones(OUT, IN))
    product = Int8Linear(made["codes"], made["scale"], None)
    for sign in (1, -1):
        x = sign * torch.ones(3, IN)

        assert torch.allclose(product(x), linear(x, torch.ones(OUT, IN)), rtol=1e-5)


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from([1, 2, 17]), st.lists(MAGNITUDES, min_size=17, max_size=17), st.integers(0, 99)
)
def test_an_int8_row_depends_on_no_other(rows: int, peaks: list[float], seed: int) -> None:
    """Bit for bit what it is alone, whatever the size of its neighbours, and never off the bound.

    Rows under 1e-30, which no activation is, count as zeros.
    """
    product, weight = eight(biased=True)
    x = random(rows, IN, seed=seed) * torch.tensor(peaks[:rows])[:, None]
    together = product(x)

    assert same_bits(torch.cat([product(row[None]) for row in x]), together)
    peak = x.abs().amax(1, keepdim=True).clamp_min(LEAST)
    bound = peak / 254 * weight.abs().sum(1) * (1 + 1e-4) + 1e-5
    assert ((together - linear(x, weight, bias_of(True))).abs() <= bound).all()


@pytest.mark.parametrize("broken", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("rows", [1, 2, 17])
def test_a_broken_int8_row_stays_broken_and_alone(rows: int, broken: float) -> None:
    """One NaN or infinity spoils all of its own row, and no bit of the rows beside it."""
    product, _ = eight(biased=True)
    x = random(rows, IN)
    whole = product(x)
    x[rows // 2, 5] = broken
    found = product(x)
    others = [n for n in range(rows) if n != rows // 2]

    assert not found[rows // 2].isfinite().any()
    assert same_bits(whole[others], found[others])


@ROWS
@BIAS
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=["fp32", "bf16"])
def test_int4_is_off_by_the_rounding_of_bf16(rows: int, biased: bool, dtype: torch.dtype) -> None:
    """Activation, weight and result are each rounded to bf16, the weight's level and zero too."""
    product, weight = four(biased)
    x = random(rows, IN, seed=rows).to(dtype)
    bias = bias_of(biased)
    found = product(x)
    terms = linear(x.float().abs(), weight.abs() + 2 * weight.abs().max())
    expected = linear(x.float(), weight, bias)

    assert ((found - expected).abs() <= 2 * BF16 * terms + BF16 * expected.abs()).all()
    assert (found.float() - expected).norm() <= 4 * BF16 * expected.norm()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=["fp32", "bf16"])
@pytest.mark.parametrize("kind", [PlainLinear, PackedLinear, plain])
@ROWS
@BIAS
def test_weights_as_they_are_give_the_plain_product(
    kind: Callable[..., Linear], dtype: torch.dtype, rows: int, biased: bool
) -> None:
    """In fp32 to rounding; in bf16 its result is rounded once, whatever the layout."""
    if kind is PackedLinear and isinstance(plain(random(OUT, IN).to(dtype), None), PlainLinear):
        pytest.skip("no such layout on this processor")
    weight, x = random(OUT, IN).to(dtype), random(rows, IN, seed=rows).to(dtype)
    bias = None if (bare := bias_of(biased)) is None else bare.to(dtype)
    expected = linear(x.float(), weight.float(), None if bias is None else bias.float())
    found = kind(weight, bias)(x)

    assert dtype is found.dtype
    rtol, atol = (1e-5, 1e-4) if dtype is torch.float32 else (2 * BF16, 0.03)
    assert torch.allclose(expected, found.float(), rtol=rtol, atol=atol)


@pytest.mark.parametrize("rows", [1, FEW_ROWS, FEW_ROWS + 1, 40])
def test_few_rows_and_many_take_their_own_product(rows: int) -> None:
    """Up to the bound the first of the two, beyond it the second, never both."""
    few, many = PlainLinear(torch.ones(OUT, IN), None), PlainLinear(-torch.ones(OUT, IN), None)
    product: Linear = MixedLinear(few, many)

    assert torch.equal(
        (few if rows <= FEW_ROWS else many)(torch.ones(rows, IN)), product(torch.ones(rows, IN))
    )
