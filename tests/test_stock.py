"""transformers' own forward pass behind the same calls as the lean one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoConfig, AutoModelForCausalLM

from engine import stock
from engine.qwen2 import Qwen2
from engine.stock import Stock
from engine.weights import Weights
from tests.decoders import IDS, decoder, layers_of, read, saved, tiny_weights, whole
from tests.tiny import SIZES

BRANCHES = torch.tensor([[1, 2, 3, 4, 5], [6, 0, 0, 0, 0], [7, 8, 9, 0, 0]])


@pytest.fixture(autouse=True)
def inference() -> Iterator[None]:
    with torch.inference_mode():
        yield


@pytest.fixture(scope="module")
def qwen2(tmp_path_factory: pytest.TempPathFactory) -> Weights:
    return tiny_weights(tmp_path_factory.mktemp("qwen2"))


@pytest.fixture(scope="module")
def lean(qwen2: Weights) -> Any:
    made = decoder(qwen2)
    assert isinstance(made, Qwen2)
    return made


@pytest.fixture(scope="module")
def same(qwen2: Weights) -> Any:
    """The very weights of ``lean``."""
    return stock.load(qwen2.folder, torch.float32, {})


@pytest.fixture(scope="module")
def qwen3(tmp_path_factory: pytest.TempPathFactory) -> Weights:
    return tiny_weights(tmp_path_factory.mktemp("qwen3"), "qwen3")


@pytest.fixture(scope="module")
def other(qwen3: Weights) -> Stock:
    made = decoder(qwen3)
    assert isinstance(made, Stock)
    return made


@pytest.fixture(scope="module")
def lm(qwen3: Weights) -> Any:
    return AutoModelForCausalLM.from_pretrained(qwen3.folder, dtype=torch.float32)


def close(one: torch.Tensor, other: torch.Tensor) -> bool:
    return torch.allclose(one, other, rtol=0, atol=1e-4)


def windowed(folder: Path, kind: str = "mistral") -> Weights:
    """A model whose layers see 8 tokens back."""
    torch.manual_seed(3)
    config = AutoConfig.for_model(kind, vocab_size=256, **SIZES, sliding_window=8)
    return saved(folder, AutoModelForCausalLM.from_config(config))


def test_it_has_the_sizes_of_the_lean_one(lean: Any, same: Any) -> None:
    """As many layers, as wide."""
    assert (lean.num_layers, lean.width) == (same.num_layers, same.width)


@pytest.mark.parametrize("cut", [1, 33, 79])
def test_extending_is_the_same_operation(lean: Any, same: Any, cut: int) -> None:
    """In two chunks: states of the last token alike, pasts of one length."""
    pasts = lean.empty(80), same.empty(80)
    for ids in (IDS[:cut], IDS[cut:80]):
        one, two = (d.extend([ids], [past]) for d, past in zip((lean, same), pasts, strict=True))

        assert one.shape == two.shape
        assert close(one, two)
        assert close(lean.logits(one), same.logits(two))
    assert pasts[0].length == pasts[1].length


@pytest.mark.parametrize("num_prefix", [0, 1, 50])
@pytest.mark.parametrize("layers", [{1}, {2}, {1, 2}])
def test_branching_is_the_same_operation(
    lean: Any, same: Any, num_prefix: int, layers: set[int]
) -> None:
    """The same layers, shapes and states, and the past of each stays as it is."""
    found = []
    for one in (lean, same):
        past = one.empty(num_prefix)
        if num_prefix:
            one.extend([IDS[:num_prefix]], [past])
        found.append(one.branch(BRANCHES, past, layers))

        assert num_prefix == past.length
    assert layers == set(found[0]) == set(found[1])
    for layer in layers:
        for row, length in enumerate((5, 1, 3)):
            assert close(found[0][layer][row, :length], found[1][layer][row, :length])


def test_extending_several_is_the_same_operation(lean: Any, same: Any) -> None:
    """Three sequences of unequal length, five chunks each of one, two and four tokens."""
    pasts = [[read(d, IDS[:n], room=20)[1] for n in (1, 20, 50)] for d in (lean, same)]
    for token in range(5):
        states = [
            d.extend([[token], [7, token], IDS[token : token + 4]], p)
            for d, p in zip((lean, same), pasts, strict=True)
        ]

        assert close(*states)
    assert [6, 30, 70] == [past.length for past in pasts[0]] == [past.length for past in pasts[1]]


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 30), st.integers(0, 30), st.integers(1, 10))
def test_copying_is_the_same_operation(
    lean: Any, same: Any, length: int, kept: int, more: int
) -> None:
    """Cropped anywhere and grown again: the same states."""
    kept = min(kept, length)
    states = []
    for one in (lean, same):
        fork = read(one, IDS[:length])[1].copy(kept, more)
        states.append(one.extend([IDS[100 : 100 + more]], [fork]))

        assert kept + more == fork.length
    assert close(*states)


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 30), st.integers(0, 30), st.integers(1, 10))
def test_what_was_copied_never_changes(other: Stock, length: int, kept: int, more: int) -> None:
    """Neither the growth of a copy nor that of the original shows in the other."""
    kept = min(kept, length)
    past = read(other, IDS[:length])[1]
    before = {name: tensor.clone() for name, tensor in past.tensors().items()}
    fork = past.copy(kept, more)
    other.extend([IDS[50 : 50 + more]], [fork])
    other.extend([[3]], [fork])
    own = {name: tensor.clone() for name, tensor in fork.tensors().items()}

    assert length == past.length
    assert all(torch.equal(before[name], tensor) for name, tensor in past.tensors().items())
    other.extend([IDS[90 : 90 + more]], [past])
    assert kept + more + 1 == fork.length
    assert all(torch.equal(own[name], tensor) for name, tensor in fork.tensors().items())


def test_another_architecture_says_what_transformers_says(lm: Any, other: Stock) -> None:
    """Qwen3: logits of chunks and steps, states of every layer of a branch."""
    expected = whole(lm, IDS[:60])
    logits, past = read(other, IDS[:40])

    assert close(expected[39], logits)
    for n in range(40, 60):
        assert close(expected[n], other.logits(other.extend([IDS[n : n + 1]], [past]))[0])
    found = other.branch(BRANCHES, past, {1, 2})
    for number, state in enumerate(layers_of(lm, [*IDS[:60], 1, 2, 3, 4, 5]), 1):
        assert close(state[60:], found[number][0])


def test_a_past_restored_from_its_tensors_is_the_same(other: Stock) -> None:
    """What the next start reads from the disk goes on to the bit."""
    past = read(other, IDS[:30])[1]
    restored = other.restore({n: t.contiguous() for n, t in past.tensors().items()})

    assert (30, past.num_bytes) == (restored.length, restored.num_bytes)
    assert torch.equal(other.extend([IDS[60:65]], [past]), other.extend([IDS[60:65]], [restored]))


def test_a_pass_that_fails_leaves_every_past_as_it_was(other: Stock) -> None:
    """Each sequence is served again alone, so none may have grown already (``Call.together``)."""
    pasts = [read(other, IDS[:10])[1] for _ in range(2)]
    with pytest.raises(IndexError):
        other.extend([[5], [10_000]], pasts)

    assert [10, 10] == [past.length for past in pasts]


def test_a_window_of_attention_is_transformers_own_business(tmp_path: Path) -> None:
    """Layers that see 8 tokens back: chunks, steps and branches as transformers; no tensors."""
    weights = windowed(tmp_path)
    lm = AutoModelForCausalLM.from_pretrained(weights.folder, dtype=torch.float32)
    made = decoder(weights)
    logits, past = read(made, IDS[:20])
    fork = past.copy(20, 5)

    assert close(whole(lm, IDS[:20])[-1], logits)
    assert close(whole(lm, IDS[:25])[-1], made.logits(made.extend([IDS[20:25]], [fork]))[0])
    assert close(
        layers_of(lm, [*IDS[:20], 1, 2, 3, 4, 5])[0][20:], made.branch(BRANCHES, past, {1})[1][0]
    )
    assert {} == past.tensors()


def test_what_a_window_has_forgotten_cannot_be_cropped_to(tmp_path: Path) -> None:
    """A copy of fewer tokens than were read: as transformers, from whatever was still there."""
    weights = windowed(tmp_path)
    lm = AutoModelForCausalLM.from_pretrained(weights.folder, dtype=torch.float32)
    made = decoder(weights)
    fork = read(made, IDS[:20])[1].copy(15, 5)
    logits = made.logits(made.extend([[*IDS[fork.length : 15], 40, 41]], [fork]))[0]

    assert close(whole(lm, [*IDS[:15], 40, 41])[-1], logits)
