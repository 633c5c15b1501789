"""What is kept between prompts: found where it helps, bounded, and never wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from engine import prefixes
from engine.memo import Memo
from engine.prefixes import MAX_PREFIXES, PASS_TOKENS, Prefixes, States
from engine.work import Call, Work, finish
from tests.decoders import IDS, decoder, tiny_weights

KINDS = ("qwen2", "qwen3")
LAYERS = {1, 2}
PREFIX = IDS[:20]
RESTS = [list(IDS[n : n + 1 + n % 7]) for n in range(30, 60)]


@pytest.fixture(autouse=True)
def inference() -> Iterator[None]:
    with torch.inference_mode():
        yield


@pytest.fixture(scope="module", params=KINDS)
def own(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A decoder of each kind: the lean one, and transformers'."""
    return decoder(tiny_weights(tmp_path_factory.mktemp("tiny"), request.param))


@pytest.fixture(scope="module")
def lean(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return decoder(tiny_weights(tmp_path_factory.mktemp("lean")))


def fresh(decoder: Any, folder: Path | None = None) -> Prefixes:
    return Prefixes(decoder, Memo(folder, "test"))


def read_on(decoder: Any, kept: Prefixes, ids: Sequence[int]) -> tuple[int, Tensor, Any]:
    """Tokens that were there, logits after all of them, and the past; room for two more."""
    past = kept.begin(ids, room=2)
    num_kept = past.length
    return num_kept, decoder.logits(decoder.extend([ids[num_kept:]], [past])), past


def first_call(work: Work[list[States]]) -> Call[Any, Any]:
    return next(call for call in work if call is not None)


class Recording:
    """A decoder that notes the shape of every pass over branches."""

    def __init__(self, decoder: Any) -> None:
        self._decoder = decoder
        self.passes: list[tuple[int, int]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._decoder, name)

    def branch(self, ids: Tensor, past: Any, layers: Any) -> Any:
        rows, longest = ids.shape
        self.passes.append((rows, longest))
        return self._decoder.branch(ids, past, layers)


# -- beginnings ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (IDS[100:140], 0),
        ((*IDS[:5], *IDS[150:160]), 5),
        ((*PREFIX, 1, 2), 20),
        (IDS[:60], 50),
        (IDS[:50], 49),
        (IDS[:30], 29),
        (IDS[:1], 0),
    ],
    ids=["none", "part of a prefix", "prefix", "chat", "whole chat", "part of a chat", "one token"],
)
def test_a_prompt_begins_with_the_most_that_is_kept(
    own: Any, ids: Sequence[int], expected: int
) -> None:
    """Of a prefix or a chat, whole or in part, but one token is left to read."""
    kept = fresh(own)
    finish(kept.prepare(PREFIX))
    _, _, chat = read_on(own, kept, IDS[:50])
    kept.keep(IDS[:50], chat)
    num_kept, logits, past = read_on(own, kept, ids)

    assert expected == num_kept
    assert len(ids) == past.length
    assert torch.allclose(read_on(own, fresh(own), ids)[1], logits, atol=1e-4)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=12), min_size=1, max_size=12))
def test_whatever_was_kept_before_the_answer_is_that_of_a_cold_start(
    own: Any, prompts: list[list[int]]
) -> None:
    """Prompts of four words share beginnings of all lengths; each is kept, none spoils another."""
    kept = fresh(own)
    for ids in prompts:
        _, logits, past = read_on(own, kept, ids)

        assert torch.allclose(read_on(own, fresh(own), ids)[1], logits, atol=1e-4)
        kept.keep(ids, past)


def test_a_chat_takes_the_place_of_its_own_beginning(own: Any) -> None:
    """What it goes on from is forgotten; a chat beside it stays."""
    kept = fresh(own)
    for ids in (IDS[:10], IDS[100:110], IDS[:20]):
        kept.keep(ids, read_on(own, kept, ids)[2])
    alone = fresh(own)
    for ids in (IDS[100:110], IDS[:20]):
        alone.keep(ids, read_on(own, alone, ids)[2])

    assert alone.num_chat_bytes == kept.num_chat_bytes
    assert 10 == kept.begin(IDS[100:115], 0).length
    assert 20 == kept.begin(IDS[:25], 0).length


def test_reading_on_changes_nothing_that_is_kept(own: Any) -> None:
    """A reply that was given up half way leaves prefix and chat as they were."""
    kept = fresh(own)
    finish(kept.prepare(PREFIX))
    before = read_on(own, kept, (*PREFIX, 5))[1]
    past = read_on(own, kept, (*PREFIX, 9))[2]
    own.extend([[3]], [past])

    assert torch.equal(before, read_on(own, kept, (*PREFIX, 5))[1])
    assert (20,) == kept.lengths


# -- bounds ----------------------------------------------------------------------------


def test_chats_are_bounded_by_their_bytes(monkeypatch: pytest.MonkeyPatch, own: Any) -> None:
    """The least recently used goes first; one larger than the bound is not kept at all."""
    size = read_on(own, fresh(own), IDS[:10])[2].num_bytes
    monkeypatch.setattr(prefixes, "CHAT_BYTES", 3 * size)
    kept = fresh(own)
    chats = [(n, *IDS[:9]) for n in range(200, 204)]
    for ids in chats[:3]:
        kept.keep(ids, read_on(own, kept, ids)[2])
    kept.begin((*chats[0], 1), 0)
    kept.keep(chats[3], read_on(own, kept, chats[3])[2])

    assert 3 * size >= kept.num_chat_bytes
    assert [10, 0, 10, 10] == [kept.begin((*ids, 1), 0).length for ids in chats]
    kept.keep(IDS[:100], read_on(own, kept, IDS[:100])[2])
    assert 3 * size >= kept.num_chat_bytes


