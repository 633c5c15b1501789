"""The banks of all personas, and what was learnt from the owner, ready to be looked up."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import torch

from engine.bank import Guess, Near, Pair
from engine.memo import Memo
from engine.mood import Mood
from engine.nearness import Nearness
from engine.occasions import Occasions
from engine.persona import Persona
from engine.vectors import Vectors
from engine.work import Work

#: Pairs whose vectors are kept in one file: whoever edits a line waits for those beside it alone.
PART = 256


class Library:
    """Nearest pairs by persona, and occasions.

    Args:
        vectors: What pairs are near by.
        subjects: What occasions are told by; read in a pass of its own.
        memo: Where the vectors of a bank are kept for the next start.
    """

    def __init__(self, vectors: Vectors, subjects: Vectors, memo: Memo) -> None:
        self._vectors, self._subjects, self._memo = vectors, subjects, memo
        self._banks: dict[str, tuple[tuple[Pair, ...], torch.Tensor]] = {}
        self._occasions: dict[str, Occasions] = {}
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
            vectors = yield from self._read_all(self._vectors, persona.pairs, advance)
            self._banks[persona.bank] = persona.pairs, vectors

    def prepare_occasions(self, persona: Persona) -> Work[None]:
        """Learn what tells the occasions of a bank apart, from its pairs that name one."""
        pairs = [pair for pair in persona.pairs if pair.occasion]
        if persona.bank in self._occasions or len({pair.occasion for pair in pairs}) < 2:
            return
        vectors = yield from self._read_all(self._subjects, pairs)
        key = _key([f"{pair.text} {pair.occasion}" for pair in pairs], self._subjects)
        kept = self._memo.recall(key)
        occasions = Occasions(pairs, vectors, kept["weights"] if kept else None)
        if not kept:
            self._memo.remember(key, {"weights": occasions.weights})
        self._occasions[persona.bank] = occasions

    def _read_all(
        self,
        vectors: Vectors,
        pairs: Sequence[Pair],
        advance: Callable[[int], None] = lambda _: None,
    ) -> Work[torch.Tensor]:
        parts = []
        for start in range(0, len(pairs), PART):
            part = pairs[start : start + PART]
            parts.append((yield from self._read(vectors, [pair.text for pair in part])))
            advance(len(part))
        return torch.cat(parts)

    def _read(self, vectors: Vectors, texts: Sequence[str]) -> Work[torch.Tensor]:
        """Vectors of one part of a bank, shape (texts, width)."""
        key = _key(texts, vectors)
        if kept := self._memo.recall(key):
            return kept["vectors"]
        found = yield from vectors.of_all(texts)
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

    def occasions(self, persona: Persona, text: str) -> Work[list[Guess]]:
        """What a message was probably written on; nothing where that is not prepared (yet)."""
        if persona.bank not in self._occasions:
            return []
        vector = yield from self._subjects.of(text)
        return self._occasions[persona.bank].of(text, vector)


def _key(texts: Sequence[str], vectors: Vectors) -> list[int]:
    return list(hashlib.sha256(f"{vectors.prompt} {vectors.taps} {texts}".encode()).digest())
