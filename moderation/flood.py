"""So many messages of one person that nobody else can be read."""

from __future__ import annotations

from collections import OrderedDict

import ruleset
from handlers.exchange import Exchange
from moderation.recent import Recent

#: People whose last flood is remembered.
MOST = 1000


class Flood:
    """Finds somebody who writes faster than the settings allow; each flood once.

    Only texts count: a picture or a sticker ends its way before any rule is asked.
    """

    def __init__(self, config: ruleset.Flood, recent: Recent) -> None:
        self._config, self._recent = config, recent
        self._found: OrderedDict[tuple[str, str], float] = OrderedDict()

    def __call__(self, exchange: Exchange) -> str:
        """What was found, in words; empty where nothing was."""
        message, config = exchange.message, self._config
        num = len(self._recent.lately(exchange, config.seconds))
        if num < config.messages:
            return ""
        who = message.chat_id, message.talker_id
        # All that follows is the same flood, until a window has passed.
        if message.sent_at - self._found.get(who, -config.seconds) < config.seconds:
            return ""
        self._found[who] = message.sent_at
        self._found.move_to_end(who)
        while len(self._found) > MOST:
            self._found.popitem(last=False)
        return f"{num} messages within {config.seconds:g} s"
