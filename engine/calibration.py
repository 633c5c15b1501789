"""Makes the probabilities of a fit mean how often it is right."""

from __future__ import annotations

from typing import Any

import torch

from engine.problem import MAX_STEPS, Problem, losses

#: Fewer lines than this say less about a head's calibration than it had before.
LEAST_TO_CALIBRATE = 200


def calibrate(logits: torch.Tensor, problem: Problem, *, is_mended: bool) -> tuple[float, float]:
    """Factor and offset that make held-out probabilities mean their frequency.

    Temperature scaling for the moods, Platt's for the single outputs (Guo et al.,
    arXiv:1706.04599), on the lines labelled for the task alone.
    """
    own = problem.rows[problem.is_own]
    if is_mended and len(own) < LEAST_TO_CALIBRATE:
        return 1.0, 0.0
    targets = problem.targets[problem.is_own]
    if targets.min() == targets.max():  # insults alone would make one of every message
        return 1.0, 0.0
    factor, offset = torch.ones(1, requires_grad=True), torch.zeros(1, requires_grad=True)
    free = [factor] if targets.shape[1] > 1 else [factor, offset]
    steps: Any = torch.optim.LBFGS(free, max_iter=MAX_STEPS, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        steps.zero_grad()
        whole = losses(factor * logits[own] + offset, targets).mean()
        torch.autograd.backward(whole)
        return whole

    steps.step(loss)
    return factor.item(), offset.item()