def test_prefixes_are_bounded_by_their_number(lean: Any) -> None:
    """The least recently used goes first, whether preparing or beginning was its last use."""
    kept = fresh(lean)
    for n in range(MAX_PREFIXES):
        finish(kept.prepare((n, 1, 2)))
    finish(kept.prepare((0, 1, 2)))
    kept.begin((1, 1, 2, 9), 0)
    for n in range(100, 102):
        finish(kept.prepare((n, 1, 2)))

    assert MAX_PREFIXES == len(kept.lengths)
    assert [3, 3, 0, 0, 3] == [kept.begin((n, 1, 2, 9), 0).length for n in range(5)]


# -- branches --------------------------------------------------------------------------


def alike(one: list[States], other: list[States]) -> bool:
    pairs = [(a[n], b[n]) for a, b in zip(one, other, strict=True) for n in LAYERS]
    return all(a.shape == b.shape and torch.allclose(a, b, atol=1e-4) for a, b in pairs)


def test_branches_come_back_in_order_and_unpadded(own: Any) -> None:
    """Messages of 1 to 7 tokens, all at once or each alone: the same states."""
    together = finish(fresh(own).branches(PREFIX, RESTS, LAYERS))
    alone = [finish(fresh(own).branches(PREFIX, [rest], LAYERS))[0] for rest in RESTS]

    assert [len(rest) for rest in RESTS] == [len(states[1]) for states in together]
    assert alike(alone, together)


def test_callers_that_wait_share_a_pass(own: Any) -> None:
    """Different prefixes, layers and messages in one call: each gets what it gets alone."""
    asked = [
        (PREFIX, RESTS[:3], {1}),
        (IDS[50:60], RESTS[3:4], {1, 2}),
        (PREFIX, RESTS[4:9], {1, 2}),
        (PREFIX, RESTS[9:10], {1}),
    ]
    kept = fresh(own)
    calls = [first_call(kept.branches(*each)) for each in asked]
    found = calls[0].together([call.argument for call in calls])

    assert all(calls[0].is_like(call) for call in calls)
    for each, states in zip(asked, found, strict=True):
        expected = finish(fresh(own).branches(*each))
        assert [set(each[2])] * len(expected) == [set(state) for state in states]
        for one, other in zip(expected, states, strict=True):
            assert all(torch.allclose(one[n], other[n], atol=1e-4) for n in each[2])


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(1, 90), min_size=1, max_size=40))
def test_a_pass_takes_no_more_tokens_than_a_message_may_wait_for(
    lean: Any, lengths: list[int]
) -> None:
    """Filling included; a longer message goes alone, and none is left out."""
    watched = Recording(lean)
    rests = [IDS[:length] for length in lengths]
    found = finish(fresh(watched).branches(PREFIX, rests, {1}))

    assert lengths == [len(states[1]) for states in found]
    assert len(lengths) == sum(rows for rows, _ in watched.passes)
    assert all(rows * longest <= PASS_TOKENS for rows, longest in watched.passes)


def test_a_message_longer_than_a_pass_goes_alone(lean: Any) -> None:
    """It cannot be cut, for nothing is kept between passes; its neighbours do not join it."""
    watched = Recording(lean)
    finish(fresh(watched).branches((), [[1, 2], [3] * (PASS_TOKENS + 1), [4]], {1}))

    assert [(1, 2), (1, PASS_TOKENS + 1), (1, 1)] == watched.passes


def test_a_pass_holds_few_copies_of_a_long_prefix(
    monkeypatch: pytest.MonkeyPatch, lean: Any
) -> None:
    """Each row reads a copy of the prefix: as many as the bound on bytes allows, at least one."""
    watched = Recording(lean)
    kept = fresh(watched)
    finish(kept.prepare(PREFIX))
    size = kept.begin((*PREFIX, 1), -1).num_bytes
    monkeypatch.setattr(prefixes, "PASS_BYTES", 3 * size)
    finish(kept.branches(PREFIX, [[1]] * 7, {1}))
    monkeypatch.setattr(prefixes, "PASS_BYTES", 1)
    finish(kept.branches(PREFIX, [[1]] * 2, {1}))

    assert [3, 3, 1, 1, 1] == [rows for rows, _ in watched.passes]


def test_a_prefix_that_was_pushed_out_while_a_pass_was_waited_for(lean: Any) -> None:
    """Other callers prepare many prefixes between the question and its pass: it is served still."""
    kept = fresh(lean)
    call = first_call(kept.branches(PREFIX, RESTS[:2], LAYERS))
    for n in range(MAX_PREFIXES):
        finish(kept.prepare((n, 1, 2)))
    [found] = call.together([call.argument])

    assert alike(finish(fresh(lean).branches(PREFIX, RESTS[:2], LAYERS)), found)


# -- the next start --------------------------------------------------------------------


def test_the_next_start_reads_what_this_one_computed(own: Any, tmp_path: Path) -> None:
    """A prefix of several chunks takes no step, and answers are the same to the bit."""
    prefix = IDS * 2
    first, again = fresh(own, tmp_path), fresh(own, tmp_path)
    steps = [sum(1 for _ in kept.prepare(prefix)) for kept in (first, again)]

    assert [3, 0] == steps
    assert torch.equal(*(read_on(own, kept, (*prefix, 5))[1] for kept in (first, again)))


def test_chats_are_never_written_down(own: Any, tmp_path: Path) -> None:
    """Only what was prepared is on the disk."""
    kept = fresh(own, tmp_path)
    kept.keep(IDS[:10], read_on(own, kept, IDS[:10])[2])
    finish(kept.branches(PREFIX, RESTS, LAYERS))

    assert 1 == len(list(tmp_path.iterdir()))
