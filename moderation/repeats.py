"""The same text of one person again and again."""

from __future__ import annotations

import ruleset
from handlers.exchange import Exchange
from moderation.recent import Recent, key_of


class Repeats:
    """Finds a text said so many times, and each time after that.

    Others may say it too: in a group, a line that everybody repeats is a game.
    """

    def __init__(self, config: ruleset.Repeats, recent: Recent) -> None:
        self._config, self._recent = config, recent

    def __call__(self, exchange: Exchange) -> str:
        """What was found, in words; empty where nothing was."""
        config, key = self._config, key_of(exchange.cleaned)
        if not key:
            return ""
        heard = self._recent.lately(exchange, config.minutes * 60)
        num = sum(one.key == key for one in heard)
        if num < config.times:
            return ""
        return f"the same text {num} times within {config.minutes:g} min"
