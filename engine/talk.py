"""Values of a conversation that the engine and its callers share. Nothing here loads a model."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Turn:
    """One message and its answer, out of the same chat."""

    user: str
    bot: str


@dataclass(frozen=True, slots=True)
class Draft:
    """Generated text, not yet guarded.

    Attributes:
        logprob: Log-probability of a token, on average, before sampling bent it.
        is_finished: The model ended it by itself; False where the token limit cut it.
        first_token_s: Seconds from its start to its first token.
        total_s: Seconds from its start to its last.
    """

    text: str
    num_tokens: int
    is_finished: bool
    logprob: float = 0.0
    first_token_s: float = 0.0
    total_s: float = 0.0
