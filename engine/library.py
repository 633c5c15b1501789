"""The banks of all personas, and what was learnt from the owner, ready to be looked up."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import torch

from engine.bank import Near, Pair
from engine.memo import Memo
from engine.mood import Mood
from engine.nearness import Nearness
from engine.persona import Persona
from engine.vectors import Vectors
from engine.work import Work

#: Pairs whose vectors are kept in one file: whoever edits a line waits for those beside it alone.
PART = 256


class Library:
    """Nearest pairs by persona.

    Args:
        memo: Where the vectors of a bank are kept for the next start.
    """

    def __init__(self, vectors: Vectors, memo: Memo) -> None:
        self._vectors, self._memo = vectors, memo
        self._banks: dict[str, tuple[tuple[Pair, ...], torch.Tensor]] = {}
        self._learnt: tuple[Pair, ...] = ()
        self._learnt_vectors: dict[str, torch.Tensor] = {}
        self._ready: dict[str, Nearness] = {}

    def prepare(
        self, persona: Persona, advance: Callable[[int], None] = lambda _: None
    ) -> Work[None]:
        """Read a persona's bank: a minute the first time, from the disk ever after.

        Args:
            advance: Told of every so many pairs.
        """
        if persona.pairs and persona.bank not in self._banks:
            parts = []
            for start in range(0, len(persona.pairs), PART):
                pairs = persona.pairs[start : start + PART]
                parts.append((yield from self._read([pair.text for pair in pairs])))
                advance(len(pairs))
            self._banks[persona.bank] = persona.pairs, torch.cat(parts)

    def _read(self, texts: Sequence[str]) -> Work[torch.Tensor]:
        """Vectors of one part of a bank, shape (texts, width)."""
        key = _key(texts, self._vectors.prompt)
        if kept := self._memo.recall(key):
            return kept["vectors"]
        vectors = yield from self._vectors.of_all(texts)
        self._memo.remember(key, {"vectors": vectors})
        return vectors

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
        """The nearest pairs of a bank and of what was learnt for this chat or all."""
        yield from self.prepare(persona)
        if persona.bank not in self._banks:
            return []
        vector = yield from self._vectors.of(text)
        if persona.bank not in self._ready:
            pairs, vectors = self._banks[persona.bank]
            if self._learnt:
                own = torch.stack([self._learnt_vectors[pair.text] for pair in self._learnt])
                pairs, vectors = (*pairs, *self._learnt), torch.cat([vectors, own])
            self._ready[persona.bank] = Nearness(pairs, vectors)
        return self._ready[persona.bank].of(text, vector, mood, chat=chat, num=num)


def _key(texts: Sequence[str], prompt: str) -> list[int]:
    return list(hashlib.sha256(f"{prompt} {texts}".encode()).digest())
