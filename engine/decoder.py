"""What the engine asks of a model's layers, whatever runs them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

from torch import Tensor

from engine.shortlist import Shortlist


class Past(Protocol):
    """Keys and values of the tokens of one sequence that the model has read."""

    length: int

    @property
    def num_bytes(self) -> int:
        """Memory it holds."""

    def copy(self, length: int, room: int) -> Past:
        """The first ``length`` tokens, and room for ``room`` more; neither changes the other.

        Fewer where it cannot be cropped, see the ``length`` of what comes back.
        """

    def tensors(self) -> dict[str, Tensor]:
        """All there is to know, for ``Decoder.restore``; empty where it cannot be restored."""


class Decoder(Protocol):
    """A causal language model between token ids and logits. Used by the inference thread alone."""

    num_layers: int
    width: int
    shortlist: Shortlist | None

    def empty(self, room: int) -> Any:
        """A past without tokens, and with room for so many."""

    def restore(self, tensors: Mapping[str, Tensor]) -> Any:
        """The past that ``Past.tensors`` came from."""

    def extend(self, chunks: Sequence[Sequence[int]], pasts: Sequence[Any]) -> Tensor:
        """States after each chunk of ids, shape (chunks, width); each past grows by its own.

        Where it raises, none has grown. A chunk has at least one id.
        """

    def branch(self, ids: Tensor, past: Any, layers: Collection[int]) -> dict[int, Tensor]:
        """States of sequences that all go on from ``past``, which stays as it is.

        Args:
            ids: Shape (rows, longest), filled up on the right: under causal attention no token
                sees what follows it, so the filling needs no mask.
            layers: Which layers' outputs, from 1; layers above the highest are not computed. That
                of the last layer is normed, ready for ``logits``.

        Returns:
            Shape (rows, longest, width) each.
        """

    def logits(self, states: Tensor) -> Tensor:
        """Shape (rows, width) to (rows, vocabulary), float32."""
