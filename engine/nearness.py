"""Which pairs of a bank are nearest to a message: by the shared model's states, words and mood."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import torch
from torch.nn.functional import normalize

from engine.bank import Near, Pair
from engine.mood import Mood

#: What words in common add to the cosine of the states, and a like mood to both. The best of a
#: few tried by what of the bank's own messages comes to lie beside what (README, "Replies").
WORDS_WEIGHT = 0.5
MOOD_WEIGHT = 0.1
#: Kept out of a deviation of zero.
LEAST = 1e-3


class Words:
    """Cosine of the characters and character pairs in common, the rare ones counting more."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._num = len(texts)
        grams = [_grams(text) for text in texts]
        self._frequency = Counter(gram for own in grams for gram in own)
        postings = defaultdict[str, list[tuple[int, float]]](list)
        for number, own in enumerate(grams):
            for gram, weight in self._weighted(own).items():
                postings[gram].append((number, weight))
        self._postings = {
            gram: (torch.tensor([n for n, _ in own]), torch.tensor([weight for _, weight in own]))
            for gram, own in postings.items()
        }

    def __call__(self, text: str) -> torch.Tensor:
        """Shape (texts,)."""
        found = torch.zeros(self._num)
        for gram, weight in self._weighted(_grams(text)).items():
            if gram in self._postings:
                numbers, weights = self._postings[gram]
                found.index_add_(0, numbers, weights, alpha=weight)
        return found

    def share(self, text: str, other: str) -> float:
        """Of the characters of a text, by weight, those that another one has too; 0 to 1."""
        weights = {c: self._weight(c) for c in set(text.casefold()) if c.isalnum()}
        known = sum(weight for c, weight in weights.items() if c in other.casefold())
        return known / sum(weights.values()) if weights else 1.0

    def _weight(self, gram: str) -> float:
        return math.log(1 + self._num / (1 + self._frequency[gram]))

    def _weighted(self, grams: Mapping[str, int]) -> dict[str, float]:
        weights = {
            gram: self._weight(gram) * (1 + math.log(count)) for gram, count in grams.items()
        }
        length = math.hypot(*weights.values())
        return {gram: weight / length for gram, weight in weights.items()}


class Nearness:
    """Pairs that can be looked up.

    Args:
        vectors: Of their messages, shape (pairs, width); their spread is what states are measured
            by, so there must be many.
    """

    def __init__(self, pairs: Sequence[Pair], vectors: torch.Tensor) -> None:
        self._pairs = pairs
        self._mean, self._scale = vectors.mean(0), vectors.std(0, correction=0) + LEAST
        self._known = self._standard(vectors)
        self._words = Words([pair.text for pair in pairs])
        self._moods = {mood: torch.tensor([p.mood is mood for p in pairs]) for mood in Mood}
        self._private = [(n, pair.chat) for n, pair in enumerate(pairs) if pair.chat]

    def of(self, text: str, vector: torch.Tensor, mood: Mood, *, chat: str, num: int) -> list[Near]:
        """The nearest pairs that may serve a chat, the nearest first.

        Args:
            vector: Of ``text``, shape (width,).
        """
        found = self._known @ self._standard(vector) + WORDS_WEIGHT * self._words(text)
        found += MOOD_WEIGHT * self._moods[mood]
        found[[n for n, own in self._private if own != chat]] = -math.inf
        best, numbers = found.topk(min(num, len(self._pairs)))
        pairs = [self._pairs[number] for number in numbers.tolist()]
        return [
            Near(pair, similarity, self._words.share(text, pair.text))
            for pair, similarity in zip(pairs, best.tolist(), strict=True)
            if similarity > -math.inf
        ]

    def _standard(self, vectors: torch.Tensor) -> torch.Tensor:
        return normalize((vectors - self._mean) / self._scale, dim=-1)


def _grams(text: str) -> Counter[str]:
    marked = f"^{text.casefold()}$"
    return Counter(marked[n : n + size] for size in (1, 2) for n in range(len(marked) - size + 1))
