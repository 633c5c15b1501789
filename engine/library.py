"""The banks of all personas, and what was learnt from the owner, ready to be looked up."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import normalize

from engine.bank import Guess, Near, Pair
from engine.head import Standard
from engine.memo import Memo
from engine.mood import Mood
from engine.nearness import Nearness
from engine.persona import Persona
from engine.projection import Projection
from engine.vectors import Vectors
from engine.work import Work

#: Pairs whose vectors are kept in one file: whoever edits a line waits for those beside it alone.
PART = 256


@dataclass(frozen=True, slots=True, eq=False)
class _Bank:
    """A persona's pairs, and how to lay other messages beside them."""

    pairs: tuple[Pair, ...]
    directions: Tensor
    turn: Callable[[Tensor], Tensor]


class Library:
    """Nearest pairs by persona, and occasions.

    Args:
        vectors: What a message is about.
        memo: Where the vectors of a bank are kept for the next start.
        projection: Where there is one for the model; without one, states are compared whole.
    """

    def __init__(self, vectors: Vectors, memo: Memo, projection: Projection | None = None) -> None:
        self._vectors, self._memo, self._projection = vectors, memo, projection
        self._banks: dict[str, _Bank] = {}
        self._learnt: tuple[Pair, ...] = ()
        self._learnt_vectors: dict[str, Tensor] = {}
        self._ready: dict[str, Nearness] = {}

    def is_quick(self, persona: Persona) -> bool:
        """Whether most of a bank need not be read."""
        if self._projection is None:
            return False
        unknown = sum(pair.text not in self._projection.known for pair in persona.pairs)
        return unknown <= PART

    def prepare(
        self, persona: Persona, advance: Callable[[int], None] = lambda _: None
    ) -> Work[None]:
        """Have a persona's bank at hand: what nobody has read yet is read now, once for good.

        Args:
            advance: Told of every so many pairs.
        """
        if not persona.pairs or persona.bank in self._banks:
            return
        texts = [pair.text for pair in persona.pairs]
        projection = self._projection
        is_known = torch.tensor([projection is not None and t in projection.known for t in texts])
        known, unknown = (
            [text for text, own in zip(texts, is_known.tolist(), strict=True) if own is wanted]
            for wanted in (True, False)
        )
        states = yield from self._read_all(unknown, advance)
        if projection is None:
            turn = _plain(states)
            directions = turn(states)
        else:
            turn, directions = projection, torch.empty(len(texts), projection.matrix.shape[1])
            directions[is_known] = projection.known.recall(known)
            directions[~is_known] = projection(states)
        self._banks[persona.bank] = _Bank(persona.pairs, directions, turn)

    def _read_all(self, texts: Sequence[str], advance: Callable[[int], None]) -> Work[Tensor]:
        """Shape (texts, width)."""
        parts = [torch.empty(0, self._vectors.width)]
        for start in range(0, len(texts), PART):
            part = texts[start : start + PART]
            parts.append((yield from self._read(part)))
            advance(len(part))
        return torch.cat(parts)

    def _read(self, texts: Sequence[str]) -> Work[Tensor]:
        """Vectors of one part of a bank, shape (texts, width)."""
        key = list(hashlib.sha256(f"{self._vectors.key} {texts}".encode()).digest())
        if kept := self._memo.recall(key):
            return kept["vectors"]
        found = yield from self._vectors.of_all(texts)
        self._memo.remember(key, {"vectors": found})
        return found

    def learn(self, pairs: Sequence[Pair]) -> Work[None]:
        """Have these pairs beside every bank, and none of those learnt before."""
        known = self._learnt_vectors
        unknown = [pair.text for pair in pairs if pair.text not in known]
        if unknown:
            known |= zip(unknown, (yield from self._vectors.of_all(unknown)), strict=True)
        self._learnt_vectors = {pair.text: known[pair.text] for pair in pairs}
        self._learnt = tuple(pairs)
        self._ready.clear()

    def nearest(
        self, persona: Persona, text: str, mood: Mood, *, chat: str, num: int
    ) -> Work[list[Near]]:
        """The nearest pairs of a bank and of what was learnt for this chat or all; nothing where
        the bank is not prepared (yet).
        """
        if persona.bank not in self._banks:
            return []
        direction = yield from self._direction(persona, text)
        return self._nearness(persona).of(text, direction, mood, chat=chat, num=num)

    def occasions(self, persona: Persona, text: str) -> Work[list[Guess]]:
        """What a message was probably written on; nothing where that is not prepared (yet)."""
        if persona.bank not in self._banks:
            return []
        direction = yield from self._direction(persona, text)
        return self._nearness(persona).guesses(text, direction)

    def _direction(self, persona: Persona, text: str) -> Work[Tensor]:
        vector = yield from self._vectors.of(text)
        direction: Tensor = self._banks[persona.bank].turn(vector[None])[0]
        return direction

    def _nearness(self, persona: Persona) -> Nearness:
        if persona.bank not in self._ready:
            bank = self._banks[persona.bank]
            pairs, directions = bank.pairs, bank.directions
            if self._learnt:
                own = torch.stack([self._learnt_vectors[pair.text] for pair in self._learnt])
                pairs, directions = (*pairs, *self._learnt), torch.cat([directions, bank.turn(own)])
            kinds = self._projection.kinds if self._projection else None
            self._ready[persona.bank] = Nearness(pairs, directions, kinds)
        return self._ready[persona.bank]


def _plain(states: Tensor) -> Callable[[Tensor], Tensor]:
    """Directions by how far each feature is from a bank's mean, so there must be many pairs."""
    standard = Standard.of(states)
    return lambda some: normalize(standard(some), dim=-1)
