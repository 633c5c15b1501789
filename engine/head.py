"""A linear head on the shared model's hidden states: moods, polarity, offence and distress at once.

A few thousand numbers fitted on labelled messages, kept as plain arrays. They mean something only
on the states they were fitted on, so a head names its weights and its prompt and is refused
elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from engine.errors import HeadRefused
from engine.mood import Mood
from engine.store import write_whole
from engine.trunk import Pool, Tap

FORMAT = "yixin-head-1"
#: Heads of the bundled models, by name and fingerprint.
SHIPPED = Path(__file__).resolve().parent / "heads"
ARRAYS = ("weight", "bias", "mean", "scale")
#: Rounding the weights moves every state by much the same vector, two thirds of all that 4 bits
#: change. So a head that was fitted on unrounded states may hold their mean in these formats, too:
#: in int4 it then reads moods within a hundredth of bf16, where without it lost one and a half.
MEANS = {"int4": "mean.int4", "int8": "mean.int8", "mixed": "mean.int8"}
POLARITY, OFFENCE, DISTRESS = "polarity", "offence", "distress"
#: Rows of the arrays, in this order.
OUTPUTS = (*(str(mood) for mood in Mood), POLARITY, OFFENCE, DISTRESS)


def probabilities(logits: torch.Tensor) -> torch.Tensor:
    """Shape (messages, outputs): the moods sum to 1, the others stand alone."""
    moods, others = logits[:, : len(Mood)], logits[:, len(Mood) :]
    return torch.cat([moods.softmax(dim=1), others.sigmoid()], dim=1)


@dataclass(frozen=True, slots=True, eq=False)
class Standard:
    """Shift and scale that give every feature mean 0 and deviation 1; shape (features,) each."""

    mean: torch.Tensor
    scale: torch.Tensor

    @classmethod
    def of(cls, features: torch.Tensor) -> Standard:
        return cls(features.mean(dim=0), features.std(dim=0, correction=0) + 1e-3)

    @classmethod
    def none(cls, features: torch.Tensor) -> Standard:
        width = features.shape[1]
        return cls(torch.zeros(width), torch.ones(width))

    def __call__(self, features: torch.Tensor) -> torch.Tensor:
        return (features - self.mean) / self.scale

    def arrays(self, shifts: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """For a file.

        Args:
            shifts: By a name of ``MEANS``, or ``mean``: how far other formats move the states.
        """
        moved = {name: self.mean + shift for name, shift in shifts.items()}
        return {"mean": self.mean, "scale": self.scale, **moved}


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """Arrays and the facts they hang on.

    Attributes:
        fingerprint: Of the weights whose states it was fitted on.
        prompt: Of the prompt around every message, see ``Features.prompt``.
        taps: Where the states are read.
        standard: Of the features it was fitted on.
        weight: Shape (outputs, features), for standardised features; calibration is inside.
        bias: Shape (outputs,); minus infinity where nothing was fitted for an output.
        sure: For ``angry`` and ``offence`` the least probability that was right nine times in
            ten, for ``distress`` the one from which the flag is set.
    """

    fingerprint: str
    prompt: str
    taps: tuple[Tap, ...]
    standard: Standard
    weight: torch.Tensor
    bias: torch.Tensor
    sure: Mapping[str, float]

    def outputs(self, features: torch.Tensor) -> torch.Tensor:
        """Probabilities, see ``probabilities``."""
        return probabilities(self.standard(features) @ self.weight.T + self.bias)

    @property
    def digest(self) -> str:
        """Tells two heads apart, in the audit log for one."""
        arrays = (self.weight, self.bias, self.standard.mean, self.standard.scale)
        values = b"".join(array.numpy().tobytes() for array in arrays)
        return hashlib.sha256(values + repr(sorted(self.sure.items())).encode()).hexdigest()[:8]

    def knows(self, output: str) -> bool:
        """Whether labelled messages for this output were there to fit it on."""
        return bool(self.bias[OUTPUTS.index(output)].isfinite())

    def save(self, path: Path) -> None:
        """Write the head to a file, whole or not at all."""
        facts = {
            "format": FORMAT,
            "fingerprint": self.fingerprint,
            "prompt": self.prompt,
            "taps": [[tap.layer, tap.pool] for tap in self.taps],
            "outputs": OUTPUTS,
            "sure": dict(self.sure),
        }
        # On standardised features weights are of like size, so half precision is enough for them.
        tensors = {
            "weight": self.weight.half(),
            "bias": self.bias,
            "mean": self.standard.mean,
            "scale": self.standard.scale,
        }
        write_whole(path, save(tensors, metadata={"head": json.dumps(facts)}))

    @classmethod
    def load(cls, path: Path, *, fingerprint: str, precision: str = "") -> Self:
        """Read a head for the weights at hand.

        Args:
            precision: The format the model runs in, see ``MEANS``.

        Raises:
            HeadRefused: The file is missing or damaged, or was fitted for other weights.
        """
        facts, tensors = _read(path, MEANS.get(precision, ""))
        try:
            head = cls(
                fingerprint=str(facts["fingerprint"]),
                prompt=str(facts["prompt"]),
                taps=tuple(Tap(int(layer), Pool(pool)) for layer, pool in facts["taps"]),
                standard=_standard(tensors),
                weight=_matrix(tensors["weight"]),
                bias=_vector(tensors["bias"]),
                sure={str(name): float(value) for name, value in facts["sure"].items()},
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise _damaged(path, error) from error
        if head.fingerprint != fingerprint:
            raise HeadRefused(
                f"{path} was fitted for weights with fingerprint {head.fingerprint}, the model in "
                f"use has {fingerprint}; fit one with `python bot.py calibrate`, or set "
                "mood.head: none"
            )
        return head


def _read(path: Path, own_mean: str) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """What it says of itself, and its arrays; the mean by another name where there is that."""
    try:
        with safe_open(path, framework="pt") as file:
            facts: dict[str, Any] = json.loads((file.metadata() or {})["head"])
            tensors = {name: file.get_tensor(name) for name in ARRAYS}
            if own_mean in file.keys():  # noqa: SIM118 - it is no mapping
                tensors["mean"] = file.get_tensor(own_mean)
        if (facts["format"], tuple(facts["outputs"])) != (FORMAT, OUTPUTS):
            raise ValueError(f"format {facts['format']!r}, outputs {facts['outputs']}")
    except FileNotFoundError:
        raise HeadRefused(f"no head file {path}; set mood.head: auto, or name one") from None
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise _damaged(path, error) from error
    return facts, tensors


def _standard(tensors: Mapping[str, torch.Tensor]) -> Standard:
    width = tensors["weight"].shape[-1:]
    mean, scale = tensors["mean"], tensors["scale"]
    whole = mean.isfinite().all() and scale.isfinite().all() and (scale > 0).all()
    if not mean.shape == scale.shape == width or not whole:
        raise ValueError(f"mean and scale of shapes {tuple(mean.shape)}, {tuple(scale.shape)}")
    return Standard(mean.float(), scale.float())


def _matrix(weight: torch.Tensor) -> torch.Tensor:
    if weight.ndim != 2 or len(weight) != len(OUTPUTS) or not weight.isfinite().all():
        raise ValueError(f"weight of shape {tuple(weight.shape)}")
    return weight.float()


def _vector(bias: torch.Tensor) -> torch.Tensor:
    if bias.shape != (len(OUTPUTS),) or not bias[: len(Mood)].isfinite().all():
        raise ValueError(f"bias of shape {tuple(bias.shape)}")
    if not (bias.isfinite() | bias.isneginf()).all():
        raise ValueError(f"bias {bias.tolist()}")
    return bias.float()


def _damaged(path: Path, error: Exception) -> HeadRefused:
    return HeadRefused(
        f"{path} is no head this version can read ({type(error).__name__}: {error}); remove it, "
        "or fit a new one with `python bot.py calibrate`"
    )


def find(setting: str, *, folder: Path, name: str, fingerprint: str, precision: str) -> Head | None:
    """The head that ``mood.head`` names, or None where moods are to be read without one.

    Args:
        setting: ``none``, a path, or ``auto``: the one fitted here, else the one shipped.
        folder: Where ``calibrate`` keeps the heads it fits.
        name: Of the model.
        fingerprint: Of its weights.
        precision: The format it runs in.

    Raises:
        HeadRefused: There is one, and it cannot be used.
    """
    if setting == "none":
        return None
    if setting != "auto":
        path = Path(setting).expanduser()
        return Head.load(path, fingerprint=fingerprint, precision=precision)
    fitted = fitted_path(folder, fingerprint)
    if fitted.exists():
        return Head.load(fitted, fingerprint=fingerprint, precision=precision)
    return shipped(name, fingerprint, precision)


def shipped(name: str, fingerprint: str, precision: str = "") -> Head | None:
    """The head that comes with a bundled model."""
    path = shipped_path(name, fingerprint)
    if not path.exists():
        return None
    return Head.load(path, fingerprint=fingerprint, precision=precision)


def shipped_path(name: str, fingerprint: str) -> Path:
    """Where the head that comes with a bundled model is."""
    return SHIPPED / f"{name}-{fingerprint}.safetensors"


def fitted_path(folder: Path, fingerprint: str) -> Path:
    """Where the head that was fitted here for these weights is kept."""
    return folder / f"{fingerprint}.safetensors"
