"""A head fitted to what another model's head has learnt: what is taken over, and what is read."""

from __future__ import annotations

import torch
from torch.nn.functional import normalize

from engine.bank import Pair
from engine.head import Standard
from engine.known import Known
from engine.mood import Mood
from engine.persona import Persona
from engine.projection import Projection
from tools.aptness import Marked
from tools.borrowed import borrowed, regressed

FEATURES, DIRECTIONS = 40, 6


def drawn(*shape: int, seed: int = 1) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_marks_of_what_is_prepared_are_learnt_from_and_others_left_out() -> None:
    """A reply that no file has any more, and a message nobody read, are no lesson."""
    texts, replies = ["早", "晚安"], ["早呀。", "晚安，好梦。", "嗯。"]
    pairs = tuple(
        Pair(text=a, reply=b, mood=Mood.NEUTRAL) for a, b in zip(texts, replies, strict=False)
    )
    known = Known.of(texts, normalize(drawn(2, DIRECTIONS), dim=-1))
    projection = Projection(Standard.none(drawn(1, FEATURES)), drawn(FEATURES, DIRECTIONS), known)
    lines = [
        Marked("晚安", ("嗯。", "删了的一句", "晚安，好梦。"), (1, 2, 2)),
        Marked("没人读过", ("嗯。",), (0,)),
    ]
    persona = Persona.model_construct(pairs=pairs)

    lesson = borrowed(persona, lines, projection, drawn(3, DIRECTIONS), replies)

    assert [[1, 2], [1, 1]] == lesson.marked.tolist()
    assert [1, 2] == lesson.marks.tolist()
    assert [[0, 0], [1, 1]] == lesson.pairs.tolist()


def test_a_side_is_found_from_states_of_some_texts() -> None:
    """Of texts that were not among them, too, the directions come out as they were taken."""
    states, through = drawn(400, FEATURES) + 3, drawn(FEATURES, DIRECTIONS, seed=2)
    directions = normalize((states - 3) @ through, dim=-1)

    side = regressed(states[:300], directions[:300], ridge=1.0)

    assert (side(states[300:]) * directions[300:]).sum(dim=-1).mean() > 0.95
