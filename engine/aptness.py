"""How apt a reply is: a small head on what the shared model makes of a message and it together.

The model is asked whether the reply fits, and what it would say is read from its states before
it says it, as with moods. The head was fitted to replies that had been marked one by one (README,
"Replies"). What the message made likelier (``Writer.weigh``) tells less: a small model finds
likely what shares words with the message.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import torch
from torch import Tensor

from engine import arrays, prompts
from engine.frame import common
from engine.head import SHIPPED, Standard
from engine.model import Model
from engine.talk import Aptness
from engine.work import Work

ARRAYS = ("mean", "scale", "weight", "bias")
#: Where the states are read, as shares of the layers: over the reply, and after it.
OVER, AFTER = (0.5,), (0.75, 0.92)


@dataclass(frozen=True, slots=True, eq=False)
class AptHead:
    """Two logistic regressions on standardised states.

    Attributes:
        weight: Shape (features, 2): nothing to be ashamed of, and would be sent.
        bias: Shape (2,).
    """

    standard: Standard
    weight: Tensor
    bias: Tensor

    def __call__(self, states: Tensor) -> list[Aptness]:
        logits = self.standard(states) @ self.weight + self.bias
        return [Aptness(*row) for row in logits.tolist()]

    def save(self, path: Path, made_by: Mapping[str, str], shifts: Mapping[str, Tensor]) -> None:
        """See ``Projection.save``."""
        found = {
            "weight": self.weight.half(),
            "bias": self.bias,
            **self.standard.arrays(shifts),
        }
        arrays.write(path, made_by, found)

    @classmethod
    def load(cls, path: Path, made_by: Mapping[str, str], precision: str = "") -> Self:
        """Raises HeadRefused where the file is damaged or was made by something else."""
        found = arrays.read(path, made_by, ARRAYS, precision)
        standard = Standard(found["mean"].float(), found["scale"].float())
        return cls(standard, found["weight"].float(), found["bias"].float())


def aptness_path(name: str, fingerprint: str) -> Path:
    """Where the head that comes with a bundled model is."""
    return SHIPPED / f"{name}-{fingerprint}.aptness.safetensors"


class AptStates:
    """States of replies behind their message: it is read once for all of them."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._turns = prompts.apt_prefix()
        frame = model.frame(self._turns)
        self._head, self._num_tail = frame.head, len(frame.tail)
        self._over = [_layer(share, model.num_layers) for share in OVER]
        self._after = [_layer(share, model.num_layers) for share in AFTER]
        self.key = f"{frame.digest} {self._over} {self._after}"

    def read(self, text: str, replies: Sequence[str]) -> Work[Tensor]:
        """Shape (replies, features), float32."""
        head = list(self._head)
        found: list[Sequence[int]] = [self._encode(text, r) for r in (*replies, "Z")]
        shared = len(functools.reduce(common, found))
        rests = [ids[shared:] for ids in found[:-1]]
        layers = {*self._over, *self._after}
        states = yield from self._model.continued(head, found[0][len(head) : shared], rests, layers)
        return torch.stack([self._pooled(own) for own in states])

    def _encode(self, text: str, reply: str) -> list[int]:
        return self._model.encode([*self._turns, *prompts.apt_question(text, reply)])

    def _pooled(self, states: Mapping[int, Tensor]) -> Tensor:
        own = max(1, len(states[self._over[0]]) - self._num_tail)
        over = [states[layer][:own].float().mean(0) for layer in self._over]
        return torch.cat([*over, *(states[layer][-1].float() for layer in self._after)])


class AptReader:
    """Reads how apt replies are."""

    def __init__(self, states: AptStates, head: AptHead) -> None:
        self._states, self._head = states, head

    def read(self, text: str, replies: Sequence[str]) -> Work[list[Aptness]]:
        """One for each reply, in order."""
        if not replies:
            return []
        return self._head((yield from self._states.read(text, replies)))


def _layer(share: float, num_layers: int) -> int:
    return max(1, round(num_layers * share))
