"""Messages, moods and times as people are shown them, in alerts, answers and digests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from engine.mood import Mood
from handlers.exchange import Exchange, Message
from handlers.sanitize import shown_name

#: Characters of a message; more may be asked for.
MAX_SHOWN = 80
MOODS: Mapping[Mood, str] = MappingProxyType(
    {
        Mood.HAPPY: "开心",
        Mood.ANGRY: "生气",
        Mood.SAD: "难过",
        Mood.FEAR: "害怕",
        Mood.SURPRISE: "惊讶",
        Mood.NEUTRAL: "平静",
    }
)


def who(message: Message) -> str:
    """Who wrote it and, in a group, where. Names are hostile input, and stay on one line."""
    place = f"群「{shown_name(message.room_name)}」里" if message.room_name is not None else ""
    return place + shown_name(message.talker_name)


def shown(exchange: Exchange) -> str:
    """Its cleaned words on one line, in quotation marks."""
    text = " ".join(exchange.cleaned.split())
    return f"「{text[:MAX_SHOWN]}{'…' if len(text) > MAX_SHOWN else ''}」"


def cut(text: str, max_chars: int) -> str:
    """No longer than so; what was cut off shows as …"""
    return text if len(text) <= max_chars else f"{text[: max_chars - 1]}…"


def local(at: float) -> datetime:
    """Unix seconds by the clock on the wall here."""
    return datetime.fromtimestamp(at, UTC).astimezone()
