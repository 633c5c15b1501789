"""Fits a head: four ridge-penalised logistic regressions on the same standardised states.

Every figure a fit reports, and every threshold it sets, comes from messages the arrays that read
them were not fitted on (five folds; the same text is always in the same fold).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from engine.calibration import calibrate
from engine.head import OUTPUTS, Head, Standard, probabilities
from engine.labelled import LABELS, Labelled, Task
from engine.problem import MAX_STEPS, Problem, losses, problem_of

NUM_FOLDS = 5
#: Strengths of the penalty that are tried, from nothing and from a head that is there already.
PENALTIES = (0.03, 0.1, 0.3, 1.0)
PENALTIES_FROM_BASE = (0.3, 1.0, 3.0, 10.0, 30.0)


@dataclass(frozen=True, slots=True, eq=False)
class Arrays:
    """Of one task, on standardised features: logits are ``x @ weight + bias``."""

    weight: torch.Tensor  # shape (features, columns)
    bias: torch.Tensor  # shape (columns,)

    def logits(self, features: torch.Tensor) -> torch.Tensor:
        return features @ self.weight + self.bias


def solve(
    states: torch.Tensor,
    targets: torch.Tensor,
    weights: torch.Tensor,
    penalty: float,
    start: Arrays,
    *,
    is_mended: bool = False,
) -> Arrays:
    """The arrays of least penalised loss.

    Args:
        states: Standardised, shape (n, features).
        targets: Shape (n, columns), see ``Problem``.
        weights: How much each row counts, shape (n,).
        penalty: Strength of the ridge, in units of the mean loss of a row.
        start: Where the search begins; being far from its weights is what is penalised.
        is_mended: Penalise a change of the bias as well: corrections are one-sided, and sixty
            angry lines alone would make every message angry.
    """
    if not len(states):  # the only lines of a task may all be in the fold left out
        return start
    weight = start.weight.clone().requires_grad_()
    bias = start.bias.clone().requires_grad_()
    steps: Any = torch.optim.LBFGS(
        [weight, bias], max_iter=MAX_STEPS, line_search_fn="strong_wolfe"
    )
    total = weights.sum()

    def loss() -> torch.Tensor:
        steps.zero_grad()
        each = losses(states @ weight + bias, targets)
        far = (weight - start.weight).square().sum()
        if is_mended:
            far = far + (bias - start.bias).square().sum()
        whole = (each * weights).sum() / total + penalty * far / 2
        torch.autograd.backward(whole)
        return whole

    steps.step(loss)
    return Arrays(weight.detach(), bias.detach())


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A fit of all tasks, and what it said of every message while not fitted on it.

    Attributes:
        standard: Of the features of all messages; of the base where there was one.
        weight: Shape (outputs, features), for standardised features; calibration is inside.
        bias: Shape (outputs,); minus infinity where no line was ever labelled for the task.
        held_out: Probabilities of every message, shape (messages, outputs).
        penalties: The strength that was best, by task.
    """

    standard: Standard
    weight: torch.Tensor
    bias: torch.Tensor
    held_out: torch.Tensor
    penalties: Mapping[Task, float]


