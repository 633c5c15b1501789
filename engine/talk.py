"""Values of a conversation that the engine and its callers share. Nothing here loads a model."""

from __future__ import annotations

from dataclasses import dataclass

from engine.bank import Pair
from engine.mood import Mood
from engine.persona import Persona


@dataclass(frozen=True, slots=True)
class Turn:
    """One message and its answer, out of the same chat.

    Attributes:
        name: Who wrote the message, where there are several; empty in a private chat.
    """

    user: str
    bot: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a reply is wanted for.

    Attributes:
        mood: Of the message.
        history: Recent turns of the chat, oldest first; the oldest are left out where the budget
            in tokens is short.
        near: Pairs to answer like, the nearest first.
        name: Who wrote the message, see ``Turn``.
        moods: Those that an answer may suit, where the mood is not sure; none: ``mood`` alone.
        is_owner: Whether the owner of the account wrote the message.
    """

    persona: Persona
    text: str
    mood: Mood
    history: tuple[Turn, ...] = ()
    near: tuple[Pair, ...] = ()
    name: str = ""
    moods: tuple[Mood, ...] = ()
    is_owner: bool = False


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


@dataclass(frozen=True, slots=True)
class Likelihood:
    """Log-probability of a reply's tokens, on average.

    Attributes:
        given: After the message, with no near example beside it to copy from.
        alone: After a message that says nothing.
    """

    given: float
    alone: float


@dataclass(frozen=True, slots=True)
class Aptness:
    """How well a reply fits a message: log-odds, as strict readers would mark it.

    Attributes:
        harmless: That nobody need be ashamed of it.
        send: That one would send it.
    """

    harmless: float
    send: float
