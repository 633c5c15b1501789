"""Many people @mentioned at once, which rings on every one of their phones."""

from __future__ import annotations

import re

import ruleset
from handlers.contacts import MAIL
from handlers.exchange import Exchange

_CALL = re.compile(r"@([^\s@]{1,32})")


class Mentions:
    """Finds a message that calls on so many people.

    By their ids, or by its @s where the platform gives none; @所有人 is one, and WeChat leaves it
    to those who run a group.
    """

    def __init__(self, config: ruleset.Mentions) -> None:
        self._config = config

    def __call__(self, exchange: Exchange) -> str:
        """What was found, in words; empty where nothing was."""
        named = set(_CALL.findall(MAIL.sub("", exchange.cleaned)))
        num = len(exchange.message.mention_ids) or len(named)
        return f"{num} people @mentioned" if num >= self._config.people else ""
