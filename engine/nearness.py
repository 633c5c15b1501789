"""Which pairs of a bank are nearest to a message, and on which occasion it was written.

A pair near enough for its very answer is rare. But whether a message tells of a death, a promotion
or a late parcel, the many pairs that are a little near agree on, and then a line that fits every
message of the occasion can be said.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import torch

from engine.bank import Guess, Near, Pair, family
from engine.mood import Mood

#: What words in common add to the cosine of the directions, and a like mood to both. The best of a
#: few by what of the bank's own messages, each left out once, comes to lie beside what.
WORDS_WEIGHT = 0.6
MOOD_WEIGHT = 0.1
#: Of the nearest pairs so many vote on the occasion; how much more the nearer ones' votes count.
NUM_VOTES = 60
SHARPNESS = 10.0
#: Occasions told of a message.
NUM_GUESSES = 5


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
        directions: Of their messages, shape (pairs, directions), each of length 1.
    """

    def __init__(self, pairs: Sequence[Pair], directions: torch.Tensor) -> None:
        self._pairs, self._known = pairs, directions
        self._words = Words([pair.text for pair in pairs])
        self._moods = {mood: torch.tensor([p.mood is mood for p in pairs]) for mood in Mood}
        self._private = [(n, pair.chat) for n, pair in enumerate(pairs) if pair.chat]
        self._untold = torch.tensor([not pair.occasion for pair in pairs])

    def of(
        self, text: str, direction: torch.Tensor, mood: Mood, *, chat: str, num: int
    ) -> list[Near]:
        """The nearest pairs that may serve a chat, the nearest first.

        Args:
            direction: Of ``text``, shape (directions,).
        """
        found = self._like(text, direction) + MOOD_WEIGHT * self._moods[mood]
        found[[n for n, own in self._private if own != chat]] = -math.inf
        best, numbers = found.topk(min(num, len(self._pairs)))
        pairs = [self._pairs[number] for number in numbers.tolist()]
        return [
            Near(pair, similarity, self._words.share(text, pair.text))
            for pair, similarity in zip(pairs, best.tolist(), strict=True)
            if similarity > -math.inf
        ]

    def guesses(self, text: str, direction: torch.Tensor) -> list[Guess]:
        """The likeliest occasions of a message, the best first: what the nearest pairs vote for."""
        found = self._like(text, direction).masked_fill_(self._untold, -math.inf)
        best, numbers = found.topk(min(NUM_VOTES, len(self._pairs)))
        votes = (SHARPNESS * best).softmax(0).nan_to_num(0.0)
        shares, families = defaultdict[str, float](float), defaultdict[str, float](float)
        for number, vote in zip(numbers.tolist(), votes.tolist(), strict=True):
            occasion = self._pairs[number].occasion
            shares[occasion] += vote
            families[family(occasion)] += vote
        told = [(share, name) for name, share in shares.items() if name and share > 0]
        best_first = sorted(told, key=lambda one: -one[0])[:NUM_GUESSES]
        return [Guess(name, share, families[family(name)]) for share, name in best_first]

    def _like(self, text: str, direction: torch.Tensor) -> torch.Tensor:
        return self._known @ direction + WORDS_WEIGHT * self._words(text)


def _grams(text: str) -> Counter[str]:
    marked = f"^{text.casefold()}$"
    return Counter(marked[n : n + size] for size in (1, 2) for n in range(len(marked) - size + 1))
