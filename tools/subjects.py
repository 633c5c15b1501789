"""Remakes the projection of a bundled model and what its bank is remembered by.

After edits of the bank or of its occasions:

    python tools/subjects.py bundled-small
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, dropout, layer_norm, normalize

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import settings
from cli.progress import TerminalProgress
from engine.bank import Pair, family
from engine.engine import open_model
from engine.head import MEANS, Standard
from engine.kinds import Kinds
from engine.known import Known
from engine.persona import load
from engine.projection import Projection, projection_path
from engine.vectors import Vectors
from engine.work import finish

#: Directions that are kept: 128 tell a kind less often by two in a hundred, 384 no more often.
NUM_DIRECTIONS = 192
#: Of the training. Half of the features are left out at a time: fewer, and what is learnt by
#: heart are the bank's own messages.
EPOCHS, BATCH, RATE = 16, 256, 2e-3
DROPOUT, INNER_DROPOUT, DECAY, INNER_DECAY = 0.5, 0.2, 0.1, 0.01
SMOOTHING, FAMILIES_WEIGHT = 0.1, 0.3
#: Messages over which the mean in another format is taken.
NUM_FOR_MEANS = 400
READ_IN = "mixed"


def main(name: str) -> None:
    pairs = load("yixin").pairs
    texts = [pair.text for pair in pairs]
    states, made_by, fingerprint = read_states(name, texts)
    projection = made(states, pairs)
    path = projection_path(name, fingerprint)
    shifts = shifts_of(name, texts, states)
    projection.save(path, {"fingerprint": fingerprint, "vectors": made_by}, shifts)
    print(f"{path}: {path.stat().st_size:,} bytes", file=sys.stderr)


def shifts_of(name: str, texts: Sequence[str], states: Tensor) -> dict[str, Tensor]:
    """How far other formats move the states of texts, see ``Standard.arrays``."""
    step = max(1, len(texts) // NUM_FOR_MEANS)
    few, own = texts[::step], states[: len(texts) : step]
    shifts = {"mean.int8": torch.zeros(states.shape[1])}
    for precision in ("int4", "bf16"):
        other, _, _ = read_states(name, few, precision)
        shifts[MEANS.get(precision, "mean")] = (other - own).mean(0)
    return shifts


def made(states: Tensor, pairs: Sequence[Pair]) -> Projection:
    """The projection of a bank whose states have shape (pairs, features)."""
    standard = Standard.of(states)
    told = torch.tensor([bool(pair.occasion) for pair in pairs])
    matrix, kinds = trained(
        standard(states[told]), [pair.occasion for pair in pairs if pair.occasion]
    )
    directions = normalize(standard(states) @ matrix, dim=-1)
    known = Known.of([pair.text for pair in pairs], directions)
    return Projection(standard, matrix, known, kinds)


def trained(features: Tensor, occasions: Sequence[str]) -> tuple[Tensor, Kinds]:
    """Directions that tell occasions apart, shape (features, directions), and what tells them.

    Two linear layers with the length taken out between them; the second one tells families, too,
    while it is trained.
    """
    names = sorted(set(occasions))
    groups = sorted({family(name) for name in names})
    labels = torch.tensor([names.index(name) for name in occasions])
    families = torch.tensor([groups.index(family(name)) for name in names])[labels]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        inner = torch.nn.Linear(features.shape[1], NUM_DIRECTIONS, bias=False)
        outer = torch.nn.Linear(NUM_DIRECTIONS, len(names) + len(groups))
        _descend(inner, outer, features, labels, families)
    matrix = inner.weight.detach().T
    matrix = matrix - matrix.mean(dim=1, keepdim=True)
    weight = outer.weight.detach()[: len(names)].T * math.sqrt(NUM_DIRECTIONS)
    return matrix, Kinds(tuple(names), weight, outer.bias.detach()[: len(names)])


def _descend(
    inner: torch.nn.Linear, outer: torch.nn.Linear, features: Tensor, labels: Tensor, groups: Tensor
) -> None:
    num_kinds = int(labels.max()) + 1
    weights = [
        {"params": [inner.weight], "weight_decay": DECAY},
        {"params": [outer.weight], "weight_decay": INNER_DECAY},
        {"params": [outer.bias], "weight_decay": 0.0},
    ]
    adam = torch.optim.AdamW(weights, lr=RATE)
    num_steps = EPOCHS * math.ceil(len(labels) / BATCH)
    rate = torch.optim.lr_scheduler.OneCycleLR(adam, RATE, num_steps)
    with TerminalProgress().task("Training", EPOCHS, "epochs") as advance:
        for _ in range(EPOCHS):
            for rows in torch.randperm(len(labels)).split_with_sizes(_sizes(len(labels))):
                middle = inner(dropout(features[rows], DROPOUT))
                middle = dropout(layer_norm(middle, (NUM_DIRECTIONS,)), INNER_DROPOUT)
                logits = outer(middle)
                loss = cross_entropy(logits[:, :num_kinds], labels[rows], label_smoothing=SMOOTHING)
                loss = loss + FAMILIES_WEIGHT * cross_entropy(logits[:, num_kinds:], groups[rows])
                adam.zero_grad()
                torch.autograd.backward(loss)
                adam.step()
                rate.step()
            advance(1)


def _sizes(total: int) -> list[int]:
    return [min(BATCH, total - start) for start in range(0, total, BATCH)]


def read_states(
    name: str, texts: Sequence[str], precision: str = READ_IN
) -> tuple[Tensor, str, str]:
    """States of texts, shape (texts, features); what they were made by, and of which weights."""
    progress = TerminalProgress()
    engine = settings.Engine.model_validate({"model": name, "precision": precision})
    model = open_model(engine, progress)
    vectors = Vectors(model)
    with progress.task(f"Reading in {precision}", len(texts), "lines") as advance:
        states = finish(vectors.of_all(texts, advance))
    return states, vectors.key, model.fingerprint


if __name__ == "__main__":
    main(sys.argv[1])
