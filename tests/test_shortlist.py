"""The output layer over common tokens: which they are, and that replies lose nothing by it."""

from __future__ import annotations

import asyncio
import functools

import pytest
import torch
from torch import Tensor

import settings
from engine import prompts
from engine.assemble import COMMON, HEAD
from engine.executor import InferenceExecutor, Priority
from engine.linear import PlainLinear
from engine.model import Model
from engine.mood import Mood
from engine.persona import load
from engine.sampler import Sampler, Sampling, likeliest
from engine.shortlist import Shortlist, common_ids
from engine.talk import Asked
from engine.tensors import Tensors
from engine.weights import Weights
from engine.work import finish
from tests import tiny
from tests.decoders import tokenizer

GREEDY = Sampling(16, 0.0, 1.0, 1.0)


def common(num_frequent: int, multiple: int = 1) -> list[int]:
    num_rows = len(tiny.vocabulary()[0])
    found: list[int] = common_ids(
        tokenizer(), num_rows, multiple=multiple, num_frequent=num_frequent
    ).tolist()
    return found


def test_words_of_other_scripts_are_left_out_and_all_else_is_in() -> None:
    """Of the tiny vocabulary: no English word, but 你好, 123, control tokens and their template."""
    found = {tokenizer().decode([number]) for number in common(0)}
    turns = [{"role": "assistant", "content": "你好，123！"}]

    assert {"你好", "123", "<|im_end|>", "<tool_call>", "7", "?"} <= found
    assert not {"hello", " world", "q"} & found
    assert set(tokenizer().apply_chat_template(turns, return_dict=False)) <= set(common(0))


@pytest.mark.parametrize("multiple", [1, 7, 16])
def test_frequent_tokens_are_in_whatever_they_say(multiple: int) -> None:
    """Each id once, ascending, of the number the kernels want, and with the first ones."""
    found = common(100, multiple)

    assert set(range(100)) <= set(found)
    assert sorted(set(found)) == found
    assert 0 == len(found) % multiple


def test_a_draw_is_one_of_the_tokens_it_is_among() -> None:
    """Logits of a shortlist are of its tokens, in its order; penalties fall on the right ones."""
    draw, logits = Sampler(Sampling(8, 0.0, 1.0, 2.0)), torch.tensor([0.0, 1.0, 1.5])
    [found] = likeliest(logits[None], 3, torch.tensor([3, 7, 1000]))

    assert (1000, float(logits.log_softmax(0)[2])) == pytest.approx(draw([], found))
    assert (7, float(logits.log_softmax(0)[1])) == pytest.approx(draw([1000], found))


def test_logits_of_a_shortlist_are_those_of_its_rows() -> None:
    """Over any states; and it knows what it holds."""
    weight, ids = torch.randn(50, 8), torch.tensor([2, 3, 40])
    shortlist = Shortlist(ids, PlainLinear(weight[ids], None))
    states = torch.randn(4, 8)

    assert torch.allclose((states @ weight.T)[:, ids], shortlist.logits(states), atol=1e-5)
    assert shortlist.holds([40, 2, 2])
    assert not shortlist.holds([40, 4])


@pytest.fixture(scope="module")
def small(small_weights: Weights) -> Model:
    cache = settings.Settings().engine.cache_path
    return Model(small_weights, precision="int8", threads=0, cache=cache)


def asked(model: Model, text: str) -> tuple[list[int], list[int]]:
    question = prompts.reply_question(Asked(load("yixin"), text, Mood.NEUTRAL), prompts.REPLY_CHARS)
    return model.split(prompts.reply_prefix(load("yixin"), Mood.NEUTRAL), question)


@pytest.mark.model
@pytest.mark.timeout(900)
def test_rounded_rows_are_those_of_the_whole_layer(small_weights: Weights, small: Model) -> None:
    """In the real small model's int8 folder, each row of the excerpt is the row it says."""
    [folder] = small_weights.folder.parent.glob(f"bundled-small-{small_weights.fingerprint}-int8")
    tensors = Tensors(folder)
    rows: Tensor = tensors[f"{COMMON}.rows"].long()

    assert torch.equal(tensors[f"{HEAD}.codes"][rows], tensors[f"{COMMON}.codes"])
    assert torch.equal(tensors[f"{HEAD}.scale"][rows], tensors[f"{COMMON}.scale"])
    assert len(rows) < tensors.shape(f"{HEAD}.codes")[0] // 2


@pytest.mark.model
@pytest.mark.timeout(900)
async def test_replies_over_both_layers_share_passes(small: Model) -> None:
    """A Chinese and a Thai chat written together: each as if it had been alone."""
    prompted = [asked(small, text) for text in ("今天好累啊", "สวัสดีครับ สบายดีไหม", "周末去哪玩")]
    alone = [finish(small.decode(*one, GREEDY)).text for one in prompted]
    executor = InferenceExecutor(max_waiting=8)
    asked_for = (functools.partial(small.decode, *one, GREEDY) for one in prompted)
    replies = (executor.run(one, priority=Priority.REPLY, timeout=120) for one in asked_for)
    together = await asyncio.gather(*replies)
    executor.close()

    assert alone == [draft.text for draft in together]
