"""What keeps an account from being restricted: governor, quiet hours, loop breaker, together."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

import settings
from handlers.budgets import Past
from handlers.exchange import Exchange
from handlers.governor import Governor
from handlers.hours import Hours
from handlers.loops import LoopBreaker
from handlers.quiet import quiet
from handlers.restriction import heed

Stage = Callable[[Exchange], Exchange]


class Words(Protocol):
    """Who tells the owner."""

    def looped(self, exchange: Exchange) -> None: ...
    def rested(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """The governor of all that leaves, and the stages that go with it.

    Attributes:
        first: Stages before all others, by name.
        addressed: Stages for what is for the bot, before anything answers it.
        ended: Told of each exchange when it has ended.
    """

    governor: Governor
    first: Mapping[str, Stage]
    addressed: Mapping[str, Stage]
    ended: Callable[[Exchange], None]

    @classmethod
    def none(cls, gap_s: float) -> Limits:
        """For the console, where nobody can be restricted and a person types what a bot would."""
        return cls(Governor(gap_s=gap_s), {}, {}, lambda exchange: None)

    @classmethod
    def of(
        cls,
        pace: settings.Deliver,
        past: Past,
        words: Words,
        *,
        owner: str,
        chats: Mapping[str, settings.ChatOverride] = MappingProxyType({}),
    ) -> Limits:
        """For an account; needs a running event loop.

        Args:
            chats: ``answer.chats``, where single chats have budgets of their own.
        """
        hours = Hours(pace.quiet_hours)
        governor = Governor.of(pace, past, quiet=hours.span, rested=words.rested, chats=chats)
        breaker = LoopBreaker(
            pace.loop_turns, pace.loop_window_s, owner=owner, noticed=words.looped
        )
        return cls(
            governor,
            {"restriction": heed(governor.restrict, time.time)},
            {"quiet": quiet(hours, owner=owner), "loop": breaker.stage},
            breaker.ended,
        )
