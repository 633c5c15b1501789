"""Answers to prompts, token by token: several to one prompt, and together with other chats'."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

import torch

from engine.decoder import Decoder, Past
from engine.prefixes import CHUNK, Prefixes, States, chunks, padded
from engine.sampler import Likeliest, Sampler, Sampling, likeliest, num_wanted
from engine.shortlist import Shortlist
from engine.talk import Draft
from engine.work import Call, Work

#: Prompts whose answers' next tokens are worked out in one pass.
MAX_REPLIES = 8


@dataclass(slots=True)
class _Answer:
    """One answer under way.

    Attributes:
        past: Of the prompt and the answer so far, but for its latest token.
        ids: The answer's tokens; the last one ends it, or waits for its pass.
        logprob: Sum of the log-probabilities of ``ids`` before sampling bent them.
    """

    past: Past
    draw: Sampler
    shortlist: Shortlist | None
    ids: list[int] = field(default_factory=list)
    logprob: float = 0.0
    first_token_at: float = 0.0
    ended_at: float = 0.0

    @property
    def is_under_way(self) -> bool:
        return not self.ended_at


class Decoding:
    """Writes answers with a decoder.

    Args:
        end_ids: Ids that end a turn.
        text: What ids say.
    """

    def __init__(
        self,
        decoder: Decoder,
        prefixes: Prefixes,
        end_ids: Collection[int],
        text: Callable[[Sequence[int]], str],
    ) -> None:
        self._decoder, self._prefixes, self._end_ids, self._text = decoder, prefixes, end_ids, text

    def answers(
        self, prefix: Sequence[int], rest: Sequence[int], samplings: Sequence[Sampling]
    ) -> Work[list[Draft]]:
        """An answer to a prompt for each sampling; the prompt is read once.

        Args:
            prefix: Its beginning, shared with other prompts.
            rest: What follows.
        """
        start = time.perf_counter()
        yield from self._prefixes.prepare(prefix)
        prompt = [*prefix, *rest]
        room = max(sampling.max_new_tokens for sampling in samplings)
        past = self._prefixes.begin(prompt, room=room)
        state = yield from self._read_rest(prompt, past)
        shortlist = self._shortlist_for(prompt)
        pasts = [past, *(past.copy(len(prompt), room) for _ in samplings[1:])]
        draws = [Sampler(sampling) for sampling in samplings]
        under_way = [_Answer(own, draw, shortlist) for own, draw in zip(pasts, draws, strict=True)]
        [found] = self._likeliest(state, under_way[:1])
        self._draw(under_way, [found] * len(under_way))
        while latest := [answer for answer in under_way if answer.is_under_way]:
            self._draw(latest, (yield Call(self._step, latest, limit=MAX_REPLIES)))
        best = under_way[0]
        self._prefixes.keep([*prompt, *best.ids][: best.past.length], best.past)
        return [self._draft(answer, start) for answer in under_way]

    def logprobs(
        self, prefix: Sequence[int], rest: Sequence[int], answers: Sequence[Sequence[int]]
    ) -> Work[list[float]]:
        """Log-probability of a token of each answer to a prompt, on average; 0 of an empty one."""
        last = self._decoder.num_layers
        first, states = yield from self._branched(prefix, rest, answers, {last})
        return [
            self._logprob(torch.cat([first, own[: len(answer) - 1]]), answer) if answer else 0.0
            for own, answer in zip(states[last], answers, strict=True)
        ]

    def _branched(
        self,
        prefix: Sequence[int],
        rest: Sequence[int],
        answers: Sequence[Sequence[int]],
        layers: Collection[int],
    ) -> Work[tuple[torch.Tensor, States]]:
        """State after a prompt, shape (1, width), and those of what may follow, all in one pass."""
        yield from self._prefixes.prepare(prefix)
        prompt = [*prefix, *rest]
        past = self._prefixes.begin(prompt, room=0)
        first = yield from self._read_rest(prompt, past)
        yield None
        with torch.inference_mode():
            return first, self._decoder.branch(padded(answers), past, layers)

    def _logprob(self, states: torch.Tensor, answer: Sequence[int]) -> float:
        """Of tokens, each given the state before it; shape (tokens, width)."""
        shortlist = self._shortlist_for(answer)
        places = shortlist.places(answer) if shortlist else torch.tensor(answer)
        with torch.inference_mode():
            logits = (shortlist or self._decoder).logits(states)
            found = logits.gather(1, places[:, None])[:, 0] - logits.logsumexp(1)
        return float(found.mean())

    def _read_rest(self, ids: Sequence[int], past: Past) -> Work[torch.Tensor]:
        """State after a prompt, shape (1, width), of which ``past`` has the beginning."""
        for chunk in chunks(ids[past.length :]):
            last = yield Call(self._extend, (chunk, past), limit=_num_together(chunk))
        state: torch.Tensor = last
        return state

    def _extend(self, asked: Sequence[tuple[Sequence[int], Past]]) -> Sequence[torch.Tensor]:
        """The state after each chunk, shape (1, width); its past grows by it."""
        with torch.inference_mode():
            states = self._decoder.extend([ids for ids, _ in asked], [past for _, past in asked])
        return [state[None] for state in states]

    def _shortlist_for(self, ids: Sequence[int]) -> Shortlist | None:
        """What to draw an answer to this prompt from; None is the whole vocabulary."""
        shortlist = self._decoder.shortlist
        return shortlist if shortlist and shortlist.holds(ids) else None

    def _step(self, asked: Sequence[Sequence[_Answer]]) -> Sequence[Sequence[Likeliest]]:
        """What may come next in each answer of each caller."""
        answers = [answer for own in asked for answer in own]
        with torch.inference_mode():
            latest, pasts = [a.ids[-1:] for a in answers], [a.past for a in answers]
            states = self._decoder.extend(latest, pasts)
        found = iter(self._likeliest(states, answers))
        return [[next(found) for _ in own] for own in asked]

    def _likeliest(self, states: torch.Tensor, answers: Sequence[_Answer]) -> list[Likeliest]:
        """Of each row over its answer's own shortlist."""
        found: dict[int, Likeliest] = {}
        num = max(num_wanted(answer.ids) for answer in answers)
        for shortlist in {answer.shortlist for answer in answers}:
            rows = [row for row, answer in enumerate(answers) if answer.shortlist is shortlist]
            with torch.inference_mode():
                logits = (shortlist or self._decoder).logits(states[rows])
                among = shortlist.ids if shortlist else None
                found |= zip(rows, likeliest(logits, num, among), strict=True)
        return [found[row] for row in range(len(answers))]

    def _draw(self, answers: Sequence[_Answer], found: Sequence[Likeliest]) -> None:
        """The next token of each; those it ends are marked."""
        for answer, own in zip(answers, found, strict=True):
            token, logprob = answer.draw(answer.ids, own)
            answer.ids.append(token)
            answer.logprob += logprob
            now = time.perf_counter()
            answer.first_token_at = answer.first_token_at or now
            if token in self._end_ids or len(answer.ids) == answer.draw.sampling.max_new_tokens:
                answer.ended_at = now

    def _draft(self, answer: _Answer, start: float) -> Draft:
        is_finished = answer.ids[-1] in self._end_ids
        said = answer.ids[:-1] if is_finished else answer.ids
        return Draft(
            self._text(said),
            len(said),
            is_finished=is_finished,
            logprob=answer.logprob / len(answer.ids),
            first_token_s=answer.first_token_at - start,
            total_s=answer.ended_at - start,
        )


def _num_together(chunk: Sequence[int]) -> int:
    """How many such chunks make up a whole one: a power of two, to bring like lengths together."""
    return min(MAX_REPLIES, CHUNK >> (len(chunk) - 1).bit_length())
