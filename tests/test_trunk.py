"""The lower layers alone against the whole model as transformers runs it."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from engine.memo import Memo
from engine.prefixes import CHUNK, Prefixes
from engine.stock import Stock
from engine.trunk import Pool, Tap, Trunk
from engine.work import finish

NUM_LAYERS, WIDTH, NUM_TAIL = 5, 32, 3
KINDS = ("qwen2", "qwen3", "llama")
#: Every layer by both pools, so that no pair of them can be taken for another.
ALL = tuple(Tap(layer, pool) for layer in range(1, NUM_LAYERS + 1) for pool in Pool)
PREFIX = tuple(random.Random(1).choices(range(90), k=7))  # noqa: S311


def rests(count: int = 12, seed: int = 2) -> list[list[int]]:
    """Messages of 1 to 20 tokens, each followed by the same tail."""
    chance = random.Random(seed)  # noqa: S311
    return [[*chance.choices(range(90), k=chance.randint(1, 20)), 91, 92, 93] for _ in range(count)]


def made(kind: str = "qwen2") -> Any:
    """A model with random weights, norms and biases too."""
    torch.manual_seed(3)
    config = AutoConfig.for_model(
        kind,
        vocab_size=96,
        hidden_size=WIDTH,
        intermediate_size=48,
        num_hidden_layers=NUM_LAYERS,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
    )
    lm = AutoModelForCausalLM.from_config(config).eval()
    for parameter in lm.parameters():
        torch.nn.init.normal_(parameter, mean=0.05, std=0.2)
    return lm


@pytest.fixture(scope="module")
def lm() -> Any:
    return made()


def trunk(lm: Any, taps: tuple[Tap, ...] = ALL, memo: Memo | None = None) -> Trunk:
    decoder = Stock(lm)
    return Trunk(decoder, Prefixes(decoder, memo or Memo(None, "test")), taps)


def states(lm: Any, ids: list[int]) -> list[torch.Tensor]:
    """What each layer gives out, shape (tokens, width); the last one's normed."""
    with torch.inference_mode():
        hidden = lm(torch.tensor([ids]), output_hidden_states=True).hidden_states
    return [state[0] for state in hidden[1:]]


def expected(lm: Any, prefix: tuple[int, ...], rest: list[int]) -> torch.Tensor:
    """Features of one prompt, by the definition of a tap."""
    layers = states(lm, [*prefix, *rest])
    own = slice(len(prefix), len(prefix) + len(rest) - NUM_TAIL)
    of = {Pool.MEAN: lambda state: state[own].mean(dim=0), Pool.LAST: lambda state: state[-1]}
    return torch.cat([of[tap.pool](layers[tap.layer - 1]) for tap in ALL])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("prefix", [(), PREFIX], ids=["alone", "prefixed"])
