"""The texts given to the model, as chat turns. Pure: the template and the tokens are model.py's.

Mood and reply are two calls with two prompts. One mixed prompt ("first say the mood, then answer")
makes a small model do both badly, and lets a message talk its way into its own label.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TypedDict

from engine.mood import Mood
from engine.persona import Persona
from engine.talk import Turn

#: Changes with every edit of a text below; stored beside each exchange in the audit log.
PROMPT_VERSION = "2026-11-22"


class ChatTurn(TypedDict):
    """What ``apply_chat_template`` takes. The role is never user data."""

    role: str
    content: str


MOOD_SYSTEM = "判断下面这句话说话人的情绪，只回答一个词：开心、生气、难过、害怕、惊讶、平静。"

#: Label words differ in their first token, which is all that is scored.
MOOD_LABELS: Mapping[Mood, str] = MappingProxyType(
    {
        Mood.HAPPY: "开心",
        Mood.ANGRY: "生气",
        Mood.SAD: "难过",
        Mood.FEAR: "害怕",
        Mood.SURPRISE: "惊讶",
        Mood.NEUTRAL: "平静",
    }
)

MOOD_EXAMPLES: tuple[tuple[str, Mood], ...] = (
    ("今天发工资了，请大家喝奶茶！", Mood.HAPPY),
    ("你有完没完，烦死了，滚", Mood.ANGRY),
    ("奶奶走了，我到现在都不敢看她的照片", Mood.SAD),
    ("半夜楼道里一直有脚步声，我不敢出去", Mood.FEAR),
    ("什么？他们俩居然结婚了？", Mood.SURPRISE),
    ("明天下午三点在二楼开会", Mood.NEUTRAL),
)

#: Say nothing about a mood; what the model answers to them is its bias, and is taken off
#: (contextual calibration, Zhao et al. 2021, arXiv:2102.09690).
CONTENT_FREE = ("。", "N/A", "嗯", "今天")

#: Divides the scores; fitted so that a confidence of 0.8 is right four times in five.
MOOD_TEMPERATURE = 1.0

#: Of a long message the beginning and the end say most about the mood, and the end a bit more.
MOOD_CHARS = 256
REPLY_CHARS = 1200


def shorten(text: str, max_chars: int) -> str:
    """``text``, its middle left out where it is longer than ``max_chars`` characters."""
    if len(text) <= max_chars:
        return text
    head = max_chars * 2 // 5
    return f"{text[:head]}…{text[head - max_chars + 1 :]}"


def mood_prefix() -> list[ChatTurn]:
    """What comes before every message whose mood is read; the same for all, so computed once."""
    turns: list[ChatTurn] = [{"role": "system", "content": MOOD_SYSTEM}]
    for text, mood in MOOD_EXAMPLES:
        turns += _turn(text, MOOD_LABELS[mood])
    return turns


def mood_question(text: str) -> list[ChatTurn]:
    """The message itself, as the user's turn and nothing else."""
    return [{"role": "user", "content": shorten(text, MOOD_CHARS)}]


def reply_prefix(persona: Persona, mood: Mood) -> list[ChatTurn]:
    """Who the bot is, its tone for this mood, and its examples: one text a persona and mood."""
    system = f"{persona.system}{persona.tone(mood)}"
    turns: list[ChatTurn] = [{"role": "system", "content": system}]
    for example in persona.examples:
        turns += _turn(example.user, example.bot)
    return turns


def reply_question(history: Sequence[Turn], text: str, max_chars: int) -> list[ChatTurn]:
    """Recent turns of the chat, oldest first, and the message to answer."""
    turns: list[ChatTurn] = []
    for turn in history:
        turns += _turn(shorten(turn.user, max_chars), shorten(turn.bot, max_chars))
    return [*turns, {"role": "user", "content": shorten(text, max_chars)}]


def _turn(user: str, bot: str) -> list[ChatTurn]:
    return [{"role": "user", "content": user}, {"role": "assistant", "content": bot}]
