"""Rounded weights: how far off, and that they are made once and whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from engine import quantize
from engine.errors import CacheUnusable
from engine.linear import GROUP, LEAST, Int4Linear
from engine.quantize import quantized
from engine.tensors import Tensors
from engine.weights import Weights
from tests.decoders import tiny_weights
from tests.steps import StepProgress

LAYER = "model.layers.0"
PLAN = {
    f"{LAYER}.qkv": tuple(f"{LAYER}.self_attn.{part}_proj" for part in "qkv"),
    f"{LAYER}.down": (f"{LAYER}.mlp.down_proj",),
}
SEEDS = st.integers(0, 2**31)
FORMATS = pytest.mark.parametrize("precision", ["int8", "int4"])


def random(rows: int, columns: int, seed: int) -> Tensor:
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed))


def back(weight: Tensor) -> Tensor:
    """What int4 makes of a weight, as the kernel multiplies it with ones; rounded to bf16."""
    made = quantize.int4(weight)
    return Int4Linear(made["packed"], made["scales"], None)(torch.eye(weight.shape[1])).T


def error(weight: Tensor, other: Tensor) -> float:
    """Squared, as a share of the squared weights."""
    return float((weight - other).square().sum() / weight.square().sum())


@settings(deadline=None, max_examples=60)
@given(SEEDS, st.sampled_from([1, 5, 48]), st.floats(-20, 20))
def test_int8_is_off_by_half_a_step(seed: int, rows: int, size: float) -> None:
    """A row's largest weight is 127 steps, so each is within half of one, and so is the largest."""
    weight = random(rows, 96, seed) * 10**size
    made = quantize.int8(weight)
    step = weight.abs().amax(1) / 127

    assert torch.allclose(step, made["scale"], rtol=1e-5, atol=LEAST)
    assert ((made["codes"] * made["scale"][:, None] - weight).abs() <= 0.501 * step[:, None]).all()
    assert 127 == made["codes"].abs().max()


def test_int8_of_a_row_of_zeros_is_zero() -> None:
    """No division by its peak; its neighbour is as ever."""
    weight = torch.stack([torch.zeros(32), torch.linspace(-1, 1, 32)])
    made = quantize.int8(weight)

    assert not made["codes"][0].any()
    assert made["scale"].isfinite().all()
    assert torch.equal(made["codes"][1], quantize.int8(weight[1:])["codes"][0])


@settings(deadline=None, max_examples=60)
@given(SEEDS, st.floats(-6, 2), st.floats(-3, 3), st.booleans())
def test_levels_of_4_bits_are_found_again(
    seed: int, size: float, offset: float, in_bf16: bool
) -> None:
    """Weights on 16 equidistant levels a group, 12 to 15 steps of them in use, lose nothing.

    Args:
        size: Logarithm of the step between two levels.
        offset: Of the levels' zero point, in spans of the levels.
        in_bf16: As a converted model holds them.
    """
    chance = torch.Generator().manual_seed(seed)
    used = torch.randint(12, 16, (16, 3, 1), generator=chance)
    codes = (torch.rand(16, 3, GROUP, generator=chance) * (used + 1)).floor()
    codes[:, :, 3], codes[:, :, 20] = 0, used[:, :, 0].float()  # both extremes are there
    scale = torch.rand(16, 3, 1, generator=chance).add(0.2) * 10**size
    zero = torch.randn(16, 3, 1, generator=chance) + offset
    weight = (scale * (codes + 15 * zero)).flatten(1)
    if in_bf16:
        weight = weight.bfloat16().float()

    assert error(weight, back(weight)) < 1e-4


@settings(deadline=None, max_examples=60)
@given(SEEDS, st.sampled_from([0.0, 0.5, 3.0]), st.booleans())
def test_other_weights_are_no_worse_off_than_by_plain_rounding(
    seed: int, offset: float, heavy: bool
) -> None:
    """15 even steps between the extremes of each group are what it starts from."""
    weight = random(32, 96, seed) + offset
    if heavy:
        weight = weight**3
    groups = weight.view(32, 3, GROUP)
    low, high = groups.aminmax(dim=-1, keepdim=True)
    scale = ((high - low) / 15).bfloat16().float()
    zero = (low + 8 * (high - low) / 15).bfloat16().float()
    codes = ((groups - zero) / scale).round().clamp(-8, 7)
    plain = (codes * scale + zero).flatten(1)

    assert error(weight, back(weight)) <= 1.01 * error(weight, plain) + 1e-5


def test_narrower_ranges_serve_weights_with_outliers() -> None:
    """On normal weights the search gains a tenth of the error of plain rounding and more."""
    weight = random(256, 256, 1)
    low, high = weight.view(256, 8, GROUP).aminmax(dim=-1, keepdim=True)
    scale = (high - low) / 15
    plain = ((weight.view(256, 8, GROUP) - low) / scale).round() * scale + low

    assert error(weight, back(weight)) < 0.9 * error(weight, plain.flatten(1))


