"""States in which the answers are planted: one direction a label, and noise around it."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from engine.labelled import LABELS, Labelled, Task

WIDTH = 24
_ALL = [label for task in Task for label in LABELS[task]]


def lines_of(
    task: Task, count: int, *, source: str = "made.jsonl", labels: Sequence[str] = ()
) -> list[Labelled]:
    """So many lines, the labels of the task (or these) in turn; no text twice."""
    chosen = labels or LABELS[task]
    return [
        Labelled(f"{source} {task} {n}", task, chosen[n % len(chosen)], source)
        for n in range(count)
    ]


def states_of(lines: Sequence[Labelled], *, noise: float = 1.0, seed: int = 0) -> torch.Tensor:
    """Shape (lines, WIDTH): a length of 4 in the label's own direction, and noise.

    Scale and centre differ from feature to feature by orders of magnitude, as they do in states.
    """
    chance = torch.Generator().manual_seed(seed)
    labels = torch.tensor([_ALL.index(line.label) for line in lines])
    planted = torch.nn.functional.one_hot(labels, WIDTH) * 4.0
    states = planted + noise * torch.randn(len(lines), WIDTH, generator=chance)
    fixed = torch.Generator().manual_seed(99)
    scale = 10 ** (torch.rand(WIDTH, generator=fixed) * 4 - 2)
    return (states + 3 * torch.randn(WIDTH, generator=fixed)) * scale
