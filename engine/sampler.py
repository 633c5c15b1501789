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


class Sampler:
    """Draws the tokens of one reply.

    Penalties only ever make a token less likely, and only tokens that the reply holds already. So
    the best after them are among the best before them, and the vocabulary of 150,000 is gone
    through once, not four times (1 ms a token with transformers' processors, 8 ms for 8 replies);
    what is left are a few numbers, soonest done without tensors.

    Only the reply's own tokens count for penalties: names and phrases of the prompt may well be
    said again, and if its end-of-turn tokens were penalised, replies would run on.

    Args:
        among: Shape (tokens,): which tokens the logits are of; None where it is all of them.
    """

    def __init__(self, sampling: Sampling, *, among: torch.Tensor | None = None) -> None:
        self.sampling, self._among = sampling, among
        self._random = random.Random(sampling.seed)  # noqa: S311 - of words, not of secrets

    def __call__(self, written: Sequence[int], logits: torch.Tensor) -> tuple[int, float]:
        """The next token, and its log-probability before penalties and temperature.

        Args:
            written: The reply so far.
            logits: Shape (tokens,).
        """
        found = self._likeliest(written, logits)
        token = self._drawn(self._penalised(written, found))
        return token, found[token] - float(logits.logsumexp(-1))

    def _likeliest(self, written: Sequence[int], logits: torch.Tensor) -> dict[int, float]:
        """Logits of as many tokens as may be left to draw from after all penalties."""
        num_wanted = (NUM_CANDIDATES if self.sampling.temperature else 1) + len(set(written))
        best, tokens = logits.topk(min(num_wanted, len(logits)))
        if self._among is not None:
            tokens = self._among[tokens]
        return dict(zip(tokens.tolist(), best.tolist(), strict=True))

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
