"""Remakes the projection of a bundled model and what its bank is remembered by.

After edits of the bank or of its occasions:

    python tools/subjects.py bundled-small
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import one_hot

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import settings
from cli.progress import TerminalProgress
from engine.bank import Pair, family
from engine.engine import open_model
from engine.head import MEANS, Standard
from engine.persona import load
from engine.projection import Projection, coded, key_of, projection_path
from engine.vectors import Vectors
from engine.work import finish

#: Directions that are kept: 64 lose two of a hundred messages, 192 gain none.
NUM_DIRECTIONS = 128
#: Of the regression, as a share of what each feature sums to over 10,000 messages.
RIDGE = 2000.0
#: How much more the directions count that tell more: their variance to the power of half of this.
SPREAD = 0.5
#: Messages over which the mean in another format is taken.
NUM_FOR_MEANS = 400
READ_IN = "mixed"


def main(name: str) -> None:
    pairs = load("yixin").pairs
    states, made_by, fingerprint = _read(name, READ_IN, [pair.text for pair in pairs])
    projection = made(states, pairs)
    path = projection_path(name, fingerprint)
    few = pairs[:: max(1, len(pairs) // NUM_FOR_MEANS)]
    own = states[:: max(1, len(pairs) // NUM_FOR_MEANS)]
    shifts = {"mean.int8": torch.zeros(states.shape[1])}
    for precision in ("int4", "bf16"):
        other, _, _ = _read(name, precision, [pair.text for pair in few])
        shifts[MEANS.get(precision, "mean")] = (other - own).mean(0)
    projection.save(path, {"fingerprint": fingerprint, "vectors": made_by}, shifts)
    print(f"{path}: {path.stat().st_size:,} bytes", file=sys.stderr)


def made(states: Tensor, pairs: Sequence[Pair]) -> Projection:
    """The projection of a bank whose states have shape (pairs, features)."""
    standard = Standard.of(states)
    matrix = discriminant(standard(states), [pair.occasion for pair in pairs])
    bare = Projection(standard, matrix, {}, torch.empty(0))
    known = {key_of(pair.text): row for row, pair in enumerate(pairs)}
    return replace(bare, known=known, codes=coded(bare(states)))


def discriminant(features: Tensor, occasions: Sequence[str]) -> Tensor:
    """Directions that tell occasions and their families apart, shape (features, directions).

    Ridge regression of both on the features spans them; of what it predicts, the principal ones.
    """
    told = torch.tensor([bool(occasion) for occasion in occasions])
    named = [occasion for occasion in occasions if occasion]
    targets = torch.cat([_indicators(named), _indicators([family(one) for one in named])], dim=1)
    targets = (targets - targets.mean(0)) / targets.sum(0).sqrt()
    known = features[told]
    gram = known.T @ known
    gram.diagonal().add_(RIDGE)
    weights = torch.linalg.solve(gram, known.T @ targets)
    predicted = known @ weights
    values, axes = torch.linalg.eigh(predicted.T @ predicted)
    best = weights @ axes[:, -NUM_DIRECTIONS:]
    scale = (known @ best).std(0) / values[-NUM_DIRECTIONS:] ** (SPREAD / 2)
    directions: Tensor = best / scale
    return directions


def _indicators(names: Sequence[str]) -> Tensor:
    places = {name: place for place, name in enumerate(sorted(set(names)))}
    return one_hot(torch.tensor([places[name] for name in names])).float()


def _read(name: str, precision: str, texts: Sequence[str]) -> tuple[Tensor, str, str]:
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
