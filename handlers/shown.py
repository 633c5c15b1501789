"""A message as its account's owner is shown it, in an alert or a note."""

from __future__ import annotations

from handlers.exchange import Exchange, Message
from handlers.sanitize import shown_name

#: Characters of a message; more may be asked for.
MAX_SHOWN = 80


def who(message: Message) -> str:
    """Who wrote it and, in a group, where. Names are hostile input, and stay on one line."""
    place = f"群「{shown_name(message.room_name)}」里" if message.room_name is not None else ""
    return place + shown_name(message.talker_name)


def shown(exchange: Exchange) -> str:
    """Its cleaned words on one line, in quotation marks."""
    text = " ".join(exchange.cleaned.split())
    return f"「{text[:MAX_SHOWN]}{'…' if len(text) > MAX_SHOWN else ''}」"
