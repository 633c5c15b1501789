"""From messages to the hidden states that a head reads, and on to readings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import torch

from engine import prompts
from engine.distress import is_distress
from engine.errors import HeadRefused
from engine.head import DISTRESS, OFFENCE, OUTPUTS, POLARITY, Head
from engine.model import Model
from engine.mood import FIRM, Mood, Reading
from engine.trunk import Pool, Tap
from engine.work import Work, finish

#: Messages a forward pass where many are read.
BATCH = 32


def default_taps(num_layers: int) -> tuple[Tap, ...]:
    """Where the states of a model with so many layers are read.

    The mean over the message's own tokens knows most early, at four tenths of the way up; the
    last token at nine tenths. Both together beat each (README, "How well it reads moods").
    """
    return (
        Tap(max(1, round(num_layers * 0.42)), Pool.MEAN),
        Tap(max(1, round(num_layers * 0.9)), Pool.LAST),
    )


class Features:
    """Hidden states of messages under a prompt, from one pass over the lower layers.

    Args:
        turns: What comes before the message; by default the prompt for moods.

    Raises:
        ValueError: The model has no such layers.
    """

    def __init__(
        self, model: Model, taps: Sequence[Tap], turns: Sequence[prompts.ChatTurn] = ()
    ) -> None:
        self._model = model
        self._turns = [*turns] or prompts.mood_prefix()
        self._frame = model.frame(self._turns)
        self._trunk = model.trunk(taps)
        self.taps, self.width = self._trunk.taps, self._trunk.width

    @property
    def prompt(self) -> str:
        """Name of the prompt in this model's tokens; a head fitted under another is void."""
        return self._frame.digest

    def read(self, texts: Sequence[str]) -> Work[torch.Tensor]:
        """Shape (texts, width), float32."""
        head = list(self._frame.head)
        prompts_ids = [
            self._model.encode([*self._turns, *prompts.mood_question(text)]) for text in texts
        ]
        if any(ids[: len(head)] != head for ids in prompts_ids):
            if len(texts) > 1:  # one such message must not change what its neighbours mean
                alone = []
                for text in texts:
                    alone.append((yield from self.read([text])))
                return torch.cat(alone)
            head = []  # a template that writes the prefix differently for some text
        rests = [ids[len(head) :] for ids in prompts_ids]
        return (yield from self._trunk.features(head, rests, len(self._frame.tail)))

    def read_all(self, texts: Sequence[str], advance: Callable[[int], None]) -> torch.Tensor:
        """Shape (texts, width), float32; here and now, for programs that have nothing else to do.

        Args:
            advance: Told how many texts have been read since the last time.
        """
        order = sorted(range(len(texts)), key=lambda n: len(texts[n]))  # little padding
        found = torch.empty(len(texts), self.width)
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            found[batch] = finish(self.read([texts[n] for n in batch]))
            advance(len(batch))
        return found


class HeadReader:
    """Reads moods with a head.

    Args:
        unsure_below: Confidence under which a reading is marked unsure.

    Raises:
        HeadRefused: The head does not fit the model or its prompt.
    """

    def __init__(self, model: Model, head: Head, *, unsure_below: float) -> None:
        try:
            self._features = Features(model, head.taps)
        except ValueError as error:
            raise HeadRefused(f"the head does not fit model {model.name}: {error}") from error
        if head.prompt != self._features.prompt or head.weight.shape[1] != self._features.width:
            raise HeadRefused(
                f"the head of model {model.name} was fitted with another version of the mood "
                "prompt; fit it again with `python bot.py calibrate`, or set mood.head: none"
            )
        self._head, self._unsure_below = head, unsure_below
        self.name = f"head {head.digest}"

    def read(self, texts: Sequence[str]) -> Work[list[Reading]]:
        """Readings of the texts, in order, from one forward pass over all of them."""
        features = yield from self._features.read(texts)
        rows = self._head.outputs(features).tolist()
        return [
            reading_of(self._head, text, row, unsure_below=self._unsure_below)
            for text, row in zip(texts, rows, strict=True)
        ]


def reading_of(head: Head, text: str, row: Sequence[float], *, unsure_below: float) -> Reading:
    """Reading of one message from a head's probabilities, shape (outputs,)."""
    found = dict(zip(OUTPUTS, row, strict=True))
    if not all(0 <= value <= 1 for value in row):  # NaN: a broken pass is unsure, not angry
        return Reading.unknown(distress=is_distress(text))
    reading = Reading.from_scores(
        {mood: found[mood] for mood in Mood},
        unsure_below=unsure_below,
        polarity=2 * found[POLARITY] - 1 if head.knows(POLARITY) else None,
        offence=found[OFFENCE] if head.knows(OFFENCE) else None,
        distress=is_distress(text) or found[DISTRESS] >= head.sure.get(DISTRESS, 1.0),
    )
    unsure = reading.unsure or _is_doubtful(reading, head.sure)
    return replace(reading, unsure=unsure, distress_score=found[DISTRESS])


def _is_doubtful(reading: Reading, sure: Mapping[str, float]) -> bool:
    """Whether acting on it would be wrong more often than one time in ten."""
    if reading.mood is Mood.ANGRY and reading.confidence < sure.get(Mood.ANGRY, 0.0):
        return True
    return reading.offence is not None and FIRM <= reading.offence < sure.get(OFFENCE, 0.0)
