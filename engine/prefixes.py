"""What prompts begin with, read once: copied or cropped for each prompt, never grown."""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.decoder import Decoder, Past
from engine.memo import Memo
from engine.work import Call, Work

#: Tokens of a prompt computed between two chances to stop; a whole prompt pass cannot be stopped.
CHUNK = 128
#: Tokens of messages read in one pass: what a message that comes meanwhile has to wait for.
PASS_TOKENS = 256
#: Of copies of a prefix, one a row of a pass.
PASS_BYTES = 128 << 20
#: Messages that wait and are read together.
MAX_WAITING = 16
#: Prefixes kept (one a persona and mood, one for the mood reading); some MB each.
MAX_PREFIXES = 16
#: Of conversations kept, so that the next message of a chat costs only its own tokens.
CHAT_BYTES = 64 << 20

#: States of one message, by layer; shape (tokens, width) each.
States = dict[int, Tensor]


@dataclass(frozen=True, slots=True)
class Branches:
    """Messages to read behind a prefix that has been prepared."""

    prefix: tuple[int, ...]
    past: Past
    layers: frozenset[int]
    rests: tuple[tuple[int, ...], ...]


class Prefixes:
    """Beginnings of prompts, and chats so far; the least recently used go first.

    Args:
        memo: Where a computed prefix is kept for the next start. Chats are never kept there.
    """

    def __init__(self, decoder: Decoder, memo: Memo) -> None:
        self._decoder, self._memo = decoder, memo
        self._prefixes: OrderedDict[tuple[int, ...], Past] = OrderedDict()
        self._chats: OrderedDict[tuple[int, ...], Past] = OrderedDict()

    @property
    def lengths(self) -> tuple[int, ...]:
        """Tokens of each prefix that is kept; the least recently used first."""
        return tuple(past.length for past in self._prefixes.values())

    @property
    def num_chat_bytes(self) -> int:
        return sum(past.num_bytes for past in self._chats.values())

    def prepare(self, prefix: Sequence[int]) -> Work[None]:
        """Compute a prefix once, so that prompts which begin with it cost only their rest."""
        key = tuple(prefix)
        if key not in self._prefixes:
            self._prefixes[key] = self._recalled(key) or (yield from self._computed(key))
            if len(self._prefixes) > MAX_PREFIXES:
                self._prefixes.popitem(last=False)
        self._prefixes.move_to_end(key)

    def begin(self, ids: Sequence[int], room: int) -> Past:
        """As much of a prompt as was read before, in a past of its own with room for all of it.

        Args:
            room: Tokens that will follow the prompt.
        """
        last = len(ids) - 1  # one token has to be read anew, for what comes after it
        length = 0
        for kept in itertools.chain(self._prefixes, self._chats):
            if (shared := min(_num_shared(kept, ids), last)) > length:
                best, length = kept, shared
        if not length:
            empty: Past = self._decoder.empty(len(ids) + room)
            return empty
        store = self._prefixes if best in self._prefixes else self._chats
        store.move_to_end(best)
        return store[best].copy(length, len(ids) - length + room)

    def keep(self, ids: Sequence[int], past: Past) -> None:
        """Remember a conversation; those it goes on from are forgotten, it holds all of them."""
        key = tuple(ids)
        for older in [kept for kept in self._chats if key[: len(kept)] == kept]:
            del self._chats[older]
        self._chats[key] = past
        while self.num_chat_bytes > CHAT_BYTES:
            self._chats.popitem(last=False)

    def branches(
        self, prefix: Sequence[int], rests: Sequence[Sequence[int]], layers: Collection[int]
    ) -> Work[list[States]]:
        """States of messages that share a prefix, in order; yields between passes.

        Waiting messages of other callers are read in the same pass.

        Args:
            prefix: Ids that every prompt begins with.
            rests: What follows it, one a prompt.
            layers: Which layers' outputs; see ``Decoder.branch``.
        """
        yield from self.prepare(prefix)
        key, found = tuple(prefix), []
        past = self._prefixes[key]  # held on to: others may push it out between two passes
        for few in _passes(past, [tuple(rest) for rest in rests]):
            wanted = Branches(key, past, frozenset(layers), few)
            found += yield Call(self._read, wanted, limit=MAX_WAITING)
        return found

    def _read(self, requests: Sequence[Branches]) -> list[list[States]]:
        """States of the messages of each request, in order."""
        found: dict[int, list[States]] = {n: [] for n in range(len(requests))}
        kinds = dict.fromkeys((request.prefix, request.layers) for request in requests)
        for prefix, layers in kinds:
            same = [n for n, r in enumerate(requests) if (r.prefix, r.layers) == (prefix, layers)]
            rests = [(n, rest) for n in same for rest in requests[n].rests]
            past = requests[same[0]].past
            states = itertools.chain.from_iterable(
                self._read_pass(past, layers, few)
                for few in _passes(past, [rest for _, rest in rests])
            )
            for (n, _), state in zip(rests, states, strict=True):
                found[n].append(state)
        return list(found.values())

    def _read_pass(
        self, past: Past, layers: frozenset[int], rests: Sequence[Sequence[int]]
    ) -> Iterator[States]:
        with torch.inference_mode():
            states = self._decoder.branch(padded(rests), past, layers)
        for row, rest in enumerate(rests):
            yield {layer: state[row, : len(rest)] for layer, state in states.items()}

    def _computed(self, ids: Sequence[int]) -> Work[Past]:
        past: Past = self._decoder.empty(len(ids))
        for chunk in chunks(ids):
            if past.length:
                yield None
            with torch.inference_mode():
                self._decoder.extend([chunk], [past])
        if ids and (tensors := past.tensors()):
            self._memo.remember(ids, tensors)
        return past

    def _recalled(self, ids: Sequence[int]) -> Past | None:
        tensors = self._memo.recall(ids)
        if tensors is None:
            return None
        past: Past = self._decoder.restore(tensors)
        return past


def _passes(past: Past, rests: Sequence[tuple[int, ...]]) -> Iterator[tuple[tuple[int, ...], ...]]:
    """Rests, as many at once as fit one pass behind ``past``."""
    most = max(1, PASS_BYTES // max(1, past.num_bytes))
    few: list[tuple[int, ...]] = []
    for rest in rests:
        longest = max(len(other) for other in (rest, *few))
        if few and (len(few) == most or (len(few) + 1) * longest > PASS_TOKENS):
            yield tuple(few)
            few = []
        few.append(rest)
    if few:
        yield tuple(few)


def chunks(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    """Parts of a prompt between which other work may go first."""
    return (ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK))


def _num_shared(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((n for n, (a, b) in pairs if a != b), min(len(one), len(other)))


def padded(rows: Sequence[Sequence[int]]) -> Tensor:
    """Ids filled up on the right, shape (rows, longest)."""
    padded = torch.zeros(len(rows), max(map(len, rows)), dtype=torch.long)
    for number, row in enumerate(rows):
        padded[number, : len(row)] = torch.tensor(row)
    return padded
