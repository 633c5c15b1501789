"""Asks the model for candidates, has it weigh them, and keeps the best."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from engine.bank import Guess, Near
from engine.mood import Mood
from engine.persona import Persona
from engine.talk import Aptness, Asked, Draft, Likelihood
from handlers import choose, scoring
from handlers.exchange import Candidate, Reply, Source
from settings import ReplySection

#: Prepared lines that are not said again until so many others were.
NUM_RECENT = 3
#: Lines of the likeliest occasion that are weighed, of the next, and so on.
NUM_LINES = (4, 2, 2, 1, 1)
#: Open lines that are weighed; the more, the better one fits, and the more often it is the same.
NUM_OPEN = 8


class Mind(Protocol):
    async def nearest(
        self, persona: Persona, text: str, mood: Mood, *, chat: str, num: int
    ) -> Sequence[Near]: ...
    async def occasions(self, persona: Persona, text: str) -> Sequence[Guess]: ...
    async def drafts(self, asked: Asked, num: int) -> Sequence[Draft]: ...
    async def weigh(self, asked: Asked, replies: Sequence[str]) -> Sequence[Likelihood]: ...
    async def judge(self, text: str, replies: Sequence[str]) -> Sequence[Aptness]: ...


class Chooser:
    """The best of what a person wrote to messages like this one, of what fits its occasion, and of
    what the model writes.

    Args:
        chance: Which open lines are weighed.
    """

    def __init__(self, mind: Mind, config: ReplySection, chance: random.Random) -> None:
        self._mind, self._config, self._chance = mind, config, chance
        self._recent: deque[str] = deque(maxlen=NUM_RECENT)

    async def nearest(self, asked: Asked, chat: str) -> Sequence[Near]:
        return await self._mind.nearest(
            asked.persona, asked.text, asked.mood, chat=chat, num=choose.NUM_NEAR
        )

    async def occasions(self, asked: Asked) -> Sequence[Guess]:
        return await self._mind.occasions(asked.persona, asked.text)

    async def best(self, asked: Asked, near: Sequence[Near]) -> Reply | None:
        """The best candidate, whatever its score; None where none may be sent.

        The model writes where the message goes on from the turns before, and where nothing that
        is prepared is good enough but a draft might be: choosing takes a third of the time.
        """
        if choose.is_follow_up(asked) and (written := await self._going_on(asked)):
            return written
        if same := self._same(asked, near):
            return same
        found, least = await self._prepared(asked, near), self._config.least_score
        nearest = near[0].similarity if near else 0.0
        is_good = any(one.score is not None and one.score >= least for one in found)
        if not is_good and scoring.most_for_a_draft(nearest) >= least:
            found += await self._written_scored(asked, near)
        found.sort(key=lambda one: (bool(one.fault), -(one.score or 0.0)))
        return _reply(found) if found and not found[0].fault else None

    async def _going_on(self, asked: Asked) -> Reply | None:
        """The likeliest draft, which is the first; no example knows what was said before."""
        written = await self._written(asked, ())
        sendable = [one for one in written if not one.fault]
        if not sendable:
            return None
        best = replace(sendable[0], score=self._config.least_score)
        return _reply([best, *(one for one in written if one is not sendable[0])])

    def _same(self, asked: Asked, near: Sequence[Near]) -> Reply | None:
        """What was written to nearly this message; nothing that was tried chose better."""
        for pair in (one for one in near if one.similarity >= choose.SAME):
            one = choose.from_pair(pair, asked, self._config.max_chars)
            if not one.fault:
                sure = replace(one, sureness=1.0, kin=1.0)
                return _reply([replace(sure, score=scoring.score(sure, None))])
        return None

    async def _prepared(self, asked: Asked, near: Sequence[Near]) -> list[Candidate]:
        """Examples in reach and lines for the likeliest occasion, with their scores."""
        guesses, max_chars = await self.occasions(asked), self._config.max_chars
        in_reach = [one for one in near if one.similarity >= choose.IN_REACH]
        found = [choose.from_pair(one, asked, max_chars, guesses) for one in in_reach]
        lines = choose.from_occasions(guesses, asked, self._recent, max_chars)
        for num, few in zip(NUM_LINES, lines, strict=False):
            found += self._chance.sample(few, min(num, len(few)))
        judged = await self._judged(asked, [one.text for one in found if not one.fault])
        return scoring.scored(found, judged)

    async def _written(self, asked: Asked, near: Sequence[Near]) -> list[Candidate]:
        shown = tuple(one.pair for one in near[: self._config.examples])
        drafts = await self._mind.drafts(replace(asked, near=shown), self._config.candidates)
        return [choose.from_draft(draft, asked, self._config.max_chars) for draft in drafts]

    async def _written_scored(self, asked: Asked, near: Sequence[Near]) -> list[Candidate]:
        """What the model writes, by how well messages like this one are known."""
        written = await self._written(asked, near)
        sendable = [one.text for one in written if not one.fault]
        weighed = await self._mind.weigh(asked, sendable) if sendable else ()
        return scoring.scored(written, weighed, nearest=near[0].similarity if near else 0.0)

    async def _judged(self, asked: Asked, texts: Sequence[str]) -> Sequence[scoring.Evidence]:
        """How apt texts are; where the model has no head for that, how likely they are."""
        judged = await self._mind.judge(asked.text, texts) if texts else ()
        return judged or (await self._mind.weigh(asked, texts) if texts else ())

    def said(self, reply: Reply) -> None:
        """Have a prepared line not said again until others were."""
        if reply.source is Source.CANNED:
            self._recent.append(reply.text)

    async def open_line(self, asked: Asked) -> str | None:
        """What fits any message of this mood, and this one best; None where there is none."""
        lines = choose.from_open(asked, self._recent, self._config.max_chars)
        few = self._chance.sample(lines, min(NUM_OPEN, len(lines)))
        if not few:
            return None
        judged = await self._judged(asked, few)
        _, line = max((scoring.value(one), line) for one, line in zip(judged, few, strict=True))
        return line


def _reply(found: Sequence[Candidate]) -> Reply:
    """Of candidates, the best one first."""
    written = [one for one in found if one.source is Source.MODEL]
    return Reply(
        found[0].text,
        found[0].source,
        name=found[0].occasion if found[0].source is Source.CANNED else "",
        num_tokens=sum(one.num_tokens for one in written),
        attempts=max(1, len(written)),
        score=found[0].score,
        candidates=tuple(found),
    )
