"""The forward pass of the Qwen2 architecture with as few operations as it takes.

transformers' own spends as long on small operations as on the matrix products of one token. Here
q, k and v are one product, gate and up another, and attention reads keys and values where they
lie. `tests/test_qwen2.py` checks it against transformers' logits.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import torch
from torch import Tensor
from torch.linalg import vector_norm
from torch.nn.functional import embedding, scaled_dot_product_attention, silu

from engine.keyvalues import Grown, KeyValues
from engine.linear import Linear
from engine.shortlist import Shortlist

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
    """Weights of one layer; norms in float32, times the root of the hidden size."""

    norm: Tensor
    qkv: Linear
    out: Linear
    mlp_norm: Tensor
    gate_up: Linear
    down: Linear


class Qwen2:
    """A decoder; see ``engine.decoder`` for what its methods promise.

    Args:
        embed: Shape (vocabulary, hidden size).
        head: The output layer, from states to logits.
        shortlist: The same over common tokens alone, where there is one.
        dtype: Format of the activations. Products may give a narrower one; sums are in this.
        kept: Format of queries, keys and values.
    """

    def __init__(
        self,
        shape: Shape,
        embed: Tensor,
        layers: Sequence[Layer],
        norm: Tensor,
        head: Linear,
        shortlist: Shortlist | None = None,
        *,
        dtype: torch.dtype,
        kept: torch.dtype,
    ) -> None:
        self._shape, self._embed, self._layers = shape, embed, layers
        self._norm, self._head, self._dtype, self._kept = norm, head, dtype, kept
        self._least = torch.tensor(shape.eps * embed.shape[1]).sqrt()
        self._heads_a_key = shape.num_heads // shape.num_kv_heads
        self._cos, self._sin = _rotations(shape, FIRST_POSITIONS)
        self.num_layers, self.width = len(layers), int(embed.shape[1])
        self.shortlist = shortlist

    def empty(self, room: int) -> KeyValues:
        size = (self.num_layers, 2, 1, self._shape.num_kv_heads, room, self._shape.head_dim)
        return KeyValues(torch.empty(size, dtype=self._kept), 0)

    def restore(self, tensors: Mapping[str, Tensor]) -> KeyValues:
        layers = [tensors[str(n)] for n in range(self.num_layers)]
        return KeyValues(torch.stack(layers), int(layers[0].shape[3]))

    # -- passes ------------------------------------------------------------------------

    def extend(self, chunks: Sequence[Sequence[int]], pasts: Sequence[KeyValues]) -> Tensor:
        """States after each chunk of ids, shape (chunks, width); each past grows by its own."""
        sizes = [len(ids) for ids in chunks]
        ends = [past.length + size for past, size in zip(pasts, sizes, strict=True)]
        spans = list(zip(sizes, ends, strict=True))
        x = self._embedded(torch.tensor([*chain.from_iterable(chunks)]))
        positions = chain.from_iterable(range(end - size, end) for size, end in spans)
        turn = self._rotation(torch.tensor([*positions]))
        masks = [self._causal(size, end) for size, end in spans]
        grown = [past.grown(size) for past, size in zip(pasts, sizes, strict=True)]
        for layer, *kept in zip(self._layers, *grown, strict=True):
            q, new = self._attended(layer, x, turn)
            groups = q.view(len(x), self._shape.num_kv_heads, -1, q.shape[-1])
            own = torch.split_with_sizes(groups, sizes), torch.split_with_sizes(new, sizes)
            # Each over its own keys: no padding, nothing to move when one joins or leaves.
            found = [_attention_of_chunk(*one) for one in zip(*own, kept, masks, strict=True)]
            x = self._through(layer, x, found[0] if len(found) == 1 else torch.cat(found))
        for past, end in zip(pasts, ends, strict=True):
            past.length = end  # only now: whoever asked may ask again where something fails
        return self._normed(x[torch.tensor(sizes).cumsum(0) - 1], self._norm)

    def branch(self, ids: Tensor, past: KeyValues, layers: Collection[int]) -> dict[int, Tensor]:
        """States of ``layers``, shape (rows, longest, width) each; ``past`` stays."""
        rows, longest = ids.shape
        x = self._embedded(ids.flatten())
        turn = self._rotation(torch.arange(past.length, past.length + longest).repeat(rows))
        mask = self._causal(longest, past.length + longest)
        states: dict[int, Tensor] = {}
        for number, (layer, kept) in enumerate(zip(self._layers, past.layers(), strict=True), 1):
            q, new = self._attended(layer, x, turn)
            shared = kept.expand(-1, rows, -1, -1, -1)
            own = new.view(rows, longest, *new.shape[1:]).permute(2, 0, 3, 1, 4)
            keys, values = torch.cat([shared, own], dim=3).unbind()
            q = q.view(rows, longest, *q.shape[1:])
            x = self._through(layer, x, _attention(q, keys, values, mask))
            if number in layers:
                states[number] = x.view(rows, longest, -1)
            if number == max(layers):
                break
        if self.num_layers in layers:
            states[self.num_layers] = self._normed(states[self.num_layers], self._norm)
        return states

    def logits(self, states: Tensor) -> Tensor:
        """Shape (rows, hidden size) to (rows, vocabulary), float32."""
        return self._head(states).float()

    # -- parts -------------------------------------------------------------------------

    def _embedded(self, ids: Tensor) -> Tensor:
        return embedding(ids, self._embed).to(self._dtype)

    def _normed(self, x: Tensor, weight: Tensor) -> Tensor:
        """RMSNorm (Zhang and Sennrich, arXiv:1910.07467) in half the operations of torch's own."""
        length: Tensor = vector_norm(x, dim=-1, keepdim=True, dtype=torch.float32)
        return (x / length.hypot_(self._least)).mul_(weight).to(x.dtype)

    def _rotation(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Cosines and signed sines for queries, keys and values, shape (tokens, heads, head size).

        Values are turned by nothing, so that all three are one tensor all the way.
        """
        while int(positions.max()) >= len(self._cos):
            self._cos, self._sin = _rotations(self._shape, 2 * len(self._cos))
        turned, still = self._shape.num_heads + self._shape.num_kv_heads, self._shape.num_kv_heads
        size = (len(positions), still, self._shape.head_dim)
        cos = self._cos[positions].expand(-1, turned, -1)
        sin = self._sin[positions].expand(-1, turned, -1)
        cos, sin = torch.cat([cos, torch.ones(size)], 1), torch.cat([sin, torch.zeros(size)], 1)
        return cos.to(self._kept), sin.to(self._kept)

    def _causal(self, num_new: int, num_seen: int) -> Tensor | None:
        """What to add to scores so that a token sees only what came before it, and itself.

        None where nothing is hidden: a single token sees all.
        """
        if num_new == 1:
            return None
        hidden = torch.full((num_new, num_seen), -torch.inf).triu(num_seen - num_new + 1)
        return hidden.repeat_interleave(self._heads_a_key, dim=0).to(self._kept)

    def _attended(
        self, layer: Layer, x: Tensor, turn: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Queries, shape (tokens, heads, head size); keys and values, as they are kept.

        Returns:
            The latter of shape (tokens, 2, key-value heads, head size).
        """
        size, (cos, sin) = self._shape.head_dim, turn
        flat = layer.qkv(self._normed(x, layer.norm)).view(len(x), -1, size).to(self._kept)
        # Rolling by half a head swaps the halves that rotate into each other; sin has the sign.
        flat = torch.addcmul(flat * cos, flat.roll(size // 2, -1), sin)
        q, new = flat[:, : self._shape.num_heads], flat[:, self._shape.num_heads :]
        return q, new.view(len(x), 2, -1, size)

    def _through(self, layer: Layer, x: Tensor, attended: Tensor) -> Tensor:
        """The rest of a layer: output of the attention, then the feed-forward part."""
        x = x + layer.out(attended)
        gate, up = layer.gate_up(self._normed(x, layer.mlp_norm)).chunk(2, dim=-1)
        return x + layer.down(silu(gate).mul_(up))


def _attention(q: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None) -> Tensor:
    """Shape (rows * tokens, heads * head size).

    The heads that share a key count as its queries: no key is repeated, and in bf16 a single
    token takes a seventh of the time that ``enable_gqa`` takes.

    Args:
        q: Shape (rows, tokens, heads, head size).
        keys, values: Shape (rows, key-value heads, tokens seen, head size).
        mask: Shape (tokens * heads a key, tokens seen), added to the scores.
    """
    rows, tokens, _, size = q.shape
    groups = q.view(rows, tokens, keys.shape[1], -1, size).transpose(1, 2)
    found = scaled_dot_product_attention(groups.flatten(2, 3), keys, values, attn_mask=mask)
    return found.view(groups.shape).transpose(1, 2).reshape(rows * tokens, -1)


def _attention_of_chunk(q: Tensor, new: Tensor, kept: Grown, mask: Tensor | None) -> Tensor:
    """Of the latest tokens of one sequence, whose keys and values it keeps.

    Args:
        q: Shape (tokens, key-value heads, heads a key, head size).
        new: Keys and values, shape (tokens, 2, key-value heads, head size).
        mask: See ``_attention``; None for a single token, which sees all.

    Returns:
        Shape (tokens, heads * head size).
    """
    kept.latest.copy_(new.permute(1, 2, 0, 3)[:, None])
    if mask is None:
        return scaled_dot_product_attention(q, kept.keys, kept.values).view(1, -1)
    return _attention(q.flatten(1, 2)[None], kept.keys, kept.values, mask)


def _rotations(shape: Shape, num_positions: int) -> tuple[Tensor, Tensor]:
    """Cosines and signed sines of rotary positions (Su et al., arXiv:2104.09864).

    Returns:
        Shape (positions, 1, head size) each, float32.
    """
    half = torch.arange(0, shape.head_dim, 2, dtype=torch.float32) / shape.head_dim
    angles = torch.arange(num_positions).float()[:, None] / shape.rope_theta**half
    cos, sin = angles.cos(), angles.sin()
    return torch.cat([cos, cos], -1)[:, None], torch.cat([-sin, sin], -1)[:, None]
