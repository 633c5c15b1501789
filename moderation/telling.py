"""What admins are told of somebody: the messages, how they were read, and the points."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from handlers.conduct import Shown, Step
from handlers.sanitize import clean, shown_name
from handlers.shown import MOODS, cut

#: Messages that are told, the last ones, and how much of each.
MAX_MESSAGES, MAX_TEXT = 5, 60

#: What a rule looks for, in a word or two.
RULES: Mapping[str, str] = MappingProxyType(
    {
        "heat": "火气",
        "flood": "刷屏",
        "repeats": "重复",
        "mentions": "一次 @ 很多人",
        "links": "链接",
        "words": "词表",
    }
)
MODES: Mapping[str, str] = MappingProxyType(
    {"off": "关", "shadow": "旁观", "warn": "提醒", "enforce": "执行"}
)


def heat(step: Step, shown: Sequence[Shown], names: Mapping[str, str]) -> str:
    """Told of somebody who goes on, or of two who do."""
    who, other = _who(step), names.get(step.other_id)
    so_far = f"和 {shown_name(other)} 劝过了还在吵，{who} " if other else "提醒过了还在继续，"
    head = f"{_place(step)}里 {who} {so_far}现在 {step.points:.1f} 分："
    return "\n".join((head, *evidence(shown, names)))


def removal(step: Step, shown: Sequence[Shown], names: Mapping[str, str]) -> str:
    head = f"{_place(step)}里 {_who(step)} 到了 {step.points:.1f} 分，要请出群吗？"
    return "\n".join((head, *evidence(shown, names)))


def removed(result: str, step: Step, shown: Sequence[Shown], names: Mapping[str, str]) -> str:
    """Told after a removal that nobody was asked about.

    Args:
        result: What came of it, in words.
    """
    head = f"{_place(step)}里 {_who(step)} 到了 {step.points:.1f} 分，按设置不用问就移出：{result}"
    return "\n".join((head, *evidence(shown, names)))


def appeal(
    step: Step, name: str, words: str, shown: Sequence[Shown], names: Mapping[str, str]
) -> str:
    """Told of a member who asks for a second look.

    Args:
        name: Of that member; ``words`` are theirs too.
    """
    head = (
        f"{_place(step)}里 {shown_name(name)} 对刚才的提醒有话说：「{_short(words)}」。当时的记录："
    )
    return "\n".join((head, *evidence(shown, names)))


def evidence(shown: Sequence[Shown], names: Mapping[str, str]) -> list[str]:
    """The last few messages, a line each, the oldest first.

    Args:
        names: What people are called in that room, by id.
    """
    left_out = len(shown) - MAX_MESSAGES
    lines = [f"（更早还有 {left_out} 条）"] if left_out > 0 else []
    return lines + [_line(one, names) for one in shown[-MAX_MESSAGES:]]


def _line(one: Shown, names: Mapping[str, str]) -> str:
    figures = (
        [RULES.get(one.rule, one.rule)]
        if one.mood is None
        else [f"{MOODS[one.mood]} {one.confidence or 0:.2f}"]
    )
    if one.offence is not None:
        figures.append(f"冒犯 {one.offence:.2f}")
    figures.append(f"+{one.points:.1f} 分")
    at = time.strftime("%H:%M", time.localtime(one.at))
    target = f"对 {shown_name(names[one.target_id])} " if names.get(one.target_id) else ""
    words = f"「{_short(one.text)}」" if one.text else "（原文已删除）"
    return f"{at} {target}{words} {'，'.join(figures)}"


def _short(text: str) -> str:
    return cut(clean(text).replace("\n", " "), MAX_TEXT)


def _place(step: Step) -> str:
    name = shown_name(step.room_name)
    return f"群「{name}」" if name else "一个群"


def _who(step: Step) -> str:
    return shown_name(step.person_name) or "一位成员"
