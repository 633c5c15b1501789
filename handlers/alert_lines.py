"""How an alert reads: its number, what it tells, and what each answer to it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from handlers.alert import AlertKind, Raised, Word
from handlers.consent import HEAD
from handlers.shown import cut

#: Characters of what is told; /why has the rest.
MAX_CHARS = 800
#: Listed of those that are open, and characters shown of each.
_LISTED, _BRIEF = 5, 40

WORDS: Mapping[Word, str] = MappingProxyType({Word.YES: "好", Word.NO: "不", Word.HUSH: "静"})
#: What 好 and 不 do; the responders do it.
_MEANS: Mapping[AlertKind, tuple[str, str]] = MappingProxyType(
    {
        AlertKind.HEAT: ("判断得对", "误会了，撤销这次的分"),
        AlertKind.REMOVE: ("请出群", "留下"),
        AlertKind.APPEAL: ("申诉成立，撤销那次提醒", "维持"),
        AlertKind.RAID: ("知道了，新人从严", "是我请来的，按普通成员算"),
        AlertKind.DISTRESS: ("我来陪TA，你别回了", "你继续回"),
        AlertKind.HAND_OVER: ("我来回，你先别出声", "你继续回"),
        AlertKind.URGENT: ("我来回，你别回", "知道了，照常"),
    }
)


def told(raised: Raised) -> str:
    """The whole of what is sent.

    The number stands first: clients cut a quotation at its end, and what a member wrote, which may
    hold any number, comes after it.
    """
    yes, no = _MEANS[raised.alert.kind]
    means = f"好＝{yes}；不＝{no}；静＝一天内不再说这类事"
    head = HEAD.format(number=raised.number)
    return f"{head}{cut(raised.alert.text, MAX_CHARS)}\n回复（#{raised.number}）：{means}"


def listed(why: str, open_: Sequence[Raised]) -> str:
    """Which there are to answer, the newest first, and how one is named."""
    lines = [f"#{one.number} {_brief(one.alert.text)}" for one in open_[:_LISTED]]
    more = [f"还有 {len(open_) - _LISTED} 件更早的"] if len(open_) > _LISTED else []
    return "\n".join((f"{why}，如「好 {open_[0].number}」：", *lines, *more))


def _brief(text: str) -> str:
    return cut(text.partition("\n")[0], _BRIEF)
