"""Mends what is only untidy in a reply, before ``guard`` looks for what must not be sent."""

from __future__ import annotations

import re

#: Names by which chat templates and their imitations say who speaks. A pattern.
ROLES = r"(?:assistant|user|system|human|ai|bot|用户|助手|系统|机器人|ai助手|人类)"

_LEADING_ROLE = re.compile(rf"\s*(?:{ROLES}\s*[:：]\s*)+", re.IGNORECASE)
# A model that goes on writes the user's next turn; all of that is dropped.
_NEXT_TURN = re.compile(rf"\n[ \t]*{ROLES}[ \t]*[:：].*|<\|.*", re.DOTALL | re.IGNORECASE)
_MARKDOWN = (
    (re.compile(r"^[ \t]*```.*$\n?", re.MULTILINE), ""),
    (re.compile(r"(\*\*|__)(?=\S)(.{1,200}?)(?<=\S)\1"), r"\2"),
    (re.compile(r"`([^`\n]{1,200})`"), r"\1"),
    (re.compile(r"!?\[([^\]\n]{1,200})\]\([^)\s]{1,500}\)"), r"\1"),
)
# Only where one line is all: of several, such marks make a list, which guard is to see.
_MARKS = re.compile(r"[ \t]{0,3}(?:(?:#{1,6}|>|[-*+•])[ \t]+)+")
_PAIRS = {"“": "”", "「": "」", "『": "』", '"': '"', "'": "'", "‘": "’"}
_TRAILING = "，、；：,;:（(【[「『“‘《<|-—* \n\t"


def tidy(reply: str, *, bot_name: str = "") -> str:
    """``reply`` without what surrounds the words; tidying twice changes nothing more.

    Gone are quotes around the whole, leading role names (and ``bot_name``), markdown marks, a
    next turn the model began to write, and a trailing clause mark or opened bracket. The words
    themselves stay: what is wrong with them is ``guard``'s to say.
    """
    while (tidier := _tidied(reply, bot_name)) != reply:
        reply = tidier
    return reply


def _tidied(reply: str, bot_name: str) -> str:
    roles = _LEADING_ROLE.match(reply)
    reply = (reply[roles.end() :] if roles else reply).strip()
    if bot_name and reply.startswith((f"{bot_name}：", f"{bot_name}:")):
        reply = reply[len(bot_name) + 1 :]
    if (turn := _NEXT_TURN.search(reply)) and turn.start() > 0:
        reply = reply[: turn.start()]
    for pattern, kept in _MARKDOWN:
        reply = pattern.sub(kept, reply)
    if "\n" not in reply and (marks := _MARKS.match(reply)):
        reply = reply[marks.end() :]
    reply = reply.strip().rstrip(_TRAILING)
    closer = _PAIRS.get(reply[:1])
    inner = reply[1:-1]
    if closer and len(reply) > 1 and reply[-1] == closer and not {reply[0], closer} & set(inner):
        return inner.strip()
    return reply
