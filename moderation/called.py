"""Where a text calls a member by name.

Names are hostile input: they are compared, never made a pattern of (trap 3). Texts and names come
casefolded, people as id to name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from handlers.exchange import Message
from handlers.mention import without_mentions

#: What a member may be called and many are; such a name counts only after an @.
_COMMON = frozenset(
    (
        *("老板", "领导", "客户", "老师", "同学", "同事", "朋友", "师傅", "司机", "快递", "客服"),
        *("物业", "房东", "裁判", "教练", "老公", "老婆", "宝宝", "宝贝", "哥哥", "姐姐", "大家"),
        *("自己", "别人", "有人", "哈哈", "呵呵", "废物", "垃圾", "傻子", "傻逼", "骗子"),
        *("boss", "admin", "everyone"),
    )
)  # fmt: skip
#: What stands around a name that is called; before one that a clause is about, too.
_STOPS = frozenset(" \n,，。.!！?？;；:：、~～…")


def without_names(text: str, names: Iterable[str]) -> str:
    """A text without mentions, also those typed with no space after a known name."""
    for name in sorted(names, key=len, reverse=True):
        if name:
            text = text.replace(f"@{name} ", "").replace(f"@{name}", "")
    return without_mentions(text).strip()


def mentioned(message: Message, text: str, people: Mapping[str, str]) -> str:
    """Who is @mentioned first, by id, or by a name where the platform tells no ids."""
    if ids := [one for one in message.mention_ids if one != message.talker_id]:
        return ids[0]
    longest_first = sorted(people.items(), key=lambda person: -len(person[1]))
    return next((one for one, name in longest_first if name and f"@{name}" in text), "")


def named(text: str, people: Mapping[str, str]) -> tuple[str, str, bool] | None:
    """Who is named first, the longest name there, and whether the clause is about them."""
    found = [
        (start, -len(name), person_id, name)
        for person_id, name in people.items()
        if _is_name(name) and (start := _place(text, name)) >= 0
    ]
    if not found:
        return None
    start, _, person_id, name = min(found)
    after = text[start + len(name) :][:1]
    return person_id, name, after != "" and after not in _STOPS


def quoted(words: str, people: Mapping[str, str]) -> str:
    """Who is quoted, of those known: the quotation begins with the name and a colon."""
    for person_id, name in sorted(people.items(), key=lambda person: -len(person[1])):
        if name and words.startswith((f"{name}:", f"{name}：", f"{name} :")):
            return person_id
    return ""


def _is_name(name: str) -> bool:
    return len(name) >= (3 if name.isascii() else 2) and name not in _COMMON


def _place(text: str, name: str) -> int:
    """Where the name stands at the beginning of a clause; -1: nowhere."""
    start = text.find(name)
    while start >= 0:
        before, after = text[start - 1 : start], text[start + len(name) :][:1]
        goes_on = name[-1].isascii() and after.isascii() and after.isalnum()
        if not goes_on and (start == 0 or before in _STOPS):
            return start
        start = text.find(name, start + 1)
    return -1
