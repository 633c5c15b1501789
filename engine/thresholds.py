"""From which probability on a reading may be acted on, found on held-out messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import torch

from engine.head import DISTRESS, OFFENCE, OUTPUTS
from engine.labelled import Labelled, Task
from engine.mood import FIRM, Mood

#: So often what is above the threshold has to be right. What is asked for is nine times in ten;
#: the rest is room for the next messages being a little different.
PRECISION = 0.92
#: Fewer messages above a threshold prove nothing.
LEAST = 20
NOTHING: Mapping[str, float] = MappingProxyType({})
#: Never reached by a probability: where nothing is right often enough, nothing is ever sure.
NEVER = 1.01
#: Of the messages of distress so many have to be found; the line they are answered with costs
#: somebody who was joking little.
RECALL = 0.95
DISTRESS_BETWEEN = (0.4, 0.7)


def thresholds(
    held_out: torch.Tensor, lines: Sequence[Labelled], before: Mapping[str, float] = NOTHING
) -> dict[str, float]:
    """Least probabilities for ``angry`` and ``offence`` to be sure and ``distress`` to be flagged.

    Args:
        held_out: Probabilities of messages the head was not fitted on, shape (messages, outputs).
        lines: One a message. A threshold holds over all files together: a small file of hard
            messages alone would have nothing called sure.
        before: Those of the head that was mended; they stand where the lines say less.
    """
    moods = held_out[:, : len(Mood)]
    angry = list(Mood).index(Mood.ANGRY)
    offence = held_out[:, OUTPUTS.index(OFFENCE)]
    said = moods.argmax(dim=1) == angry
    found = {
        str(Mood.ANGRY): _precise(moods[:, angry], said, lines, Task.MOOD, "angry"),
        OFFENCE: _precise(offence, offence >= FIRM, lines, Task.OFFENCE, "offensive"),
    }
    sure = {n: max(x, before.get(n, 0.0)) if x else before.get(n, NEVER) for n, x in found.items()}
    true = torch.tensor([line.label == DISTRESS for line in lines])
    if DISTRESS not in before and true.any():
        low, high = DISTRESS_BETWEEN
        reached = held_out[true, OUTPUTS.index(DISTRESS)].quantile(1 - RECALL)
        return sure | {DISTRESS: reached.clamp(low, high).item()}
    return sure | {n: x for n, x in before.items() if n == DISTRESS}


def _precise(
    probability: torch.Tensor,
    said: torch.Tensor,
    lines: Sequence[Labelled],
    task: Task,
    label: str,
) -> float:
    """The least probability from which on ``label`` was right often enough.

    0 where too few messages were said to be so to tell.
    """
    rows = said & torch.tensor([line.task is task for line in lines])
    found, order = probability[rows].sort(descending=True)
    if len(found) < LEAST:
        return 0.0
    true = torch.tensor([line.label == label for line in lines])[rows][order]
    share = true.cumsum(0) / torch.arange(1, len(true) + 1)
    # Of equal probabilities all stand above the threshold or none.
    is_last = torch.cat([found[1:] < found[:-1], torch.tensor([True])])
    enough = ((share >= PRECISION) & is_last).nonzero()
    last = int(enough.max()) if len(enough) else -1
    return found[last].item() if last >= LEAST - 1 else NEVER
