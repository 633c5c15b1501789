"""The lean forward pass against transformers' own, on a tiny Qwen2 and on the real one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoModelForCausalLM

from engine import qwen2
from engine.qwen2 import Qwen2
from engine.weights import Weights
from tests.decoders import IDS, decoder, layers_of, read, tiny_weights, whole

NUM_LAYERS, WIDTH = 2, 64
BRANCHES = ((1, 2, 3, 4, 5), (6,), (7, 8, 9))


@pytest.fixture(autouse=True)
def inference() -> Iterator[None]:
    with torch.inference_mode():
        yield


@pytest.fixture(scope="module", params=[False, True], ids=["untied", "tied"])
def weights(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Weights:
    return tiny_weights(tmp_path_factory.mktemp("tiny"), tied=request.param)


@pytest.fixture(scope="module")
def lm(weights: Weights) -> Any:
    return AutoModelForCausalLM.from_pretrained(weights.folder, dtype=torch.float32)


@pytest.fixture(scope="module")
def lean(weights: Weights) -> Qwen2:
    made = decoder(weights)
    assert isinstance(made, Qwen2)
    return made


def close(one: torch.Tensor, other: torch.Tensor, atol: float = 1e-4) -> bool:
    return torch.allclose(one, other, rtol=0, atol=atol)


@pytest.mark.parametrize("cuts", [(), (1,), (64,), (5, 6, 60), tuple(range(1, 80))])
def test_logits_are_those_of_transformers(lm: Any, lean: Qwen2, cuts: tuple[int, ...]) -> None:
    """However a prompt is cut into chunks, each ends with transformers' logits of its last token.

    One chunk, a token and the rest, uneven ones, token by token.
    """
    ids = IDS[:80]
    expected = whole(lm, ids)
    past = lean.empty(len(ids))
    for start, end in zip((0, *cuts), (*cuts, len(ids)), strict=True):
        logits = lean.logits(lean.extend([ids[start:end]], [past]))

        assert (1, expected.shape[1]) == logits.shape
        assert torch.float32 is logits.dtype
        assert close(expected[end - 1], logits[0])
    assert len(ids) == past.length


@pytest.mark.parametrize("num_prefix", [0, 1, 50])
def test_branches_are_the_states_of_transformers(lm: Any, lean: Qwen2, num_prefix: int) -> None:
    """Unequal sequences behind one past: every layer's states, the last layer's normed."""
    _, past = read(lean, IDS[:num_prefix]) if num_prefix else (None, lean.empty(0))
    before = [layer.clone() for layer in past.layers()]
    rows = torch.zeros(len(BRANCHES), 5, dtype=torch.long)
    for row, rest in enumerate(BRANCHES):
        rows[row, : len(rest)] = torch.tensor(rest)
    found = lean.branch(rows, past, {1, NUM_LAYERS})

    assert {1, NUM_LAYERS} == set(found)
    for row, rest in enumerate(BRANCHES):
        expected = layers_of(lm, [*IDS[:num_prefix], *rest])
        for layer, state in found.items():
            assert (len(BRANCHES), 5, WIDTH) == state.shape
            assert close(expected[layer - 1][num_prefix:], state[row, : len(rest)])
    assert num_prefix == past.length
    assert all(map(torch.equal, before, past.layers()))


def test_layers_above_the_highest_asked_for_are_left_out(lean: Qwen2) -> None:
    """Only what was asked for comes back, and a lower layer's states need no higher one."""
    rows, past = torch.tensor([[1, 2, 3]]), read(lean, IDS[:10])[1]
    both, one = lean.branch(rows, past, {1, 2}), lean.branch(rows, past, {1})

    assert [1] == list(one)
    assert torch.equal(both[1], one[1])


def test_states_of_the_last_layer_are_ready_for_the_output_layer(lm: Any, lean: Qwen2) -> None:
    """Logits of a branch are the model's own."""
    past = read(lean, IDS[:20])[1]
    state = lean.branch(torch.tensor([[5, 6, 7]]), past, {NUM_LAYERS})[NUM_LAYERS]

    assert close(whole(lm, [*IDS[:20], 5, 6, 7])[-3:], lean.logits(state[0]))


