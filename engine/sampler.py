"""How the tokens of a reply are drawn."""

from __future__ import annotations

import bisect
import heapq
import itertools
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

#: Tokens that are drawn from: the likeliest; what comes after them is noise.
NUM_CANDIDATES = 64


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the tokens of a reply are drawn.

    Attributes:
        temperature: 0 is greedy.
        no_repeat_ngram: So many tokens said once in a reply are not said again in it, which is
            what a loop is made of; 0 allows it.
        seed: For a reply that can be had again; None for another each time.
    """

    max_new_tokens: int
    temperature: float
    top_p: float
    repetition_penalty: float
    no_repeat_ngram: int = 4
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Likeliest:
    """What may come next in a reply.

    Attributes:
        tokens: The likeliest first.
        logits: Theirs.
        total: Logarithm of the sum over all tokens, these and the others.
    """

    tokens: list[int]
    logits: list[float]
    total: float


def num_wanted(written: Sequence[int]) -> int:
    """Of so many of the likeliest tokens enough are left to draw from after all penalties."""
    return NUM_CANDIDATES + len(set(written))


def likeliest(logits: torch.Tensor, num: int, among: torch.Tensor | None) -> list[Likeliest]:
    """So many tokens of each row, in one pass over all rows: 8 replies are not 8 passes.

    Args:
        logits: Shape (rows, tokens).
        among: Shape (tokens,): which tokens the logits are of; None where it is all of them.
    """
    best, places = logits.topk(min(num, logits.shape[1]))
    tokens = places if among is None else among[places]
    rows = zip(tokens.tolist(), best.tolist(), logits.logsumexp(-1).tolist(), strict=True)
    return [Likeliest(*row) for row in rows]


class Sampler:
    """Draws the tokens of one reply.

    Penalties only ever make a token less likely, and only tokens that the reply holds already. So
    the best after them are among the best before them, and the vocabulary of 150,000 is gone
    through once, not four times (1 ms a token with transformers' processors, 8 ms for 8 replies);
    what is left are a few numbers, soonest done without tensors.

    Only the reply's own tokens count for penalties: names and phrases of the prompt may well be
    said again, and if its end-of-turn tokens were penalised, replies would run on.
    """

    def __init__(self, sampling: Sampling) -> None:
        self.sampling = sampling
        self._random = random.Random(sampling.seed)  # noqa: S311 - of words, not of secrets

    def __call__(self, written: Sequence[int], found: Likeliest) -> tuple[int, float]:
        """The next token, and its log-probability before penalties and temperature.

        Args:
            written: The reply so far.
            found: At least ``num_wanted`` tokens.
        """
        num = num_wanted(written)
        logits = dict(zip(found.tokens[:num], found.logits[:num], strict=True))
        token = self._drawn(self._penalised(written, logits))
        return token, logits[token] - found.total

    def _penalised(self, written: Sequence[int], found: Mapping[int, float]) -> dict[int, float]:
        scores, penalty = dict(found), self.sampling.repetition_penalty
        for token in set(written) & scores.keys():
            scores[token] *= penalty if scores[token] < 0 else 1 / penalty
        return scores | dict.fromkeys(self._loops(written) & scores.keys(), -math.inf)

    def _drawn(self, scores: Mapping[int, float]) -> int:
        if self.sampling.temperature == 0:
            return max(scores, key=lambda token: scores[token])
        tokens = heapq.nlargest(NUM_CANDIDATES, scores, key=lambda token: scores[token])
        best = scores[tokens[0]]
        weights = [math.exp((scores[t] - best) / self.sampling.temperature) for t in tokens]
        so_far = list(itertools.accumulate(weights))
        # Nucleus (Holtzman et al., arXiv:1904.09751): the fewest that hold top_p of it all.
        num = bisect.bisect_left(so_far, self.sampling.top_p * so_far[-1]) + 1
        return self._random.choices(tokens[:num], cum_weights=so_far[:num])[0]

    def _loops(self, written: Sequence[int]) -> set[int]:
        """Tokens that would repeat ``no_repeat_ngram`` tokens of the reply."""
        size = self.sampling.no_repeat_ngram
        if not size or len(written) < size:
            return set()
        latest = list(written[len(written) - size + 1 :])
        starts = range(len(written) - size + 1)
        return {written[n + size - 1] for n in starts if list(written[n : n + size - 1]) == latest}
