"""A message as its account's owner is shown it, in an alert or a note."""

from __future__ import annotations

from handlers.exchange import Exchange
from handlers.sanitize import MAX_NAME, clean

#: Characters of a message; more may be asked for.
MAX_SHOWN = 80


def who(exchange: Exchange) -> str:
    """Who wrote it and, in a group, where. Names are hostile input, and stay on one line."""
    message = exchange.message
    place = f"群「{_name(message.room_name)}」里 " if message.room_name is not None else ""
    return place + _name(message.talker_name)


def shown(exchange: Exchange) -> str:
    """Its cleaned words on one line, in quotation marks."""
    text = " ".join(exchange.cleaned.split())
    return f"「{text[:MAX_SHOWN]}{'…' if len(text) > MAX_SHOWN else ''}」"


def _name(name: str) -> str:
    return clean(name, MAX_NAME).replace("\n", " ")