def fit(
    features: torch.Tensor,
    lines: Sequence[Labelled],
    advance: Callable[[int], None] = lambda _: None,
    base: Head | None = None,
    only: Task | None = None,
) -> Fitted:
    """Fit every task that has labelled lines.

    Args:
        features: Shape (messages, features).
        lines: One a message; the same text may come with several labels.
        advance: Told of every one of ``num_solves`` regressions.
        base: A head to start from and to stay near: a few lines then mend it, where alone they
            would make a worse one.
        only: The one task to fit; all others stay unfitted.

    Raises:
        ValueError: No line is labelled with a mood, and there is no base.
    """
    folds = torch.tensor([_fold(line.text) for line in lines])
    standard = base.standard if base else Standard.of(features)
    states = standard(features)
    weight = base.weight.clone() if base else torch.zeros(len(OUTPUTS), features.shape[1])
    bias = base.bias.clone() if base else torch.full((len(OUTPUTS),), -torch.inf)
    held_out = states @ weight.T + bias
    penalties = {}
    for task, problem in _problems(lines, base, only):
        outputs = slice_of(task)
        # From nothing each task has a scale of its own: with that of all files together the moods
        # lost a hundredth of macro-F1. The few lines of a mend would give a poor one.
        inner = Standard.of(states[problem.rows]) if base is None else Standard.none(states)
        start = Arrays(weight[outputs].T.contiguous(), bias[outputs].nan_to_num(neginf=0.0))
        search = _Search(inner(states), problem, folds, start, advance, base is not None)
        penalties[task], logits = search.best(PENALTIES_FROM_BASE if base else PENALTIES)
        arrays = search.solve(problem, penalties[task])
        advance(1)
        factor, offset = calibrate(logits, problem, is_mended=base is not None)
        held_out[:, outputs] = factor * logits + offset
        outer = (arrays.weight / inner.scale[:, None]).T
        weight[outputs] = factor * outer
        bias[outputs] = factor * (arrays.bias - outer @ inner.mean) + offset
    return Fitted(standard, weight, bias, probabilities(held_out), penalties)


def _fold(text: str) -> int:
    return zlib.crc32(text.encode(errors="surrogatepass")) % NUM_FOLDS  # JSON has lone surrogates


def num_solves(
    lines: Sequence[Labelled], base: Head | None = None, only: Task | None = None
) -> int:
    """How many regressions ``fit`` will solve."""
    tried = len(PENALTIES_FROM_BASE if base else PENALTIES)
    return sum(1 for _ in _problems(lines, base, only)) * (tried * NUM_FOLDS + 1)


def slice_of(task: Task) -> slice:
    """Where the outputs of a task stand."""
    num_moods = len(LABELS[Task.MOOD])
    if task is Task.MOOD:
        return slice(0, num_moods)
    place = OUTPUTS.index(str(task))
    return slice(place, place + 1)


def _problems(
    lines: Sequence[Labelled], base: Head | None, only: Task | None
) -> Iterator[tuple[Task, Problem]]:
    for task in [only] if only else Task:
        problem = problem_of(task, lines)
        if problem is not None:
            yield task, problem
        elif task is Task.MOOD and base is None:
            raise ValueError("no line is labelled with a mood")


@dataclass(frozen=True, slots=True, eq=False)
class _Search:
    """For the penalty of least held-out loss."""

    states: torch.Tensor
    problem: Problem
    folds: torch.Tensor
    start: Arrays
    advance: Callable[[int], None]
    is_mended: bool

    def solve(self, problem: Problem, penalty: float) -> Arrays:
        return solve(
            self.states[problem.rows],
            problem.targets,
            problem.weights,
            penalty,
            self.start,
            is_mended=self.is_mended,
        )

    def best(self, penalties: Sequence[float]) -> tuple[float, torch.Tensor]:
        """That penalty, and the held-out logits it gave for *all* messages."""
        found = [
            (self._loss(logits), p, logits) for p in penalties for logits in [self._held_out(p)]
        ]
        _, penalty, logits = min(found, key=lambda one: one[:2])
        return penalty, logits

    def _loss(self, logits: torch.Tensor) -> float:
        each = losses(logits[self.problem.rows], self.problem.targets)
        return each[self.problem.is_own].mean().item()

    def _held_out(self, penalty: float) -> torch.Tensor:
        logits = torch.zeros(len(self.states), self.problem.targets.shape[1])
        for fold in range(NUM_FOLDS):
            part = self.problem.where(self.folds[self.problem.rows] != fold)
            arrays = self.solve(part, penalty)
            logits[self.folds == fold] = arrays.logits(self.states[self.folds == fold])
            self.advance(1)
        return logits
