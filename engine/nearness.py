"""Which pairs of a bank are nearest to a message, and on which occasion it was written.

A pair near enough for its very answer is rare. But whether a message tells of a death, a promotion
or a late parcel, the many pairs that are a little near agree on, and then a line that fits every
message of the occasion can be said.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

import torch

from engine.bank import Guess, Near, Pair, family
from engine.kinds import Kinds
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
        self._num, self._places = len(texts), dict[str, int]()
        own = [_grams(text) for text in texts]
        places = [self._places.setdefault(gram, len(self._places)) for one in own for gram in one]
        of = torch.tensor(places, dtype=torch.int64)
        num_grams = torch.tensor([len(one) for one in own], dtype=torch.int64)
        numbers = torch.arange(self._num).repeat_interleave(num_grams)
        counts = torch.tensor([count for one in own for count in one.values()]).float()
        frequency = of.bincount(minlength=len(self._places))
        self._rarity = torch.log1p(self._num / (1 + frequency)).tolist()
        weights = torch.tensor(self._rarity)[of] * (1 + counts.log())
        lengths = torch.zeros(self._num).index_add_(0, numbers, weights**2).sqrt()
        order = of.argsort(stable=True)
        sizes = frequency.tolist()
        #: Of each gram, the texts that have it and what it weighs in them.
        self._numbers = numbers[order].split_with_sizes(sizes)
        self._weights = (weights / lengths[numbers])[order].split_with_sizes(sizes)

    def __call__(self, text: str) -> torch.Tensor:
        """Shape (texts,)."""
        found = torch.zeros(self._num)
        grams = _grams(text)
        weights = {gram: self._weight(gram) * (1 + math.log(n)) for gram, n in grams.items()}
        length = math.hypot(*weights.values())
        for gram, weight in weights.items():
            if (place := self._places.get(gram)) is not None:
                found.index_add_(
                    0, self._numbers[place], self._weights[place], alpha=weight / length
                )
        return found

    def share(self, text: str, other: str) -> float:
        """Of the characters of a text, by weight, those that another one has too; 0 to 1."""
        weights = {c: self._weight(c) for c in set(text.casefold()) if c.isalnum()}
        known = sum(weight for c, weight in weights.items() if c in other.casefold())
        return known / sum(weights.values()) if weights else 1.0

    def _weight(self, gram: str) -> float:
        place = self._places.get(gram)
        return math.log1p(self._num) if place is None else self._rarity[place]


class Nearness:
    """Pairs that can be looked up.

    Args:
        directions: Of their messages, shape (pairs, directions), each of length 1.
        kinds: What tells occasions by a direction, where there is such.
    """

    def __init__(
        self, pairs: Sequence[Pair], directions: torch.Tensor, kinds: Kinds | None = None
    ) -> None:
        self._pairs, self._known, self._kinds = pairs, directions, kinds
        self._occasions = frozenset(pair.occasion for pair in pairs)
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
        """The likeliest occasions of a message, the best first: what the nearest pairs vote for,
        and what its direction alone tells, half each.
        """
        shares = self._votes(text, direction)
        told = self._kinds(direction) if self._kinds else {}
        if own := {name: share for name, share in told.items() if name in self._occasions}:
            shares = {
                name: (shares.get(name, 0.0) + own.get(name, 0.0)) / 2 for name in {**shares, **own}
            }
        families = defaultdict[str, float](float)
        for name, share in shares.items():
            families[family(name)] += share
        best_first = sorted(shares.items(), key=lambda one: -one[1])[:NUM_GUESSES]
        return [Guess(name, share, families[family(name)]) for name, share in best_first]

    def _votes(self, text: str, direction: torch.Tensor) -> dict[str, float]:
        """Of the occasions of the nearest pairs, the share of each."""
        found = self._like(text, direction).masked_fill_(self._untold, -math.inf)
        best, numbers = found.topk(min(NUM_VOTES, len(self._pairs)))
        votes = (SHARPNESS * best).softmax(0).nan_to_num(0.0)
        shares = defaultdict[str, float](float)
        for number, vote in zip(numbers.tolist(), votes.tolist(), strict=True):
            if vote and (occasion := self._pairs[number].occasion):
                shares[occasion] += vote
        return shares

    def _like(self, text: str, direction: torch.Tensor) -> torch.Tensor:
        return self._known @ direction + WORDS_WEIGHT * self._words(text)


def _grams(text: str) -> Counter[str]:
    marked = f"^{text.casefold()}$"
    return Counter(marked[n : n + size] for size in (1, 2) for n in range(len(marked) - size + 1))
