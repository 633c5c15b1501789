"""The rules of a group that need no mood: flood, repeats, mentions, links and words."""

from __future__ import annotations

from collections.abc import Callable

import ruleset
from engine.mood import Reading
from handlers.exchange import Action, Exchange, Verdict
from handlers.policy import Rule
from moderation.flood import Flood
from moderation.links import Links
from moderation.mentions import Mentions
from moderation.newcomers import Newcomers
from moderation.recent import Recent
from moderation.repeats import Repeats
from moderation.target import KNOWN_S
from moderation.words import Words

#: What a rule found in a message, in words for who asks why; empty: nothing.
Find = Callable[[Exchange], str]


def room_rules(
    config: ruleset.Moderation, recent: Recent, newcomers: Newcomers
) -> tuple[Rule, ...]:
    """Those that are not off, in the order in which they are asked.

    Each names itself and what it found. A dry one adds no points and says what it would have
    added; its finding is noted all the same, for who tries it out.
    """
    raiders: dict[str, tuple[ruleset.Rule, Find]] = {
        "flood": (config.flood, Flood(config.flood, recent)),
        "repeats": (config.repeats, Repeats(config.repeats, recent)),
        "links": (config.links, Links(config.links)),
    }
    anybody: dict[str, tuple[ruleset.Rule, Find]] = {
        "mentions": (config.mentions, Mentions(config.mentions)),
        "words": (config.words, Words(config.words)),
    }
    return tuple(
        _rule(name, rule, find, newcomers, is_raiders=name in raiders)
        for name, (rule, find) in (raiders | anybody).items()
        if rule.state != "off"
    )


def recent_of(config: ruleset.Moderation) -> Recent:
    """A memory that reaches back as far as the rules look, and as members are known by name."""
    return Recent(max(config.flood.seconds, config.repeats.minutes * 60, KNOWN_S))


def _rule(
    name: str, config: ruleset.Rule, find: Find, newcomers: Newcomers, *, is_raiders: bool
) -> Rule:
    def rule(exchange: Exchange, reading: Reading | None) -> Verdict:
        detail = "" if exchange.message.is_private else find(exchange)
        if not detail:
            return Verdict(Action.NONE, name, "")
        times, why = newcomers.weigh(exchange.message, is_raiders=is_raiders)
        detail, points = f"{detail}; {why}" if why else detail, config.points * times
        if config.state == "dry":
            return Verdict(Action.NOTE, name, f"dry: would add {points:g}: {detail}")
        return Verdict(Action.NOTE, name, detail, points=points)

    return rule