@pytest.mark.parametrize("at_once", [(1, 1, 1, 1), (1, 2, 7, 1), (12, 5, 3, 9)])
def test_several_sequences_are_those_of_transformers(
    lm: Any, lean: Qwen2, at_once: tuple[int, ...]
) -> None:
    """Passes over sequences that join and leave, one token or many of each: each as if alone."""
    texts = [list(IDS[n : n + length]) for n, length in enumerate((1, 9, 33, 70))]
    pasts = [read(lean, text, room=72)[1] for text in texts]
    for token in range(6):
        at_work = [n for n in range(4) if token < 3 or n != 1]
        for n in at_work:
            texts[n] += [100 + 7 * token + n + more for more in range(at_once[n])]
        latest = [texts[n][pasts[n].length :] for n in at_work]
        logits = lean.logits(lean.extend(latest, [pasts[n] for n in at_work]))

        for n, row in zip(at_work, logits, strict=True):
            assert len(texts[n]) == pasts[n].length
            assert close(whole(lm, texts[n])[-1], row)


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 20))
def test_a_copy_goes_on_as_transformers_would(
    lm: Any, lean: Qwen2, length: int, kept: int, more: int
) -> None:
    """Cropped or whole, extended or stepped: logits of the text it now holds."""
    kept = min(kept, length)
    past = read(lean, IDS[:length])[1]
    fork = past.copy(kept, more + 1)
    text = [*IDS[:kept], *IDS[100 : 100 + more], 3]
    extended = lean.logits(lean.extend([text[kept:-1]], [fork]))[0]
    stepped = lean.logits(lean.extend([text[-1:]], [fork]))[0]

    expected = whole(lm, text)
    assert close(expected[-2], extended)
    assert close(expected[-1], stepped)


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 40), st.integers(0, 40), st.integers(1, 20))
def test_what_was_copied_never_changes(lean: Qwen2, length: int, kept: int, more: int) -> None:
    """Neither the growth of a copy nor that of the original shows in the other."""
    kept = min(kept, length)
    past = read(lean, IDS[:length], room=more)[1]
    before = {name: tensor.clone() for name, tensor in past.tensors().items()}
    fork = past.copy(kept, more)
    lean.extend([IDS[50 : 50 + more]], [fork])
    own = {name: tensor.clone() for name, tensor in fork.tensors().items()}

    assert length == past.length
    assert all(torch.equal(before[name], tensor) for name, tensor in past.tensors().items())
    lean.extend([IDS[90 : 90 + more]], [past])
    assert kept + more == fork.length
    assert all(torch.equal(own[name], tensor) for name, tensor in fork.tensors().items())


def test_a_past_restored_from_its_tensors_is_the_same(lean: Qwen2) -> None:
    """What the next start reads from the disk goes on to the bit, its room left behind."""
    past = read(lean, IDS[:30], room=100)[1]
    stored = {name: tensor.contiguous() for name, tensor in past.tensors().items()}
    restored = lean.restore(stored)
    one, other = (p.copy(30, 5) for p in (past, restored))

    assert 30 == restored.length
    assert restored.num_bytes < past.num_bytes
    assert torch.equal(lean.extend([IDS[60:65]], [one]), lean.extend([IDS[60:65]], [other]))


def test_memory_of_a_past_is_counted_with_its_room(lean: Qwen2) -> None:
    """Two times layers, heads, tokens and head size, four bytes each in fp32."""
    assert 2 * NUM_LAYERS * 2 * 50 * 16 * 4 == lean.empty(50).num_bytes


def test_a_past_without_room_fails_and_stays_as_it_was(lean: Qwen2) -> None:
    """Too many tokens are an error, and neither past of a shared step has grown."""
    full, other = read(lean, IDS[:10])[1], read(lean, IDS[:10], room=1)[1]
    with pytest.raises(RuntimeError):
        lean.extend([[1, 2]], [full])
    with pytest.raises(RuntimeError):
        lean.extend([[1], [2]], [other, full])

    assert (10, 10) == (full.length, other.length)


def test_positions_beyond_the_first_are_worked_out_on_need(
    monkeypatch: pytest.MonkeyPatch, weights: Weights, lm: Any
) -> None:
    """A prompt past the end of the table, twice over, by chunks, steps and branches."""
    monkeypatch.setattr(qwen2, "FIRST_POSITIONS", 16)
    short = decoder(weights)
    expected = whole(lm, IDS[:150])
    logits, past = read(short, IDS[:100], room=50)

    assert close(expected[99], logits)
    for n in range(100, 150):
        logits = short.logits(short.extend([IDS[n : n + 1]], [past]))[0]
        assert close(expected[n], logits)
    state = short.branch(torch.tensor([IDS[150:200]]), past, {2})[2][0]
    assert close(whole(lm, IDS)[150:], short.logits(state))


def test_thousands_of_positions_are_those_of_transformers(lm: Any, lean: Qwen2) -> None:
    """The first table as it is: a prompt some tokens longer than that."""
    ids = [IDS[n % 200] for n in range(qwen2.FIRST_POSITIONS + 10)]

    assert close(whole(lm, ids)[-1], read(lean, ids)[0])


def test_in_bf16_it_differs_by_the_rounding_of_bf16(weights: Weights, lean: Qwen2) -> None:
    """Some hundredths of the spread of the logits: 2^-9 a rounding, some dozens of them."""
    half = decoder(weights, "bf16")
    exact, rounded = read(lean, IDS[:80])[0], read(half, IDS[:80])[0]
    past = read(half, IDS[:79], room=1)[1]
    stepped = half.logits(half.extend([IDS[79:80]], [past]))[0]

    assert torch.bfloat16 is past.layers()[0].dtype
    for logits in (rounded, stepped):
        assert 0 < (logits - exact).abs().max() < 0.05 * exact.std()


@pytest.mark.soak
@pytest.mark.model
def test_the_real_model_says_what_transformers_says(small_weights: Weights) -> None:
    """200 tokens of prompt and 2 steps in fp32: within 1e-3, and the same likeliest token."""
    lm = AutoModelForCausalLM.from_pretrained(small_weights.folder, dtype=torch.float32)
    lean = decoder(small_weights)
    ids = [151644, *(1000 + 37 * n for n in range(199))]
    logits, past = read(lean, ids, room=5)
    for _ in range(3):
        expected = whole(lm, ids)[-1]

        assert close(expected, logits, atol=1e-3)
        assert expected.argmax() == logits.argmax()
        ids.append(int(logits.argmax()))
        if len(ids) <= 202:
            logits = lean.logits(lean.extend([ids[-1:]], [past]))[0]
