"""How the tokens of a reply are drawn, by transformers' own processors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from transformers import (
    LogitsProcessorList,
    NoRepeatNGramLogitsProcessor,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopPLogitsWarper,
)

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

    Args:
        num_prompt: Tokens of the prompt, which come before the reply's own.
    """

    def __init__(self, sampling: Sampling, *, num_prompt: int) -> None:
        self._sampling, self.num_drawn = sampling, 0
        self._num_prompt = num_prompt
        self._random = torch.Generator()
        if sampling.seed is not None:
            self._random.manual_seed(sampling.seed)
        else:
            self._random.seed()
        self._penalties = LogitsProcessorList()
        if sampling.repetition_penalty > 1:
            # The prompt is left out: its end-of-turn tokens would be penalised with the rest,
            # and replies would run on.
            self._penalties.append(
                RepetitionPenaltyLogitsProcessor(
                    float(sampling.repetition_penalty), prompt_ignore_length=num_prompt
                )
            )
        self._warpers = LogitsProcessorList()
        if sampling.temperature > 0:
            self._warpers.append(TemperatureLogitsWarper(float(sampling.temperature)))
            if sampling.top_p < 1:
                self._warpers.append(TopPLogitsWarper(float(sampling.top_p)))

    def __call__(self, ids: Sequence[int], logits: torch.Tensor) -> int:
        self.num_drawn += 1
        scores = self._penalties(torch.tensor([ids]), logits)
        if self._sampling.no_repeat_ngram:
            # Of the reply alone: names and phrases of the prompt may well be said again.
            written = torch.tensor([ids[self._num_prompt :]], dtype=torch.long)
            scores = NoRepeatNGramLogitsProcessor(self._sampling.no_repeat_ngram)(written, scores)
        if self._sampling.temperature == 0:
            return int(scores.argmax())
        # Sorting a vocabulary of 150,000 for the nucleus took longer than the output layer.
        best, tokens = scores.topk(min(NUM_CANDIDATES, scores.shape[-1]))
        chances = self._warpers(tokens, best).softmax(-1)
        return int(tokens[0, torch.multinomial(chances, 1, generator=self._random).item()])
