"""The first layers of the shared model, read for what they know of a message.

The states of the tokens hold the mood long before the last layer has turned them into a next
word, so a reading needs neither the output layer nor the layers above the highest one it taps.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import torch

from engine.executor import Work
from engine.memo import Memo
from engine.prefixes import Prefixes


class Pool(StrEnum):
    """Which states of a layer make one feature vector."""

    MEAN = "mean"  # over the message's own tokens
    LAST = "last"  # of the last token of the prompt, where the answer would begin


@dataclass(frozen=True, slots=True)
class Tap:
    """One place where states are read.

    Attributes:
        layer: Number of the layer whose output is read; the first is 1.
        pool: How its states become one vector.
    """

    layer: int
    pool: Pool


class Trunk:
    """The layers up to the highest tap. Shares every weight with the model it is cut from.

    Args:
        decoder: A transformers decoder without its output layer (``base_model``).
        memo: Where the prefix is kept for the next start.

    Raises:
        ValueError: The decoder has no such layer.
    """

    def __init__(self, decoder: Any, taps: Sequence[Tap], memo: Memo) -> None:
        self.taps = tuple(taps)
        self.width = len(self.taps) * int(decoder.config.hidden_size)
        num_layers = max(tap.layer for tap in self.taps)
        if (first := min(tap.layer for tap in self.taps)) < 1:
            raise ValueError(f"there is no layer {first}, the first is 1")
        self._decoder, self._layers = _cut(decoder, num_layers)
        self._prefixes = Prefixes(self._decoder, memo.part(f"{num_layers} layers"))

    def features(
        self, prefix: Sequence[int], rests: Sequence[Sequence[int]], num_tail: int
    ) -> Work[torch.Tensor]:
        """Feature vectors of messages; yields between batches.

        Args:
            prefix: Ids that every prompt begins with.
            rests: What follows it, one a prompt: the message, then the template's tail.
            num_tail: Tokens of that tail.

        Returns:
            Shape (prompts, taps x hidden size), float32.
        """

        def read(padded: torch.Tensor, lengths: torch.Tensor, cache: Any) -> torch.Tensor:
            with self._recording() as states:
                self._decoder(padded, past_key_values=cache)
            return self._pooled(states, lengths, num_tail)

        return (yield from self._prefixes.in_batches(prefix, rests, read))

    def _pooled(
        self, states: Mapping[int, torch.Tensor], lengths: torch.Tensor, num_tail: int
    ) -> torch.Tensor:
        """Shape (rows, taps x hidden size), from states of shape (rows, longest, hidden size)."""
        rows = torch.arange(len(lengths))
        own = torch.arange(int(lengths.max())) < (lengths - num_tail).clamp(min=1)[:, None]
        share = (own / own.sum(dim=1, keepdim=True))[:, None]
        pooled = []
        for tap in self.taps:
            state = states[tap.layer]
            if tap.pool is Pool.LAST:
                pooled.append(state[rows, lengths - 1].float())
            else:
                pooled.append((share @ state.float())[:, 0])
        return torch.cat(pooled, dim=1)

    @contextlib.contextmanager
    def _recording(self) -> Iterator[dict[int, torch.Tensor]]:
        """Outputs of the tapped layers alone; ``output_hidden_states`` would keep all of them."""
        states: dict[int, torch.Tensor] = {}

        def record(number: int, output: Any) -> None:
            states[number] = output[0] if isinstance(output, tuple) else output

        hooks = [
            self._layers[number - 1].register_forward_hook(
                lambda _module, _inputs, output, number=number: record(number, output)
            )
            for number in {tap.layer for tap in self.taps}
        ]
        try:
            yield states
        finally:
            for hook in hooks:
                hook.remove()


def _cut(decoder: Any, num_layers: int) -> tuple[Any, Any]:
    """A view of a decoder that ends after ``num_layers`` layers, and those layers."""
    total = int(decoder.config.num_hidden_layers)
    if not 1 <= num_layers <= total:
        raise ValueError(f"the model has {total} layers, there is no layer {num_layers}")
    lists = {n: m for n, m in decoder.named_children() if isinstance(m, torch.nn.ModuleList)}
    name = next((name for name, layers in lists.items() if len(layers) == total), None)
    if name is None:
        raise ValueError(f"no list of {total} layers in {type(decoder).__name__}")
    config = copy.copy(decoder.config)
    config.num_hidden_layers = num_layers
    if types := getattr(config, "layer_types", None):
        config.layer_types = types[:num_layers]
    cut = copy.copy(decoder)  # shares the modules; only the table of them is its own
    cut.config = config
    layers = lists[name][:num_layers]
    cut._modules = {**decoder._modules, name: layers}
    return cut, layers