def test_features_are_the_states_of_the_whole_model(kind: str, prefix: tuple[int, ...]) -> None:
    """Unequal messages in one batch, with and without a prefix: transformers' own hidden states.

    The mean is over the message's tokens: neither the prefix nor the tail nor padding is in it.
    """
    lm = made(kind)
    whole = torch.stack([expected(lm, prefix, rest) for rest in rests()])
    cut = finish(trunk(lm).features(prefix, rests(), NUM_TAIL))

    assert (len(rests()), len(ALL) * WIDTH) == cut.shape
    assert torch.allclose(whole, cut, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("tap", ALL, ids=lambda tap: f"{tap.layer}-{tap.pool}")
def test_one_tap_reads_what_it_reads_among_others(lm: Any, tap: Tap) -> None:
    """However much of the model is cut off above a tap, the state there is the same."""
    place = ALL.index(tap) * WIDTH
    among = finish(trunk(lm).features(PREFIX, rests(), NUM_TAIL))[:, place : place + WIDTH]
    alone = finish(trunk(lm, (tap,)).features(PREFIX, rests(), NUM_TAIL))

    assert torch.allclose(among, alone, rtol=1e-4, atol=1e-4)


def test_a_batch_reads_what_single_messages_read(lm: Any) -> None:
    """Batched with longer and shorter ones or alone: the same features, in order."""
    cut = trunk(lm)
    alone = [finish(cut.features(PREFIX, [rest], NUM_TAIL)) for rest in rests()]
    together = finish(cut.features(PREFIX, rests(), NUM_TAIL))

    assert torch.allclose(torch.cat(alone), together, rtol=1e-4, atol=1e-4)


def test_the_tail_is_not_in_the_mean(lm: Any) -> None:
    """Another tail changes the last token's state and not the mean of the message before it."""
    cut = trunk(lm, (Tap(2, Pool.MEAN), Tap(2, Pool.LAST)))
    message = [5, 6, 7]
    one, other = (
        finish(cut.features(PREFIX, [[*message, *tail]], 3))[0]
        for tail in ((91, 92, 93), (1, 2, 3))
    )

    assert torch.allclose(one[:WIDTH], other[:WIDTH], atol=1e-5)
    assert not torch.allclose(one[WIDTH:], other[WIDTH:], atol=1e-2)


def test_a_message_without_tokens_is_no_division_by_zero(lm: Any) -> None:
    """Only the tail is there: finite features, and the neighbours' are as ever."""
    cut = trunk(lm)
    empty = finish(cut.features(PREFIX, [[91, 92, 93], *rests()], NUM_TAIL))

    assert empty.isfinite().all()
    assert torch.allclose(
        finish(cut.features(PREFIX, rests(), NUM_TAIL)), empty[1:], rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("layer", [NUM_LAYERS + 1, 99, 0, -1])
def test_a_layer_that_is_not_there_is_refused(lm: Any, layer: int) -> None:
    """Beyond the last or before the first, beside a good one too (0 is not the last but one)."""
    for taps in ((Tap(layer, Pool.MEAN),), (Tap(2, Pool.MEAN), Tap(layer, Pool.LAST))):
        with pytest.raises(ValueError, match=f"there is no {layer}"):
            trunk(lm, taps)


def test_cutting_and_reading_leave_the_whole_model_as_it_was(lm: Any) -> None:
    """Its logits are the same to the bit, its layers as many, and no hook stays behind."""
    ids = torch.tensor([rests()[0]])
    with torch.inference_mode():
        before = lm(ids).logits
        finish(trunk(lm, ALL[:4]).features(PREFIX, rests(), NUM_TAIL))
        after = lm(ids).logits

    assert torch.equal(before, after)
    assert NUM_LAYERS == len(lm.base_model.layers) == lm.config.num_hidden_layers
    assert [] == [m for m in lm.modules() if m._forward_hooks or m._forward_pre_hooks]


def test_a_pass_that_fails_leaves_no_hook(lm: Any) -> None:
    """An id outside the vocabulary breaks the pass; the next one is as if nothing had been."""
    cut = trunk(lm)
    before = finish(cut.features(PREFIX, rests(), NUM_TAIL))
    with pytest.raises(IndexError):
        finish(cut.features(PREFIX, [[10_000, 91, 92, 93]], NUM_TAIL))

    assert [] == [module for module in lm.modules() if module._forward_hooks]
    assert torch.equal(before, finish(cut.features(PREFIX, rests(), NUM_TAIL)))


def test_the_weights_are_shared_and_not_copied(lm: Any) -> None:
    """A change of the model's weights is seen by the trunk: there is one copy in memory."""
    lm = made()
    cut = trunk(lm, (Tap(2, Pool.MEAN),))
    before = finish(cut.features((), rests(), NUM_TAIL))
    with torch.no_grad():
        lm.base_model.layers[1].mlp.down_proj.weight.mul_(2)
        changed = finish(cut.features((), rests(), NUM_TAIL))
        lm.base_model.layers[2].mlp.down_proj.weight.mul_(2)

    assert not torch.allclose(before, changed, atol=1e-3)
    assert torch.equal(changed, finish(cut.features((), rests(), NUM_TAIL)))


def test_a_long_prefix_can_be_stopped_between_chunks(lm: Any) -> None:
    """Three chunks of prefix are two chances to stop, the first time only; messages one a pass."""
    cut = trunk(lm)
    prefix = PREFIX * (3 * CHUNK // len(PREFIX))

    def num_stops() -> int:
        stops, work = 0, cut.features(prefix, rests(1), NUM_TAIL)
        for call in work:
            if call is not None:
                work.close()
                break
            stops += 1
        return stops

    assert (2, 0) == (num_stops(), num_stops())


def test_a_prefix_is_kept_for_the_next_start_and_for_any_depth(lm: Any, tmp_path: Path) -> None:
    """The next start reads it to the bit, and so does a trunk of more layers."""
    memo = Memo(tmp_path, "test")
    prefix = PREFIX * 40
    first, again = (trunk(lm, ALL[:4], memo) for _ in range(2))
    kept = finish(first.features(prefix, rests(), NUM_TAIL))

    assert torch.equal(kept, finish(again.features(prefix, rests(), NUM_TAIL)))
    assert 1 == len(list(tmp_path.iterdir()))
    assert torch.equal(
        finish(trunk(lm, ALL, memo).features(prefix, rests(), NUM_TAIL)),
        finish(trunk(lm).features(prefix, rests(), NUM_TAIL)),
    )
