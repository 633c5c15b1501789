"""The file of a head: written and read back, or refused by name with a way out."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import save_file

from engine import head as heads
from engine.errors import HeadRefused, InputRefused
from engine.head import FORMAT, OUTPUTS, Head, Standard, find, fitted_path
from engine.mood import Mood
from engine.trunk import Pool, Tap

FINGERPRINT, WIDTH = "abc123", 48
FACTS = {
    "format": FORMAT,
    "fingerprint": FINGERPRINT,
    "prompt": "0123",
    "taps": [[10, "mean"], [22, "last"]],
    "outputs": OUTPUTS,
    "sure": {"angry": 0.7},
}
WEIGHT, BIAS = torch.zeros(len(OUTPUTS), WIDTH), torch.zeros(len(OUTPUTS))
WHOLE = {
    "weight": WEIGHT,
    "bias": BIAS,
    "mean": torch.zeros(WIDTH),
    "scale": torch.ones(WIDTH),
}


def made(seed: int = 0) -> Head:
    chance = torch.Generator().manual_seed(seed)
    return Head(
        FINGERPRINT,
        prompt="0123456789ab",
        taps=(Tap(10, Pool.MEAN), Tap(22, Pool.LAST)),
        standard=Standard(
            torch.randn(WIDTH, generator=chance) * 100, torch.rand(WIDTH, generator=chance) + 0.1
        ),
        weight=torch.randn(len(OUTPUTS), WIDTH, generator=chance),
        bias=torch.randn(len(OUTPUTS), generator=chance),
        sure={"angry": 0.71, "offence": 0.9, "distress": 0.3},
    )


def saved(path: Path, seed: int = 0) -> Path:
    made(seed).save(path)
    return path


def load(path: Path) -> Head:
    return Head.load(path, fingerprint=FINGERPRINT)


def test_a_head_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Facts to the letter, probabilities within what half precision loses."""
    states = torch.randn(20, WIDTH)
    one, other = made(), load(saved(tmp_path / "new" / "head.safetensors"))
    facts = ("fingerprint", "prompt", "taps", "sure")

    assert [getattr(one, name) for name in facts] == [getattr(other, name) for name in facts]
    assert (torch.float32, torch.float32) == (other.weight.dtype, other.bias.dtype)
    assert torch.allclose(one.outputs(states), other.outputs(states), atol=0.01)


def test_outputs_that_were_not_fitted_stay_so(tmp_path: Path) -> None:
    """A bias of minus infinity is read back as one, and the output is known to be unknown."""
    bias = made().bias
    bias[OUTPUTS.index("offence")] = -torch.inf
    replace(made(), bias=bias).save(tmp_path / "head")
    head = load(tmp_path / "head")

    assert (True, False, True) == tuple(map(head.knows, ("polarity", "offence", "distress")))
    assert 0 == head.outputs(torch.zeros(1, WIDTH))[0, OUTPUTS.index("offence")]


@given(st.integers(0, 10_000), st.floats(0, 100))
def test_outputs_are_probabilities(seed: int, scale: float) -> None:
    """The moods sum to 1 and the others are within 0 to 1, however large the states."""
    states = torch.randn(4, WIDTH, generator=torch.Generator().manual_seed(seed)) * scale
    found = made(seed).outputs(states)

    assert (4, len(OUTPUTS)) == found.shape
    assert torch.allclose(found[:, : len(Mood)].sum(dim=1), torch.ones(4), atol=1e-5)
    assert ((found >= 0) & (found <= 1)).all()


def test_a_head_is_plain_arrays_and_small(tmp_path: Path) -> None:
    """A safetensors file: length, JSON, numbers. Nothing in it is code, nothing is unpickled."""
    path = saved(tmp_path / "head.safetensors")
    content = path.read_bytes()
    size = int.from_bytes(content[:8], "little")

    assert {"weight", "bias", "mean", "scale", "__metadata__"} == set(
        json.loads(content[8 : 8 + size])
    )
    with safe_open(path, framework="pt") as file:
        assert FORMAT == json.loads(file.metadata()["head"])["format"]
    assert len(content) < (2 * len(OUTPUTS) + 8) * WIDTH + 1500


def test_writing_leaves_nothing_beside_the_head(tmp_path: Path) -> None:
    """Written over an older one: the new head, and no half-written file."""
    path = saved(saved(tmp_path / "head"), seed=1)

    assert [path] == list(tmp_path.iterdir())
    assert torch.allclose(made(1).weight, load(path).weight, atol=0.01)


@pytest.mark.parametrize(
    ("tensors", "facts"),
    [
        ({"weight": torch.zeros(len(OUTPUTS) - 1, WIDTH)}, {}),
        ({"weight": torch.zeros(WIDTH)}, {}),
        ({"weight": torch.zeros(1, len(OUTPUTS), WIDTH)}, {}),
        ({"weight": torch.full_like(WEIGHT, torch.nan)}, {}),
        ({"weight": torch.full_like(WEIGHT, torch.inf)}, {}),
        ({"bias": torch.zeros(len(OUTPUTS) - 1)}, {}),
        ({"bias": torch.zeros(len(OUTPUTS), 1)}, {}),
        ({"bias": torch.zeros(())}, {}),
        ({"bias": torch.full_like(BIAS, torch.nan)}, {}),
        ({"mean": torch.zeros(WIDTH + 1)}, {}),
        ({"mean": torch.full((WIDTH,), torch.nan)}, {}),
        ({"scale": torch.zeros(WIDTH)}, {}),
        ({"bias": torch.full_like(BIAS, torch.inf)}, {}),
        ({"bias": torch.full_like(BIAS, -torch.inf)}, {}),
        ({}, {"format": "yixin-head-0"}),
        ({}, {"outputs": OUTPUTS[::-1]}),
        ({}, {"outputs": None}),
        ({}, {"taps": [[10, "median"]]}),
        ({}, {"taps": [[None, "mean"]]}),
        ({}, {"taps": 10}),
        ({}, {"sure": ["angry"]}),
        ({}, {"sure": {"angry": "often"}}),
        ({}, {"fingerprint": ...}),
        ({}, {"prompt": ...}),
        ({}, {"sure": ...}),
    ],
)
def test_a_head_of_a_wrong_make_is_refused(
    tmp_path: Path, tensors: dict[str, torch.Tensor], facts: dict[str, object]
) -> None:
    """Wrong shapes, NaN, another format, fields missing or odd: refused when it is read."""
    path = tmp_path / "head.safetensors"
    whole = {name: fact for name, fact in (FACTS | facts).items() if fact is not ...}
    save_file(WHOLE | tensors, path, metadata={"head": json.dumps(whole)})

    refused(path)


