"""How apt a reply is: the shared model's states of a message and of a reply, seen side by side.

Two projections of the same states, one for messages and one for replies, learnt together: the
bank's replies had to lie by their own messages, and what had been marked by reading had to be told
from what they have in common (README, "Replies"). A reply is read by itself, so the prepared ones
are read where all this was fitted, and to judge twenty costs nothing. A head on states of both
together told less and took most of the time that a reply took.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import torch
from torch import Tensor
from torch.nn.functional import normalize

from engine import arrays
from engine.head import SHIPPED, Standard
from engine.known import Known, beside
from engine.talk import Aptness
from engine.vectors import Vectors
from engine.work import Work

ARRAYS = ("mean", "scale", "common", "of_message", "of_reply", "bias")
SIDE_ARRAYS = ("matrix", "widths", "bias")
MESSAGES, REPLIES = "messages", "replies"


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """A projection of standardised states, shape (texts, features), to directions of length 1.

    Attributes:
        matrix: Shape (features, directions).
        bias: Shape (directions,).
    """

    matrix: Tensor
    bias: Tensor

    def __call__(self, features: Tensor) -> Tensor:
        return normalize(features @ self.matrix + self.bias, dim=-1)

    def save(self, path: Path, made_by: Mapping[str, str]) -> None:
        matrix, widths = arrays.rounded(self.matrix)
        arrays.write(path, made_by, {"matrix": matrix, "widths": widths, "bias": self.bias})

    @classmethod
    def load(cls, path: Path, made_by: Mapping[str, str]) -> Self:
        """Raises HeadRefused where the file is damaged or was made by something else."""
        found = arrays.read(path, made_by, SIDE_ARRAYS, "")
        return cls(found["matrix"] * found["widths"].float(), found["bias"].float())


@dataclass(frozen=True, slots=True, eq=False)
class AptHead:
    """Both sides, and what is told from their directions.

    Attributes:
        common: What a direction in common tells, shape (directions, 2): nothing to be ashamed of,
            and would be sent.
        of_message: What the message's own directions tell, same shape.
        of_reply: Likewise of the reply.
        bias: Shape (2,).
        known: Directions of the prepared replies.
    """

    standard: Standard
    messages: Side
    replies: Side
    common: Tensor
    of_message: Tensor
    of_reply: Tensor
    bias: Tensor
    known: Known

    def told(self, message: Tensor, replies: Tensor) -> list[Aptness]:
        """Of directions of shape (directions,) and (replies, directions)."""
        logits = (message * replies) @ self.common + replies @ self.of_reply
        logits = logits + message @ self.of_message + self.bias
        return [Aptness(*row) for row in logits.tolist()]

    def save(self, path: Path, made_by: Mapping[str, str], shifts: Mapping[str, Tensor]) -> None:
        """See ``Projection.save``."""
        names = ("common", "of_message", "of_reply", "bias")
        own = {name: getattr(self, name) for name in names}
        arrays.write(path, made_by, {**own, **self.standard.arrays(shifts)})
        self.messages.save(beside(path, MESSAGES), made_by)
        self.replies.save(beside(path, REPLIES), made_by)
        self.known.save(path, made_by)

    @classmethod
    def load(cls, path: Path, made_by: Mapping[str, str], precision: str = "") -> Self:
        """Raises HeadRefused where a file is damaged or was made by something else."""
        found = {k: v.float() for k, v in arrays.read(path, made_by, ARRAYS, precision).items()}
        return cls(
            standard=Standard(found["mean"], found["scale"]),
            messages=Side.load(beside(path, MESSAGES), made_by),
            replies=Side.load(beside(path, REPLIES), made_by),
            common=found["common"],
            of_message=found["of_message"],
            of_reply=found["of_reply"],
            bias=found["bias"],
            known=Known.load(path, made_by),
        )


def aptness_path(name: str, fingerprint: str) -> Path:
    """Where the head that comes with a bundled model is."""
    return SHIPPED / f"{name}-{fingerprint}.aptness.safetensors"


class AptReader:
    """Reads how apt replies are.

    Args:
        vectors: Of messages and of replies; the message's is there already where it was looked up.
    """

    def __init__(self, vectors: Vectors, head: AptHead) -> None:
        self._vectors, self._head = vectors, head

    def read(self, text: str, replies: Sequence[str]) -> Work[list[Aptness]]:
        """One for each reply, in order."""
        if not replies:
            return []
        state = yield from self._vectors.of(text)
        message = self._head.messages(self._head.standard(state))
        found = []
        for reply in replies:
            found.append((yield from self._direction(reply)))
        return self._head.told(message, torch.stack(found))

    def _direction(self, reply: str) -> Work[Tensor]:
        """Shape (directions,); what nobody prepared, or somebody edited, is read now."""
        if reply in self._head.known:
            return self._head.known.recall([reply])[0]
        state = yield from self._vectors.of(reply)
        return self._head.replies(self._head.standard(state))
