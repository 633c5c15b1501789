"""On which occasion a message was written: what all pairs of a bank say together.

A pair near enough for its very answer is rare. But whether a message tells of a death, a promotion
or a late parcel, the many pairs that are a little near agree on, and then a line that fits every
message of the occasion can be said.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import normalize, one_hot

from engine.bank import Guess, Pair
from engine.nearness import LEAST, Words

#: Likeness of two messages is exp(SHARPNESS * (cosine - 1)), and WORDS_WEIGHT for the words in
#: common; the best of a few by the bank's own messages, each left out once, and so is the ridge.
SHARPNESS = 1.5
WORDS_WEIGHT = 0.3
RIDGE = 0.3
#: Occasions told of a message.
NUM_GUESSES = 3


class Occasions:
    """Kernel ridge regression of the occasions on how like a message is to each pair.

    Args:
        pairs: Each with an occasion.
        vectors: Of their messages, shape (pairs, width).
        weights: What a fit to just these found before.
    """

    def __init__(
        self, pairs: Sequence[Pair], vectors: Tensor, weights: Tensor | None = None
    ) -> None:
        self._mean, self._scale = vectors.mean(0), vectors.std(0, correction=0) + LEAST
        self._known = self._standard(vectors)
        self._words = Words([pair.text for pair in pairs])
        self._names = sorted({pair.occasion for pair in pairs})
        places = torch.tensor([self._names.index(pair.occasion) for pair in pairs])
        targets = one_hot(places, len(self._names)).float()
        self._base = targets.mean(0)
        if weights is None:
            words = torch.stack([self._words(pair.text) for pair in pairs])
            weights = _solved(_likeness(self._known @ self._known.T, words), targets - self._base)
        self.weights = weights

    def of(self, text: str, vector: Tensor) -> list[Guess]:
        """The likeliest occasions, the best first.

        Args:
            vector: Of ``text``, shape (width,).
        """
        like = _likeness(self._known @ self._standard(vector), self._words(text))
        scores = like @ self.weights + self._base
        best, places = scores.topk(min(NUM_GUESSES, len(scores)))
        return [
            Guess(self._names[place], score)
            for place, score in zip(places.tolist(), best.tolist(), strict=True)
        ]

    def _standard(self, vectors: Tensor) -> Tensor:
        return normalize((vectors - self._mean) / self._scale, dim=-1)


def _likeness(cosines: Tensor, words: Tensor) -> Tensor:
    return (SHARPNESS * (cosines - 1)).exp().add_(words, alpha=WORDS_WEIGHT)


def _solved(kernel: Tensor, targets: Tensor) -> Tensor:
    """Shape (pairs, occasions)."""
    kernel.diagonal().add_(RIDGE)
    return torch.cholesky_solve(targets, torch.linalg.cholesky(kernel))
