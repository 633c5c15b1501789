"""What a message is about, as the shared model's states: one vector a message."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import torch

from engine.features import Features
from engine.model import Model
from engine.prompts import ChatTurn
from engine.trunk import Pool, Tap
from engine.work import Work

#: Messages whose vectors are remembered, so that an answer does not read anew what its mood did.
NUM_KEPT = 512
#: Messages a pass.
BATCH = 32


def vector_taps(num_layers: int) -> tuple[Tap, ...]:
    """Where a message's subject shows best: four tenths of the way up, over and after its tokens.

    Higher layers turn to the mood that the prompt asks for. The mood's head taps this layer too,
    so the vector costs its pass nothing.
    """
    layer = max(1, round(num_layers * 0.42))
    return (Tap(layer, Pool.MEAN), Tap(layer, Pool.LAST))


def occasion_taps(num_layers: int) -> tuple[Tap, ...]:
    """Where its occasion does, under a prompt that asks for it: the higher, the nearer to a word.

    The best of a dozen by the bank's own messages; one layer alone was a point or two worse.
    """
    places = ((0.5, Pool.MEAN), (0.75, Pool.LAST), (0.92, Pool.LAST))
    return tuple(Tap(max(1, round(num_layers * share)), pool) for share, pool in places)


class Vectors:
    """Vectors of messages, the latest ones remembered.

    Args:
        turns: What comes before the message; by default the prompt for moods.
    """

    def __init__(self, model: Model, taps: Sequence[Tap], turns: Sequence[ChatTurn] = ()) -> None:
        self.taps = tuple(taps)
        self._features = Features(model, self.taps, turns)
        self._kept: OrderedDict[str, torch.Tensor] = OrderedDict()
        self.prompt, self.width = self._features.prompt, self._features.width

    def note(self, texts: Sequence[str], vectors: torch.Tensor) -> None:
        """Remember what another pass has read; ``vectors`` has shape (texts, width)."""
        for text, vector in zip(texts, vectors, strict=True):
            self._kept[text] = vector
            self._kept.move_to_end(text)
        while len(self._kept) > NUM_KEPT:
            self._kept.popitem(last=False)

    def of(self, text: str) -> Work[torch.Tensor]:
        """Shape (width,); from memory where its mood has been read."""
        if text not in self._kept:
            self.note([text], (yield from self._features.read([text])))
        return self._kept[text]

    def of_all(self, texts: Sequence[str]) -> Work[torch.Tensor]:
        """Shape (texts, width), in batches of like length; yields between them."""
        order = sorted(range(len(texts)), key=lambda n: len(texts[n]))
        found: dict[int, torch.Tensor] = {}
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            vectors = yield from self._features.read([texts[n] for n in batch])
            found |= zip(batch, vectors, strict=True)
        return torch.stack([found[n] for n in range(len(texts))])
