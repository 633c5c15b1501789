"""Any architecture, by transformers' own forward pass; slower than ``Qwen2``, and never wrong."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import AutoModelForCausalLM, DynamicCache
from transformers.cache_utils import DynamicLayer

from engine.linear import Linear
from engine.quantize import fits
from engine.shortlist import Shortlist


class StockPast:
    """A transformers cache."""

    def __init__(self, cache: DynamicCache, config: Any) -> None:
        self.cache, self._config = cache, config

    @property
    def length(self) -> int:
        return int(self.cache.get_seq_length())

    @property
    def num_bytes(self) -> int:
        layers = (layer for layer in self.cache.layers if layer.is_initialized)
        return sum(layer.keys.nbytes + layer.values.nbytes for layer in layers)

    def copy(self, length: int, room: int) -> StockPast:
        """Shares the tensors: ``DynamicLayer`` concatenates into new ones, never into these.

        A sliding window cannot be cropped, for it keeps less than it has seen: then none are left.
        """
        if length == 0 or (length < self.length and not self._is_plain):
            return StockPast(DynamicCache(config=self._config), self._config)
        fork = copy.copy(self.cache)
        fork.layers = [copy.copy(layer) for layer in fork.layers]
        if length < self.length:
            fork.crop(length - self.length)
        return StockPast(fork, self._config)

    @property
    def _is_plain(self) -> bool:
        return all(type(layer) is DynamicLayer for layer in self.cache.layers)

    def repeated(self, rows: int) -> DynamicCache:
        fork = self.copy(self.length, 0).cache
        if rows > 1:
            fork.batch_repeat_interleave(rows)
        return fork

    def tensors(self) -> dict[str, Tensor]:
        if not self._is_plain:
            return {}
        layers = self.cache.layers
        keys = {f"{n}.keys": layer.keys for n, layer in enumerate(layers)}
        return keys | {f"{n}.values": layer.values for n, layer in enumerate(layers)}


class SwappedLinear(torch.nn.Module):
    """A product of ours in the place of one of transformers' linear modules."""

    def __init__(self, product: Linear) -> None:
        super().__init__()
        self._product = product

    def forward(self, x: Tensor) -> Tensor:
        y = self._product(x.reshape(-1, x.shape[-1]).float())
        return y.to(x.dtype).view(*x.shape[:-1], -1)


class Stock:
    """A decoder; see ``engine.decoder`` for what its methods promise.

    Args:
        lm: A transformers causal language model.
    """

    def __init__(self, lm: Any) -> None:
        self._lm, self._base = lm, lm.base_model
        self.num_layers = int(lm.config.num_hidden_layers)
        self.width = int(lm.config.hidden_size)
        self.shortlist: Shortlist | None = None

    def empty(self, room: int) -> StockPast:
        return StockPast(DynamicCache(config=self._lm.config), self._lm.config)

    def restore(self, tensors: Mapping[str, Tensor]) -> StockPast:
        past = self.empty(0)
        for layer in range(len(tensors) // 2):
            past.cache.update(tensors[f"{layer}.keys"], tensors[f"{layer}.values"], layer)
        return past

    def extend(self, chunks: Sequence[Sequence[int]], pasts: Sequence[StockPast]) -> Tensor:
        grown = [past.copy(past.length, len(ids)) for ids, past in zip(chunks, pasts, strict=True)]
        states = [self._after(ids, past) for ids, past in zip(chunks, grown, strict=True)]
        for past, longer in zip(pasts, grown, strict=True):
            past.cache = longer.cache  # only now: whoever asked may ask again where one fails
        return torch.cat(states)

    def _after(self, ids: Sequence[int], past: StockPast) -> Tensor:
        """State after the last of ids, shape (1, width); the past grows by them."""
        out = self._base(torch.tensor([list(ids)]), past_key_values=past.cache)
        state: Tensor = out.last_hidden_state[:, -1]
        return state

    def branch(self, ids: Tensor, past: StockPast, layers: Collection[int]) -> dict[int, Tensor]:
        decoder, modules = _cut(self._base, max(layers))
        with _recording(modules, layers) as states:
            out = decoder(ids, past_key_values=past.repeated(len(ids)))
        if self.num_layers in layers:
            states[self.num_layers] = out.last_hidden_state  # normed, as the output layer wants it
        return states

    def logits(self, states: Tensor) -> Tensor:
        logits: Tensor = self._lm.get_output_embeddings()(states)
        return logits.float()


def linear_names(config: Any) -> list[str]:
    """Names of a model's linear modules whose shapes the kernels take."""
    with torch.device("meta"):  # shapes without memory
        lm = AutoModelForCausalLM.from_config(config)
    modules = ((n, m) for n, m in lm.named_modules() if isinstance(m, torch.nn.Linear))
    return [name for name, module in modules if fits(module.weight.shape)]


def load(folder: Path, dtype: torch.dtype, swapped: Mapping[str, Linear]) -> Stock:
    """A model by transformers' own loader, some of its linear modules replaced."""
    lm = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype)
    for name, product in swapped.items():
        lm.set_submodule(name, SwappedLinear(product))
    return Stock(lm.eval().requires_grad_(False))


@contextlib.contextmanager
def _recording(modules: Any, layers: Collection[int]) -> Iterator[dict[int, Tensor]]:
    """Outputs of these layers alone; ``output_hidden_states`` would keep all of them."""
    states: dict[int, Tensor] = {}

    def record(number: int, output: Any) -> None:
        states[number] = output[0] if isinstance(output, tuple) else output

    hooks = [
        modules[number - 1].register_forward_hook(
            lambda _module, _inputs, output, number=number: record(number, output)
        )
        for number in layers
    ]
    try:
        yield states
    finally:
        for hook in hooks:
            hook.remove()


def _cut(decoder: Any, num_layers: int) -> tuple[Any, Any]:
    """A view of a decoder that ends after ``num_layers`` layers, and those layers.

    Raises:
        ValueError: It has no list of its layers.
    """
    total = int(decoder.config.num_hidden_layers)
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
