"""What no person types: nothing at all, halves of characters, marks of the chat template.

Replies come here the way ``guard.check`` spells them: cleaned, casefolded, the bot's name as 我.
"""

from __future__ import annotations

import re

import regex

from handlers.tidy import ROLES

_TOKEN = re.compile(
    # Not "<|||": a kaomoji that sweats. Half tokens too: the limit can fall inside one.
    r"<\|(?!\|)|(?<!\|)\|>|im_(?:start|end)|endoftext|\[/?inst\]|<</?sys>>"
    r"|</?(?:s|unk|pad|bos|eos|think|tool_call|tool_response|(?:start|end)_of_turn)>"
    r"|###\s*(?:instruction|response|input|指令|回复)"
)
_ROLE = re.compile(
    rf"(?:^|[\n。！？!?])\s*(?:(?:{ROLES}|我)\s*[:：]|(?:assistant|user|system)(?=\n))"
)
# An emoji alone is an answer, "……" is none.
_WORD_OR_FACE = regex.compile(r"[\p{L}\p{N}\p{Extended_Pictographic}\p{Regional_Indicator}]")


def empty(reply: str) -> str | None:
    """A reply without a letter, a figure or a face."""
    return None if _WORD_OR_FACE.search(reply) else f"nothing to read in {reply!r}"


def garbled(reply: str) -> str | None:
    """Half of a character's bytes, where the token limit or a confused model cut it."""
    return "a character cut in half" if "\ufffd" in reply else None


def template(reply: str) -> str | None:
    """A control token spelled out, or a turn that names its speaker."""
    match = _TOKEN.search(reply) or _ROLE.search(reply)
    return f"leaked {match[0].strip()!r}" if match else None
