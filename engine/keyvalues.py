"""What the lean decoder remembers of a sequence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from torch import Tensor


class Grown(NamedTuple):
    """What a pass reads and writes of a sequence in one layer.

    Attributes:
        keys, values: Shape (1, key-value heads, tokens, head size), the latest among them.
        latest: Shape (2, 1, key-value heads, latest tokens, head size), to be written.
    """

    keys: Tensor
    values: Tensor
    latest: Tensor


class KeyValues:
    """Keys and values of one sequence, with room to grow in place.

    All layers are one piece of memory. Chats come and go, each of another length, and what many
    small pieces leave behind fits few others: 50 MB lay idle so after 2,000 requests.

    Args:
        kept: Shape (layers, 2, 1, key-value heads, room, head size): keys, then values.
        length: Tokens that are there; behind them is room.
    """

    def __init__(self, kept: Tensor, length: int) -> None:
        self._kept, self.length = kept, length

    @property
    def num_bytes(self) -> int:
        return self._kept.nbytes

    def layers(self) -> Sequence[Tensor]:
        """Shape (2, 1, key-value heads, tokens, head size) each."""
        return self._kept.narrow(4, 0, self.length).unbind()

    def grown(self, num_new: int) -> list[Grown]:
        """Every layer with so many tokens more, not yet written; ``length`` stays.

        Raises:
            RuntimeError: There is no room for them.
        """
        keys, values = self._kept.narrow(4, 0, self.length + num_new).unbind(1)
        latest = self._kept.narrow(4, self.length, num_new)
        parts = zip(keys.unbind(), values.unbind(), latest.unbind(), strict=True)
        return [Grown(*part) for part in parts]

    def copy(self, length: int, room: int) -> KeyValues:
        """The first ``length`` tokens, and room for ``room`` more; shares nothing."""
        kept = self._kept
        grown = kept.new_empty(*kept.shape[:4], length + room, kept.shape[5])
        grown[..., :length, :] = kept[..., :length, :]
        return KeyValues(grown, length)

    def tensors(self) -> dict[str, Tensor]:
        return {str(number): layer for number, layer in enumerate(self.layers())}