@pytest.mark.parametrize("metadata", [None, {"head": "{"}, {"head": "[]"}, {"head": "null"}])
def test_tensors_of_something_else_are_refused(
    tmp_path: Path, metadata: dict[str, str] | None
) -> None:
    """A model's shard, or facts that are none, is no head."""
    path = tmp_path / "head.safetensors"
    save_file(WHOLE, path, metadata=metadata)

    refused(path)


def test_a_pickle_is_refused_and_not_opened(tmp_path: Path) -> None:
    """Neither torch's own files nor a pickle that would run code is read."""
    (tmp_path / "pickle").write_bytes(pickle.dumps(_Trap(str(tmp_path / "sprung"))))
    torch.save({"weight": WEIGHT, "bias": BIAS}, tmp_path / "torch")

    for name in ("pickle", "torch"):
        refused(tmp_path / name)
    assert not (tmp_path / "sprung").exists()


def test_every_cut_of_a_head_is_refused(tmp_path: Path) -> None:
    """However much of the file a full disk or a broken copy left, an empty one included."""
    whole = saved(tmp_path / "whole").read_bytes()
    path = tmp_path / "cut"
    for size in (*range(64), *range(64, len(whole), 23), len(whole) - 1):
        path.write_bytes(whole[:size])
        refused(path)


@effort(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_random_bytes_are_refused(tmp_path: Path, content: bytes) -> None:
    """Bytes of any kind are refused, never an error of another kind."""
    path = tmp_path / "head"
    path.write_bytes(content)

    refused(path)


def test_a_head_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A missing file and a folder in its place, by name."""
    refused(tmp_path / "nowhere.safetensors")
    refused(tmp_path)


def test_a_head_of_other_weights_is_refused(tmp_path: Path) -> None:
    """Both fingerprints are named, and the way out."""
    path = saved(tmp_path / "head")

    with pytest.raises(HeadRefused, match=rf"{path}.*abc123.*fed456.*calibrate.*mood\.head: none"):
        Head.load(path, fingerprint="fed456")


def test_rounded_states_have_a_mean_of_their_own(tmp_path: Path) -> None:
    """Where the head knows it: in int4, and in int8, which mixed reads moods in; nowhere else."""
    path = saved(tmp_path / "head")
    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        metadata = file.metadata()
    four, eight = torch.full((WIDTH,), 4.0), torch.full((WIDTH,), 8.0)
    save_file(tensors | {"mean.int4": four, "mean.int8": eight}, path, metadata=metadata)

    def mean(precision: str, of: Path = path) -> torch.Tensor:
        return Head.load(of, fingerprint=FINGERPRINT, precision=precision).standard.mean

    assert torch.equal(four, mean("int4"))
    assert all(torch.equal(eight, mean(name)) for name in ("int8", "mixed"))
    assert all(torch.equal(tensors["mean"], mean(name)) for name in ("", "bf16", "fp32"))
    assert torch.equal(tensors["mean"], mean("int4", saved(tmp_path / "without")))


def test_the_head_in_use_is_the_one_named_else_fitted_else_shipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``auto`` prefers what was fitted here; ``none`` uses neither; a path is that file."""
    monkeypatch.setattr(heads, "SHIPPED", tmp_path / "shipped")

    def used(setting: str) -> float | None:
        head = find(
            *(setting,),
            folder=tmp_path / "own",
            name="tiny",
            fingerprint=FINGERPRINT,
            precision="bf16",
        )
        return None if head is None else round(float(head.bias[0]), 4)

    bias = [round(float(made(seed).bias[0]), 4) for seed in range(3)]
    assert used("auto") is None
    for other in ("other-abc123", "tiny-fed456", "tiny"):
        saved(tmp_path / "shipped" / f"{other}.safetensors")
    assert used("auto") is None
    saved(tmp_path / "shipped" / "tiny-abc123.safetensors", seed=0)
    assert bias[0] == used("auto")
    saved(fitted_path(tmp_path / "own", FINGERPRINT), seed=1)
    assert bias[1] == used("auto")
    assert bias[2] == used(str(saved(tmp_path / "mine", seed=2)))
    assert used("none") is None
    with pytest.raises(HeadRefused, match="no head file"):
        used(str(tmp_path / "nowhere"))


def refused(path: Path) -> None:
    """Loading is refused in a way that ends the program with exit code 2 and tells what to do."""
    with pytest.raises(HeadRefused) as error:
        load(path)
    assert isinstance(error.value, InputRefused)
    assert str(path) in str(error.value)
    assert "calibrate" in str(error.value) or "mood.head" in str(error.value)


class _Trap:
    """Makes a file when unpickled."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (self._path, "w")
