"""Lists and headings, which nobody types into a chat and every small model falls into.

Numbers in a row ("1、2、3"), decimals, scores, dates and the lines of a poem are none.
"""

from __future__ import annotations

import re

_ITEM = re.compile(
    r"^[ \t>]*(?:[-*+·]\s+|[•●○◆▪►➢✓✔✅👉]|\d{1,2}[.、)）:：．](?!\d)|[（(]\d{1,2}[)）]"
    r"|[①-⑳㈠-㈩⑴-⒇]|[一二三四五六七八九十]{1,2}[、.．]|第[一二三四五六七八九十\d][，、,：:点条步])"
    r"\s*\S",
    re.MULTILINE,
)
_ANNOUNCED_ITEM = re.compile(r"[:：]\s*\n+[ \t]*[-*+•·●\d]")
_HEADING = re.compile(
    r"^[ \t]*#{1,6}[ \t]+\S|^【[^】\n]{1,12}】[ \t]*$"
    r"|^[ \t]*(?:\*\*|__)[^*_\n]{1,20}(?:\*\*|__)[ \t]*[:：]?[ \t]*$",
    re.MULTILINE,
)
_NAMED_LINE = re.compile(r"^[^\n：:]{1,12}[：:][ \t]*\S[^\n]*$", re.MULTILINE)
_STARTS = r"(?:^|[\s。！？!?；;：:，,])"
#: What stands at the first item and at the second of a list within one line.
_PAIRS = (
    (rf"{_STARTS}[（(]?1\s?[.、)）．](?!\d)", r"(?<![\d.第])2\s?[.、)）．](?!\d)\s*\S"),
    ("①", "②"),
    ("⑴", "⑵"),
    ("首先", "其次|再次|最后|第二"),
    ("其次", "再次|最后"),
    ("第一(?:[，,、：:]|[点步])", "第二(?:[，,、：:]|[点步])"),
    (rf"{_STARTS}一是", rf"{_STARTS}二是"),
    ("其一", "其二"),
    (r"\bfirstly\b", r"\bsecondly\b"),
    (r"\bfirst,", r"\bsecond,"),
)
_INLINE = tuple(
    (re.compile(first, re.IGNORECASE), re.compile(second, re.IGNORECASE))
    for first, second in _PAIRS
)
_ANNOUNCED = re.compile(
    r"如下(?=[:：。,，\s]|$)|以下(?:是|几|为|内容|建议|方法|步骤|方面|这些)"
    r"|下面[是有](?:一些|几|我|关于)|[有给]你?几点建议"
    r"|这里有(?:一些|几[个点条种])[^,，。\n]{0,12}(?:建议|方法|技巧|提示|贴士|方式)"
    r"|几[种个点条][^,，。\n]{0,6}(?:建议|方法|步骤)[:：]"
    r"|\bhere (?:are|is) (?:\w+ ){1,3}(?:tips|ways|suggestions|ideas|things|steps|options)\b"
    r"|\bthe following\b",
    re.IGNORECASE,
)
_ASKED_FOR = re.compile(r"列(?:[一个出举下表]|清单)|清单|分点|\blist\b", re.IGNORECASE)


def listing(written: str, message: str) -> str | None:
    """A heading, a list or the announcement of one in what the model wrote; None without.

    Args:
        written: The reply with its line ends and marks, not cleaned: cleaning folds ① into 1.
        message: Somebody who asks for a list may have one, without headings.
    """
    if match := _HEADING.search(written):
        return f"heading {match[0].strip()!r}"
    if _ASKED_FOR.search(message):
        return None
    if len(items := _ITEM.findall(written)) > 1:
        return f"{len(items)} lines of a list"
    if len(_NAMED_LINE.findall(written)) > 1:
        return "lines with headings"
    for first, second in _INLINE:
        if (start := first.search(written)) and (end := second.search(written, start.end())):
            return f"{start[0].strip()} … {end[0].strip()}"
    match = _ANNOUNCED.search(written) or _ANNOUNCED_ITEM.search(written)
    return f"announces a list: {match[0].strip()!r}" if match else None
