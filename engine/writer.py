"""Replies: fits a conversation into the prompt's budget and has the model write on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import settings
from engine import prompts
from engine.errors import PromptRefused
from engine.model import Model
from engine.mood import Mood
from engine.persona import Persona
from engine.sampler import Sampling
from engine.talk import Asked, Draft, Likelihood
from engine.work import Work

#: Under so many characters a message is no longer itself; the prompt is refused instead.
LEAST_CHARS = 50
#: Replies whose likelihood by themselves is remembered.
NUM_KNOWN = 4096


class Writer:
    """Writes replies with a persona, in the tone that fits the mood."""

    def __init__(self, model: Model, config: settings.Settings) -> None:
        engine = config.engine
        self._model = model
        self._history_tokens = config.reply.history_tokens
        self._max_prompt_tokens = engine.max_prompt_tokens
        self._sampling = Sampling(
            engine.max_new_tokens, engine.temperature, engine.top_p, engine.repetition_penalty
        )
        self._known: dict[tuple[str, str], float] = {}

    def prepare(self, persona: Persona, mood: Mood) -> Work[None]:
        """Compute the part of the prompt that does not depend on the message."""
        prefix = self._model.encode(prompts.reply_prefix(persona, mood), opens_answer=False)
        yield from self._model.prepare(prefix)

    def drafts(self, asked: Asked, num: int) -> Work[list[Draft]]:
        """Several replies, the first the likeliest; one alone is drawn as the settings say.

        Raises:
            PromptRefused: Even without history and examples the message does not fit.
        """
        prefix, rest = self.fit(asked)
        greedy = [replace(self._sampling, temperature=0.0)] if num > 1 else []
        samplings = [*greedy, *[self._sampling] * (num - len(greedy))]
        return (yield from self._model.answers(prefix, rest, samplings))

    def weigh(self, asked: Asked, replies: Sequence[str]) -> Work[list[Likelihood]]:
        """How likely each reply is after the message, and after one that says nothing.

        Near examples are left out: a reply that was copied from one would look the likeliest.
        """
        prefix, rest = self.fit(replace(asked, near=()))
        given = yield from self._logprobs(prefix, rest, replies)
        alone = yield from self._alone(asked.persona, replies)
        return [Likelihood(*pair) for pair in zip(given, alone, strict=True)]

    def _alone(self, persona: Persona, replies: Sequence[str]) -> Work[list[float]]:
        """Log-probabilities after nothing; of the replies of a bank they are soon all known."""
        known = {reply: self._known.get((persona.system, reply)) for reply in replies}
        if unknown := [reply for reply, logprob in known.items() if logprob is None]:
            prefix, rest = self.fit(Asked(persona, prompts.NOTHING, Mood.NEUTRAL))
            found = yield from self._logprobs(prefix, rest, unknown)
            for reply, logprob in zip(unknown, found, strict=True):
                known[reply] = self._known[persona.system, reply] = logprob
        while len(self._known) > NUM_KNOWN:
            del self._known[next(iter(self._known))]
        return [known[reply] or 0.0 for reply in replies]

    def _logprobs(
        self, prefix: Sequence[int], rest: Sequence[int], replies: Sequence[str]
    ) -> Work[list[float]]:
        answers = [self._model.encode_answer(reply) for reply in replies]
        return (yield from self._model.logprobs(prefix, rest, answers))

    def following(self, persona: Persona, text: str, reply: str, mood: Mood) -> Work[list[int]]:
        """The token this model finds likeliest at each place of a reply, whoever wrote it."""
        turns = prompts.reply_prefix(persona, mood)
        question = prompts.reply_question(Asked(persona, text, mood), prompts.REPLY_CHARS)
        prefix, rest = self._model.split(turns, question)
        answered: list[prompts.ChatTurn] = [
            *(*turns, *question),
            {"role": "assistant", "content": reply},
        ]
        ids = self._model.encode(answered, opens_answer=False)[len(prefix) :]
        return (yield from self._model.following(prefix, ids, len(ids) - len(rest)))

    def fit(self, asked: Asked) -> tuple[list[int], list[int]]:
        """Ids of the prompt: the oldest turns go first, then the farthest examples, then the
        middle of a long message.

        Characters do not bound tokens (a rare script takes three or four a character), and a
        prompt pass cannot be stopped, so the bound is on tokens.

        Returns:
            The reusable prefix and what follows it, see ``Model.split``.

        Raises:
            PromptRefused: Even without history and examples the message does not fit.
        """
        prefix, max_chars = prompts.reply_prefix(asked.persona, asked.mood), prompts.REPLY_CHARS
        while max_chars >= LEAST_CHARS:
            ids, rest = self._model.split(prefix, prompts.reply_question(asked, max_chars))
            fits = len(ids) + len(rest) <= self._max_prompt_tokens
            has_more = asked.history or asked.near
            if fits and (len(rest) <= self._history_tokens or not has_more):
                return ids, rest
            if asked.history:
                asked = replace(asked, history=asked.history[1:])
            elif asked.near:
                asked = replace(asked, near=asked.near[:-1])
            else:
                max_chars //= 2
        raise PromptRefused(
            f"the prompt needs {len(ids) + len(rest)} tokens, engine.max_prompt_tokens allows "
            f"{self._max_prompt_tokens}; raise it or shorten the persona's examples"
        )
