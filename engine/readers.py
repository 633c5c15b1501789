"""What reads a model's states: heads and projections that fit it, as far as there are any."""

from __future__ import annotations

import settings
from engine.aptness import AptHead, AptReader, aptness_path
from engine.features import HeadReader
from engine.head import find
from engine.labels import LabelScorer
from engine.model import Model
from engine.projection import Projection, projection_path
from engine.vectors import Vectors


def projection(model: Model, vectors: Vectors) -> Projection | None:
    """The one that comes with a bundled model."""
    path = projection_path(model.name, model.fingerprint)
    made_by = {"fingerprint": model.fingerprint, "vectors": vectors.key}
    return Projection.load(path, made_by, model.precision) if path.exists() else None


def apt_reader(model: Model, vectors: Vectors) -> AptReader | None:
    """What comes with a bundled model."""
    path = aptness_path(model.name, model.fingerprint)
    made_by = {"fingerprint": model.fingerprint, "vectors": vectors.key}
    if not path.exists():
        return None
    return AptReader(vectors, AptHead.load(path, made_by, model.precision))


def mood_reader(model: Model, config: settings.Settings) -> LabelScorer | HeadReader:
    """A head where there is one for the model, else the labels' scores: the same fields."""
    head = find(
        config.mood.head,
        folder=config.engine.cache_path / "heads",
        name=model.name,
        fingerprint=model.fingerprint,
        precision=model.precision,
    )
    if head is None:
        return LabelScorer(model, unsure_below=config.mood.unsure_below)
    return HeadReader(model, head, unsure_below=config.mood.unsure_below)
