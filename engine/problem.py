"""From labelled messages to what a regression is given: rows, targets and weights."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch.nn.functional import log_softmax, logsigmoid

from engine.labelled import LABELS, Labelled, Task

#: A label says a little about the other questions too: a happy message is positive, and an
#: ordinary neutral one insults nobody. Such lines count so much of a line.
HINT = 0.3
#: Steps of L-BFGS. The penalty makes the problem smooth; past this the figures stand still.
MAX_STEPS = 40
#: Messages of a mood weigh as its count to the power of minus this: half way between as they
#: come and all moods alike, which measured best (macro-F1 .666, .672, .669 on microblogs).
BALANCE = 0.5
_HINTS: Mapping[Task, Mapping[str, float]] = {
    Task.POLARITY: {"happy": 1, "angry": 0, "sad": 0, "fear": 0, "surprise": 0.5, "neutral": 0.5},
    Task.OFFENCE: dict.fromkeys(("happy", "neutral", "sad", "fear", "positive"), 0),
    # Sad and frightened messages too: a handful of them may be of distress, thousands are not.
    Task.DISTRESS: dict.fromkeys((*LABELS[Task.MOOD], "positive", "negative", "safe"), 0),
}
_ANSWERS: Mapping[Task, Mapping[str, float]] = {
    Task.POLARITY: {"positive": 1.0, "negative": 0.0, "neutral": 0.5},
    Task.OFFENCE: {"offensive": 1.0, "safe": 0.0},
    Task.DISTRESS: {"distress": 1.0, "calm": 0.0},
}


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """Rows of one task: which messages, what is true of them, and how much each counts."""

    task: Task
    rows: torch.Tensor  # indices of messages, shape (n,)
    targets: torch.Tensor  # shape (n, columns): a distribution, or one probability of a yes
    weights: torch.Tensor  # shape (n,)
    is_own: torch.Tensor  # whether the label was given for this very task, shape (n,)

    def where(self, kept: torch.Tensor) -> Problem:
        """The rows for which ``kept``, shape (n,), is true."""
        return Problem(
            self.task,
            self.rows[kept],
            self.targets[kept],
            self.weights[kept],
            self.is_own[kept],
        )


def problem_of(task: Task, lines: Sequence[Labelled]) -> Problem | None:
    """The rows of a task, or None where no line was labelled for it."""
    found = [(row, *answer) for row, x in enumerate(lines) if (answer := _answer(task, x))]
    if not any(own for _, _, own in found):
        return None
    own = torch.tensor([own for _, _, own in found])
    weights = torch.where(own, 1.0, HINT)
    if task is Task.MOOD:
        counts = Counter(line.label for line in lines if line.task is task)
        rarity = torch.tensor([counts[lines[row].label] ** -BALANCE for row, _, _ in found])
        weights *= rarity / rarity.mean()
    return Problem(
        task,
        rows=torch.tensor([row for row, _, _ in found]),
        targets=torch.tensor([target for _, target, _ in found], dtype=torch.float),
        weights=weights,
        is_own=own,
    )


def _answer(task: Task, line: Labelled) -> tuple[list[float], bool] | None:
    """What a line says about a task, and whether it was labelled for it."""
    if task is Task.MOOD:
        moods = LABELS[Task.MOOD]
        return ([float(m == line.label) for m in moods], True) if line.task is task else None
    if line.task is task:
        return [_ANSWERS[task][line.label]], True
    if line.label == "neutral" and line.task is Task.POLARITY:
        return None
    hint = _HINTS[task].get(line.label)
    return None if hint is None else ([hint], False)


def losses(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of each row: over the columns, or of the one column's yes and no."""
    if targets.shape[1] > 1:
        return -(targets * log_softmax(logits, dim=1)).sum(dim=1)
    yes, no = logsigmoid(logits), logsigmoid(-logits)
    return -(targets * yes + (1 - targets) * no).sum(dim=1)
