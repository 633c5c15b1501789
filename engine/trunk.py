"""The first layers of the shared model, read for what they know of a message.

The states of the tokens hold the mood long before the last layer has turned them into a next
word, so a reading needs neither the output layer nor the layers above the highest one it taps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import torch

from engine.decoder import Decoder
from engine.prefixes import Prefixes, States
from engine.work import Work


class Pool(StrEnum):
    """Which states of a layer make one feature vector."""

    MEAN = "mean"  # over the message's own tokens
    LAST = "last"  # of the last token of the prompt, where the answer would begin


@dataclass(frozen=True, slots=True)
class Tap:
    """One place where states are read.

    Attributes:
        layer: Number of the layer whose output is read; the first is 1.
        pool: How its states become one vector.
    """

    layer: int
    pool: Pool


class Trunk:
    """The layers up to the highest tap.

    Raises:
        ValueError: The decoder has no such layer.
    """

    def __init__(self, decoder: Decoder, prefixes: Prefixes, taps: Sequence[Tap]) -> None:
        self.taps, self._prefixes = tuple(taps), prefixes
        self._layers = {tap.layer for tap in taps}
        self.width = len(self.taps) * decoder.width
        if outside := [n for n in self._layers if not 1 <= n <= decoder.num_layers]:
            raise ValueError(f"the model has {decoder.num_layers} layers, there is no {outside[0]}")

    def features(
        self, prefix: Sequence[int], rests: Sequence[Sequence[int]], num_tail: int
    ) -> Work[torch.Tensor]:
        """Feature vectors of messages; yields between passes.

        Args:
            prefix: Ids that every prompt begins with.
            rests: What follows it, one a prompt: the message, then the template's tail.
            num_tail: Tokens of that tail.

        Returns:
            Shape (prompts, taps x hidden size), float32.
        """
        states = yield from self._prefixes.branches(prefix, rests, self._layers)
        return torch.stack([self._pooled(each, num_tail) for each in states])

    def _pooled(self, states: States, num_tail: int) -> torch.Tensor:
        """Shape (taps x hidden size,)."""
        pooled = []
        for tap in self.taps:
            state = states[tap.layer].float()
            own = state[: max(1, len(state) - num_tail)]
            pooled.append(state[-1] if tap.pool is Pool.LAST else own.mean(dim=0))
        return torch.cat(pooled)