@pytest.mark.parametrize("value", [0.0, 1.0, -0.3, 1e-4, 200.0, 1e-7])
def test_groups_of_one_value_are_exact(value: float) -> None:
    """To bf16's rounding; zeros are zeros."""
    weight = random(16, 96, 2)
    weight[:, 32:64] = value
    found = back(weight)[:, 32:64]

    assert torch.allclose(torch.full_like(found, value), found, rtol=2**-8, atol=1e-7)


@pytest.mark.parametrize(
    ("shape", "expected"), [((16, 32), True), ((48, 96), True), ((8, 32), False), ((16, 48), False)]
)
def test_shapes_that_the_kernel_takes(shape: tuple[int, int], expected: bool) -> None:
    """What is said to fit is rounded, and what is not would be refused."""
    assert expected is quantize.fits(shape)
    if expected:
        assert shape == back(random(*shape, 0)).shape


# -- the folder ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Weights:
    return tiny_weights(tmp_path_factory.mktemp("tiny"))


def made(
    weights: Weights,
    cache: Path,
    precision: str = "int8",
    *,
    made_from: str = "abc",
    progress: StepProgress | None = None,
) -> Path:
    progress = progress or StepProgress()
    source = weights.folder
    return quantized(
        *(source, PLAN, precision), name="a/b", made_from=made_from, cache=cache, progress=progress
    )


@FORMATS
def test_products_stack_the_modules_of_their_plan(
    tmp_path: Path, weights: Weights, precision: str
) -> None:
    """q, k and v one below the other, rounded as if they had always been one matrix."""
    found, source = Tensors(made(weights, tmp_path, precision)), Tensors(weights.folder)
    for name, modules in PLAN.items():
        stacked = torch.cat([source[f"{module}.weight"] for module in modules])
        for part, tensor in quantize.FORMATS[precision](stacked).items():
            assert torch.equal(tensor, found[f"{name}.{part}"])


@FORMATS
def test_many_files_hold_what_one_does(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, weights: Weights, precision: str
) -> None:
    """Cut into files of a few kilobytes: the same tensors under the same names."""
    one = Tensors(made(weights, tmp_path / "one", precision))
    monkeypatch.setattr(quantize, "SHARD_BYTES", 1000)
    folder = made(weights, tmp_path / "many", precision)
    many = Tensors(folder)

    assert len(list(folder.glob("*.safetensors"))) > 1
    for name in PLAN:
        for part in quantize.FORMATS[precision](torch.zeros(16, 32)):
            assert torch.equal(one[f"{name}.{part}"], many[f"{name}.{part}"])


@FORMATS
def test_weights_are_rounded_once(tmp_path: Path, weights: Weights, precision: str) -> None:
    """The second start finds the files of the first, and says nothing of rounding."""
    files = sorted(made(weights, tmp_path, precision).iterdir())
    before = [file.stat().st_mtime_ns for file in files]
    progress = StepProgress()
    made(weights, tmp_path, precision, progress=progress)

    assert before == [file.stat().st_mtime_ns for file in files]
    assert {} == progress.totals


def test_progress_counts_every_weight(tmp_path: Path, weights: Weights) -> None:
    """All of the plan's, and no more."""
    progress = StepProgress()
    made(weights, tmp_path, progress=progress)

    assert {"Rounding a/b to int8": 128 * 64 + 64 * 96} == progress.totals == progress.done


def test_another_quantizer_or_other_weights_round_anew(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, weights: Weights
) -> None:
    """What an older version wrote is replaced; a model's own files are told by fingerprint."""
    first = made(weights, tmp_path)
    stamp = (first / "manifest.json").stat().st_mtime_ns
    monkeypatch.setattr(quantize, "QUANTIZER_VERSION", quantize.QUANTIZER_VERSION + 1)
    again = made(weights, tmp_path)

    assert first == again
    assert stamp < (again / "manifest.json").stat().st_mtime_ns
    assert first != made(weights, tmp_path, made_from="def")
    assert first != made(weights, tmp_path, "int4")


@FORMATS
def test_an_end_in_the_middle_leaves_nothing(
    tmp_path: Path, weights: Weights, precision: str
) -> None:
    """Ctrl-C while weights are rounded: no folder, and the next start makes a whole one."""

    def stop(_what: str, done: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        made(weights, tmp_path, precision, progress=StepProgress(stop))

    assert [] == [path for path in (tmp_path / "models").iterdir() if path.is_dir()]
    assert made(weights, tmp_path, precision).is_dir()


@pytest.mark.parametrize("at_start", [True, False], ids=["before", "while"])
def test_a_full_disk_is_told_of_as_such(small_disk: Path, weights: Weights, at_start: bool) -> None:
    """Before anything is written or while it is: the way out is named, and nothing stays."""

    def fill(what: str, done: int) -> None:
        if what.startswith("Rounding") and done:
            fill_up(small_disk)

    if at_start:
        fill_up(small_disk)
    with pytest.raises(CacheUnusable, match=r"engine\.cache_dir"):
        made(weights, small_disk, progress=StepProgress(fill))

    assert [] == [path for path in small_disk.glob("models/*") if path.is_dir()]


def fill_up(disk: Path) -> None:
    with (disk / "filler").open("ab", buffering=0) as file:
        try:
            while file.write(b"x" * 4096):
                pass
        except OSError:
            pass
