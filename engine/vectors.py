"""What a message is about, as the shared model's states: one vector a message."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence

import torch

from engine.features import Features
from engine.model import Model
from engine.prompts import occasion_prefix
from engine.trunk import Pool, Tap
from engine.work import Work

#: Messages whose vectors are remembered.
NUM_KEPT = 512
#: Messages a pass.
BATCH = 32


def occasion_taps(num_layers: int) -> tuple[Tap, ...]:
    """Where a message's subject shows best, under a prompt that asks for it: the higher, the nearer
    to a word. The best of a dozen by the bank's own messages; one layer alone was a point or two
    worse.
    """
    places = ((0.5, Pool.MEAN), (0.75, Pool.LAST), (0.92, Pool.LAST))
    return tuple(Tap(max(1, round(num_layers * share)), pool) for share, pool in places)


class Vectors:
    """Vectors of messages, the latest ones remembered: what is near is asked for twice."""

    def __init__(self, model: Model) -> None:
        taps = occasion_taps(model.num_layers)
        self._features = Features(model, taps, occasion_prefix())
        self._kept: OrderedDict[str, torch.Tensor] = OrderedDict()
        self.width = self._features.width
        self.key = f"{self._features.prompt} {taps}"

    def of(self, text: str) -> Work[torch.Tensor]:
        """Shape (width,)."""
        if text not in self._kept:
            [self._kept[text]] = yield from self._features.read([text])
        self._kept.move_to_end(text)
        while len(self._kept) > NUM_KEPT:
            self._kept.popitem(last=False)
        return self._kept[text]

    def of_all(
        self, texts: Sequence[str], advance: Callable[[int], None] = lambda _: None
    ) -> Work[torch.Tensor]:
        """Shape (texts, width), in batches of like length; yields between them.

        Args:
            advance: Told of every so many texts.
        """
        order = sorted(range(len(texts)), key=lambda n: len(texts[n]))
        found = torch.empty(len(texts), self.width)
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            found[batch] = yield from self._features.read([texts[n] for n in batch])
            advance(len(batch))
        return found
