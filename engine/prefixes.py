"""What many prompts begin with, computed once: one key-value cache each, forked, never grown."""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from engine.executor import Work
from engine.memo import Memo

#: Tokens of a prompt computed between two chances to stop; a whole prompt pass cannot be stopped.
CHUNK = 128
#: Of copies of a prefix, one a row of a batch; 250 tokens of the article's model are 49 MB a row.
BATCH_BYTES = 128 << 20
#: Prefixes kept (one a persona and mood, one for the mood reading); about 10 MB each.
MAX_PREFIXES = 16


class Prefixes:
    """Caches of prefixes, the least recently used dropped first.

    Args:
        decoder: A transformers decoder without its output layer (``base_model``).
        memo: Where a computed prefix is kept for the next start.
    """

    def __init__(self, decoder: Any, memo: Memo) -> None:
        self._decoder, self._memo = decoder, memo
        self._caches: OrderedDict[tuple[int, ...], DynamicCache] = OrderedDict()

    @property
    def lengths(self) -> tuple[int, ...]:
        """Tokens of each prefix that is kept; the least recently used first."""
        return tuple(cache.get_seq_length() for cache in self._caches.values())

    def prepare(self, prefix: Sequence[int]) -> Work[None]:
        """Compute a prefix once, so that prompts which begin with it cost only their rest."""
        key = tuple(prefix)
        if key not in self._caches:
            self._caches[key] = self._recalled(key) or (yield from self._computed(key))
            if len(self._caches) > MAX_PREFIXES:
                self._caches.popitem(last=False)
        self._caches.move_to_end(key)

    def fork(self, prefix: Sequence[int], num_rows: int = 1) -> DynamicCache:
        """A cache that begins with a prepared prefix, once a row, and grows by itself.

        The tensors are shared, not copied: ``DynamicLayer.update`` concatenates into new ones and
        never writes to the old.
        """
        fork = copy.copy(self._caches[tuple(prefix)])
        fork.layers = [copy.copy(layer) for layer in fork.layers]
        if num_rows > 1:
            fork.batch_repeat_interleave(num_rows)
        return fork

    def in_batches(
        self,
        prefix: Sequence[int],
        rests: Sequence[Sequence[int]],
        read: Callable[[torch.Tensor, torch.Tensor, DynamicCache], torch.Tensor],
    ) -> Work[torch.Tensor]:
        """Results of prompts that share a prefix; yields between passes over as many as fit.

        Args:
            prefix: Ids that every prompt begins with.
            rests: What follows it, one a prompt.
            read: Makes results, one a row, from padded ids, shape (rows, longest), the length of
                each row, and a cache that holds the prefix.

        Returns:
            The results, one a prompt, in order.
        """
        yield from self.prepare(prefix)
        size, results = self._batch_size(prefix), []
        for start in range(0, len(rests), size):
            if start:
                yield
            batch = rests[start : start + size]
            with torch.inference_mode():
                results.append(read(*_pad(batch), self.fork(prefix, len(batch))))
        return torch.cat(results)

    def _batch_size(self, prefix: Sequence[int]) -> int:
        """Rows whose copies of a prepared prefix stay within ``BATCH_BYTES``."""
        layers = self._caches[tuple(prefix)].layers
        row_bytes: int = sum(x.keys.nbytes + x.values.nbytes for x in layers if x.is_initialized)
        return max(1, BATCH_BYTES // max(1, row_bytes))

    def _computed(self, ids: Sequence[int]) -> Work[DynamicCache]:
        cache = DynamicCache(config=self._decoder.config)
        for start in range(0, len(ids), CHUNK):
            if start:
                yield
            with torch.inference_mode():
                self._decoder(torch.tensor([ids[start : start + CHUNK]]), past_key_values=cache)
        plain = all(type(layer) is DynamicLayer for layer in cache.layers)
        if ids and plain:  # a sliding window keeps less than it has seen
            keys = {f"{n}.keys": layer.keys for n, layer in enumerate(cache.layers)}
            values = {f"{n}.values": layer.values for n, layer in enumerate(cache.layers)}
            self._memo.remember(ids, keys | values)
        return cache

    def _recalled(self, ids: Sequence[int]) -> DynamicCache | None:
        tensors = self._memo.recall(ids)
        if tensors is None:
            return None
        cache = DynamicCache(config=self._decoder.config)
        for layer in range(len(tensors) // 2):
            cache.update(tensors[f"{layer}.keys"], tensors[f"{layer}.values"], layer)
        return cache


def _pad(rows: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids filled up on the right, shape (rows, longest), and the length of each row.

    Padding on the right needs no mask: under causal attention no token sees what follows.
    """
    lengths = torch.tensor([len(row) for row in rows])
    padded = torch.zeros(len(rows), int(lengths.max()), dtype=torch.long)
    for number, row in enumerate(rows):
        padded[number, : len(row)] = torch.tensor(row)
    return padded, lengths
