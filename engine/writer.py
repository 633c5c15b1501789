"""Replies: fits a conversation into the prompt's budget and has the model write on."""

from __future__ import annotations

from collections.abc import Sequence

import settings
from engine import prompts
from engine.errors import PromptRefused
from engine.model import Model
from engine.mood import Mood
from engine.persona import Persona
from engine.sampler import Sampling
from engine.talk import Draft, Turn
from engine.work import Work

#: Under so many characters a message is no longer itself; the prompt is refused instead.
LEAST_CHARS = 50


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

    def prepare(self, persona: Persona, mood: Mood) -> Work[None]:
        """Compute the part of the prompt that does not depend on the message."""
        prefix = self._model.encode(prompts.reply_prefix(persona, mood), opens_answer=False)
        yield from self._model.prepare(prefix)

    def write(
        self, persona: Persona, history: Sequence[Turn], text: str, mood: Mood
    ) -> Work[Draft]:
        """Draft of a reply.

        Raises:
            PromptRefused: Even without history the message does not fit.
        """
        prefix, rest = self.fit(prompts.reply_prefix(persona, mood), history, text)
        return (yield from self._model.decode(prefix, rest, self._sampling))

    def following(self, persona: Persona, text: str, reply: str, mood: Mood) -> Work[list[int]]:
        """The token this model finds likeliest at each place of a reply, whoever wrote it."""
        turns = prompts.reply_prefix(persona, mood)
        question = prompts.reply_question((), text, prompts.REPLY_CHARS)
        prefix, rest = self._model.split(turns, question)
        answered: list[prompts.ChatTurn] = [
            *(*turns, *question),
            {"role": "assistant", "content": reply},
        ]
        ids = self._model.encode(answered, opens_answer=False)[len(prefix) :]
        return (yield from self._model.following(prefix, ids, len(ids) - len(rest)))

    def fit(
        self, prefix: Sequence[prompts.ChatTurn], history: Sequence[Turn], text: str
    ) -> tuple[list[int], list[int]]:
        """Ids of the prompt: the oldest turns go first, then the middle of a long message.

        Characters do not bound tokens (a rare script takes three or four a character), and a
        prompt pass cannot be stopped, so the bound is on tokens.

        Returns:
            The reusable prefix and what follows it, see ``Model.split``.

        Raises:
            PromptRefused: Even without history the message does not fit.
        """
        max_chars = prompts.REPLY_CHARS
        while max_chars >= LEAST_CHARS:
            ids, rest = self._model.split(prefix, prompts.reply_question(history, text, max_chars))
            fits = len(ids) + len(rest) <= self._max_prompt_tokens
            if fits and (not history or len(rest) <= self._history_tokens):
                return ids, rest
            if history:
                history = history[1:]
            else:
                max_chars //= 2
        raise PromptRefused(
            f"the prompt needs {len(ids) + len(rest)} tokens, engine.max_prompt_tokens allows "
            f"{self._max_prompt_tokens}; raise it or shorten the persona's examples"
        )
