"""Mood by label scoring: which label word would the model say next? Works with any chat model."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

from engine import prompts
from engine.distress import is_distress
from engine.model import Model
from engine.mood import Reading
from engine.work import Work


class LabelScorer:
    """Reads moods from the scores of six label words, the model's own bias taken off.

    A small model asked naively says "positive" to nearly everything (macro-F1 0.41). Examples in
    the prompt and taking off what it says to an even mix of moods double the figure.

    Args:
        unsure_below: Confidence under which a reading is marked unsure.
    """

    name = "label words"

    def __init__(self, model: Model, *, unsure_below: float) -> None:
        self._model, self._unsure_below = model, unsure_below
        self._moods = tuple(prompts.MOOD_LABELS)
        self._labels = [model.first_token(word) for word in prompts.MOOD_LABELS.values()]
        self._prior = torch.tensor([prompts.MOOD_PRIOR[mood] for mood in self._moods]).log()
        self._lean: torch.Tensor | None = None

    def read(self, texts: Sequence[str]) -> Work[list[Reading]]:
        """Readings of the texts, in order, from one forward pass over all of them."""
        if self._lean is None:
            self._lean = yield from self._measure_lean()
        scores = (yield from self._score(texts)) - prompts.MOOD_LEAN * self._lean + self._prior
        rows = (scores / prompts.MOOD_TEMPERATURE).softmax(dim=-1).tolist()
        return [self._reading(text, row) for text, row in zip(texts, rows, strict=True)]

    def _measure_lean(self) -> Work[torch.Tensor]:
        """What the model says to an even mix of moods, on average; the same at every start."""
        ids = [i for part in self._split(prompts.MOOD_PROBES) for half in part for i in half]
        if kept := self._model.memo.recall(ids):
            return kept["lean"]
        lean = (yield from self._score(prompts.MOOD_PROBES)).mean(dim=0)
        self._model.memo.remember(ids, {"lean": lean})
        return lean

    def _score(self, texts: Sequence[str]) -> Work[torch.Tensor]:
        split = self._split(texts)
        return (
            yield from self._model.score(split[0][0], [rest for _, rest in split], self._labels)
        )

    def _split(self, texts: Sequence[str]) -> list[tuple[list[int], list[int]]]:
        prefix = prompts.mood_prefix()
        return [self._model.split(prefix, prompts.mood_question(text)) for text in texts]

    def _reading(self, text: str, row: Sequence[float]) -> Reading:
        distress = is_distress(text)
        if not math.isfinite(sum(row)):  # a broken pass is unsure, not angry
            return Reading.unknown(distress=distress)
        scores = dict(zip(self._moods, row, strict=True))
        return Reading.from_scores(scores, unsure_below=self._unsure_below, distress=distress)
