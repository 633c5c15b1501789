"""What the lean decoder remembers of a sequence."""

from __future__ import annotations

from torch import Tensor


class KeyValues:
    """Keys and values of one sequence, one tensor a layer, with room to grow in place.

    Args:
        layers: Shape (2, 1, key-value heads, room, head size) each: keys, then values.
        length: Tokens that are there; behind them is room.
    """

    def __init__(self, layers: list[Tensor], length: int) -> None:
        self.layers, self.length = layers, length

    @property
    def num_bytes(self) -> int:
        return sum(layer.nbytes for layer in self.layers)

    def copy(self, length: int, room: int) -> KeyValues:
        """The first ``length`` tokens, and room for ``room`` more; shares nothing."""
        layers = []
        for layer in self.layers:
            grown = layer.new_empty(*layer.shape[:3], length + room, layer.shape[4])
            grown[:, :, :, :length] = layer[:, :, :, :length]
            layers.append(grown)
        return KeyValues(layers, length)

    def tensors(self) -> dict[str, Tensor]:
        return {str(n): layer[:, :, :, : self.length] for n, layer in enumerate(self.layers)}
