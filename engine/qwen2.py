"""The forward pass of the Qwen2 architecture with as few operations as it takes.

transformers' own spends as long on small operations as on the matrix products of one token. Here
q, k and v are one product, gate and up another, and attention reads keys and values where they
lie. `tests/test_qwen2.py` checks it against transformers' logits.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import embedding, rms_norm, scaled_dot_product_attention, silu

from engine.linear import Linear

#: Positions whose rotations are worked out at start; there are twice as many once they run out.
FIRST_POSITIONS = 2048


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of a Qwen2 model; the names are those of transformers' configuration."""

    num_heads: int
    num_kv_heads: int
    head_dim: int
    eps: float
    rope_theta: float


@dataclass(frozen=True, slots=True)
class Layer:
    """Weights of one layer; norms in the format of the activations."""

    norm: Tensor
    qkv: Linear
    out: Linear
    mlp_norm: Tensor
    gate_up: Linear
    down: Linear


class KeyValues:
    """Keys and values of one sequence, one tensor a layer, with room to grow in place.

    Args:
        layers: Shape (2, key-value heads, room, head size) each: keys, then values.
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
            grown = layer.new_empty(2, layer.shape[1], length + room, layer.shape[3])
            grown[:, :, :length] = layer[:, :, :length]
            layers.append(grown)
        return KeyValues(layers, length)

    def tensors(self) -> dict[str, Tensor]:
        return {str(n): layer[:, :, : self.length] for n, layer in enumerate(self.layers)}


class Qwen2:
    """A decoder; see ``engine.decoder`` for what its methods promise.

    Args:
        embed: Shape (vocabulary, hidden size).
        head: The output layer, from states to logits.
        dtype: Format of the activations.
        kept: Format of keys and values.
    """

    def __init__(
        self,
        shape: Shape,
        embed: Tensor,
        layers: Sequence[Layer],
        norm: Tensor,
        head: Linear,
        *,
        dtype: torch.dtype,
        kept: torch.dtype,
    ) -> None:
        self._shape, self._embed, self._layers = shape, embed, layers
        self._norm, self._head, self._dtype, self._kept = norm, head, dtype, kept
        self._heads_a_key = shape.num_heads // shape.num_kv_heads
        self._cos, self._sin = _rotations(shape, FIRST_POSITIONS)
        self.num_layers, self.width = len(layers), int(embed.shape[1])

    def empty(self, room: int) -> KeyValues:
        size = (2, self._shape.num_kv_heads, room, self._shape.head_dim)
        return KeyValues([torch.empty(size, dtype=self._kept) for _ in self._layers], 0)

    def restore(self, tensors: Mapping[str, Tensor]) -> KeyValues:
        layers = [tensors[str(n)] for n in range(self.num_layers)]
        return KeyValues(layers, int(layers[0].shape[2]))

    # -- passes ------------------------------------------------------------------------

    def extend(self, ids: Sequence[int], past: KeyValues) -> Tensor:
        """State after the last of ``ids``, shape (1, hidden size); ``past`` grows by them."""
        first, last = past.length, past.length + len(ids)
        x = self._embedded(torch.tensor(ids))
        cos, sin = self._rotation(slice(first, last))
        mask = self._causal(len(ids), last)
        for layer, kept in zip(self._layers, past.layers, strict=True):
            q, k, v = self._attended(layer, x, cos, sin)
            kept[0, :, first:last], kept[1, :, first:last] = k.transpose(0, 1), v.transpose(0, 1)
            seen = kept[:, None, :, :last]
            x = self._through(layer, x, _attention(q[None], seen[0], seen[1], mask))
        past.length = last
        return self._normed(x[-1:], self._norm)

    def branch(self, ids: Tensor, past: KeyValues, layers: Collection[int]) -> dict[int, Tensor]:
        """States of ``layers``, shape (rows, longest, hidden size) each; ``past`` stays."""
        rows, longest = ids.shape
        x = self._embedded(ids.flatten())
        cos, sin = self._rotation(slice(past.length, past.length + longest))
        cos, sin = cos.repeat(rows, 1, 1), sin.repeat(rows, 1, 1)
        mask = self._causal(longest, past.length + longest)
        states: dict[int, Tensor] = {}
        for number, (layer, kept) in enumerate(zip(self._layers, past.layers, strict=True), 1):
            q, k, v = (
                part.view(rows, longest, *part.shape[1:])
                for part in self._attended(layer, x, cos, sin)
            )
            shared = kept[:, None, :, : past.length].expand(-1, rows, -1, -1, -1)
            keys = torch.cat([shared[0], k.transpose(1, 2)], dim=2)
            values = torch.cat([shared[1], v.transpose(1, 2)], dim=2)
            x = self._through(layer, x, _attention(q, keys, values, mask))
            if number in layers:
                states[number] = x.view(rows, longest, -1)
            if number == max(layers):
                break
        if self.num_layers in layers:
            states[self.num_layers] = self._normed(states[self.num_layers], self._norm)
        return states

    def step(self, tokens: Sequence[int], pasts: Sequence[KeyValues]) -> Tensor:
        """States after one token of each sequence, shape (rows, hidden size); each past grows."""
        x = self._embedded(torch.tensor(tokens))
        cos, sin = self._rotation(torch.tensor([past.length for past in pasts]))
        for number, layer in enumerate(self._layers):
            q, k, v = self._attended(layer, x, cos, sin)
            found = []
            # Each over its own keys: no padding, nothing to move when one joins or leaves.
            for row, past in enumerate(pasts):
                kept, last = past.layers[number], past.length
                kept[0, :, last], kept[1, :, last] = k[row], v[row]
                seen = kept[:, None, :, : last + 1]
                found.append(_attention(q[row, None, None], seen[0], seen[1], None))
            x = self._through(layer, x, torch.cat(found))
        for past in pasts:
            past.length += 1
        return self._normed(x, self._norm)

    def logits(self, states: Tensor) -> Tensor:
        """Shape (rows, hidden size) to (rows, vocabulary), float32."""
        return self._head(states).float()

    # -- parts -------------------------------------------------------------------------

    def _embedded(self, ids: Tensor) -> Tensor:
        return embedding(ids, self._embed).to(self._dtype)

    def _normed(self, x: Tensor, weight: Tensor) -> Tensor:
        return rms_norm(x, (self.width,), weight, self._shape.eps)

    def _rotation(self, positions: slice | Tensor) -> tuple[Tensor, Tensor]:
        """Cosines and signed sines, shape (tokens, 1, head size)."""
        last = positions.stop if isinstance(positions, slice) else int(positions.max()) + 1
        while last > len(self._cos):
            self._cos, self._sin = _rotations(self._shape, 2 * len(self._cos))
        return self._cos[positions].to(self._dtype), self._sin[positions].to(self._dtype)

    def _causal(self, num_new: int, num_seen: int) -> Tensor:
        """What to add to scores so that a token sees only what came before it, and itself."""
        hidden = torch.full((num_new, num_seen), -torch.inf).triu(num_seen - num_new + 1)
        return hidden.repeat_interleave(self._heads_a_key, dim=0).to(self._kept)

    def _attended(
        self, layer: Layer, x: Tensor, cos: Tensor, sin: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values, shape (tokens, heads, head size) each, as they are kept."""
        heads, kv_heads = self._shape.num_heads, self._shape.num_kv_heads
        both = layer.qkv(self._normed(x, layer.norm)).view(len(x), -1, self._shape.head_dim)
        turned = both[:, : heads + kv_heads]
        # Rolling by half a head swaps the halves that rotate into each other; sin has the sign.
        turned = torch.addcmul(turned * cos, turned.roll(self._shape.head_dim // 2, -1), sin)
        turned = turned.to(self._kept)
        return turned[:, :heads], turned[:, heads:], both[:, heads + kv_heads :].to(self._kept)

    def _through(self, layer: Layer, x: Tensor, attended: Tensor) -> Tensor:
        """The rest of a layer: output of the attention, then the feed-forward part."""
        x = x + layer.out(attended.to(self._dtype))
        gate, up = layer.gate_up(self._normed(x, layer.mlp_norm)).chunk(2, dim=-1)
        return x + layer.down(silu(gate).mul_(up))


def _attention(q: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None) -> Tensor:
    """Shape (rows * tokens, heads * head size).

    The heads that share a key count as its queries: no key is repeated, and in bf16 a single
    token takes a seventh of the time that ``enable_gqa`` takes.

    Args:
        q: Shape (rows, tokens, heads, head size).
        keys, values: Shape (rows, key-value heads, tokens seen, head size).
        mask: Shape (tokens * heads a key, tokens seen), added to the scores; None: all is seen.
    """
    rows, tokens, _, size = q.shape
    groups = q.view(rows, tokens, keys.shape[1], -1, size).transpose(1, 2)
    found = scaled_dot_product_attention(groups.flatten(2, 3), keys, values, attn_mask=mask)
    return found.view(groups.shape).transpose(1, 2).reshape(rows * tokens, -1)


def _rotations(shape: Shape, num_positions: int) -> tuple[Tensor, Tensor]:
    """Cosines and signed sines of rotary positions (Su et al., arXiv:2104.09864).

    Returns:
        Shape (positions, 1, head size) each, float32.
    """
    half = torch.arange(0, shape.head_dim, 2, dtype=torch.float32) / shape.head_dim
    angles = torch.arange(num_positions).float()[:, None] / shape.rope_theta**half
    cos, sin = angles.cos(), angles.sin()
    return torch.cat([cos, cos], -1)[:, None], torch.cat([-sin, sin], -1)[:, None]
