"""Where a text may end, and whether it does: at a sentence, a clause, or between two graphemes."""

from __future__ import annotations

import regex

_CLOSER = r"""(?:[”’」』）)】》〉\]]|["'](?!\w))"""
# "3～5 天" and "~100" are ranges, "1." at a line's start and "Mr." are no ends, "3.14" is a number.
_MARK = (
    r"(?:[。！？!?…]|[～~](?!\d)|\.{2,}"
    rf"|(?<!(?:^|\n)\s*\d+|\b(?:Mr|Mrs|Ms|Dr|vs|e\.g|i\.e))\.(?=\s|$|\p{{Han}}|{_CLOSER}))"
)
# Emoji, flags, and WeChat's own [微笑]; © and ™ are pictographs that stand inside names.
_FACE = (
    r"(?:(?![©®™])[\p{Extended_Pictographic}\p{Regional_Indicator}]"
    r"[\ufe0f\u200d\p{Emoji_Modifier}\p{Extended_Pictographic}]*|\[[\p{Han}A-Za-z]{1,8}\])"
)
_SENTENCE = regex.compile(rf"(?:{_MARK}|{_FACE})(?:{_MARK}|{_CLOSER}| ?{_FACE})*|(?=\n)")
_ENDED = regex.compile(rf"(?:{_MARK}|{_FACE}|[～~])(?:{_MARK}|{_CLOSER}|{_FACE}|\s)*\Z")
_CLAUSE = regex.compile(r"[，、；;：]+|[,:](?=\s)|——+")
_SPACE = regex.compile(r"(?=\s)")
_GRAPHEME = regex.compile(r"\X")
_WORD = regex.compile(r"[\p{L}\p{N}]")
_DANGLING = " \t\r\n\u3000，、；;：,:—-"

# "好的" and "暖和" are whole; a line that ends in 因为 waits for its reason.
_DANGLES = regex.compile(
    r"(?:但是?|可是|不过|因为|所以|而且|并且|或者|以及|如果|虽然|尽管|即使|由于|为了|关于|对于|比如|例如|譬如"
    r"|(?<![暖缓温随总平谦柔饱])和|(?<!普|遍|波|企)及|(?<!参|给|赠|授)与|(?<=[我你他她它们])(?:把|被|对|跟|让|给)"
    r"|(?<![a-z])(?:and|but|or|because|the|an|your|if|with your|such as))"
    r"[\s，、；：,;:—-]*\Z",
    regex.IGNORECASE,
)
_OPEN = {"“": "”", "‘": "’", "「": "」", "『": "』", "《": "》"}
# After a bracket people also leave a joke: "我没事（逃". A face such as :( holds no word.
_OPEN_BRACKET = regex.compile(r"[（(【\[][^（(【\[）)】\]]{6,}\Z")

# What a mark may still need to see behind the limit, such as the quote that closes after it.
_LOOKAHEAD = 32


def end_at_sentence(text: str, max_chars: int) -> str:
    """``text`` up to its last complete sentence within ``max_chars`` code points; adds nothing.

    For text that is too long or that the token limit cut off: what follows the last end is taken
    for a fragment. Do not ask for text that its writer finished and that fits: chat is full of
    lines that nobody ends with a mark ("太好了！明天见"). For the same reason a text that fits
    and has no sentence end at all stays whole.

    Where a text too long has no sentence end, it is cut before its last clause mark; without
    one, at a space; else between graphemes, so that no emoji is left in halves. Empty where not
    even one grapheme fits.
    """
    text = text.strip()
    window = text[: max_chars + _LOOKAHEAD]
    boundaries = _boundaries(window, max_chars)
    if end := _last_end(_SENTENCE, window, boundaries):
        return window[:end].rstrip()
    if len(text) <= max_chars:
        return text
    return window[: _cut(window, max_chars)].rstrip(_DANGLING)


def cut_off(text: str, *, is_finished: bool = True) -> str | None:
    """Why a text looks cut: what it ends in, or leaves open; None where it is whole.

    Most lines of chat end without a mark, so that a missing one counts only where the token limit
    ended the text (``is_finished`` false).
    """
    text = text.rstrip()
    if not is_finished and text and not _ENDED.search(text):
        return f"ends in {text[-4:]!r} at the token limit"
    if match := _DANGLES.search(text):
        return f"ends in {match[0]!r}"
    for opener, closer in _OPEN.items():
        if text.rfind(opener) > text.rfind(closer):
            return f"leaves {opener} open"
    if text.count('"') % 2 and not regex.search(r'\d"', text):
        return 'leaves " open'
    return "leaves a bracket open" if _OPEN_BRACKET.search(text) else None


def split(text: str, max_chars: int) -> tuple[str, ...]:
    """``text`` in pieces of at most ``max_chars`` code points, cut at sentence ends.

    Nothing is lost but white space where it was cut. A longer sentence is cut after a clause,
    else at a space, else between graphemes; a single grapheme longer than the limit stands
    alone and whole.
    """
    text = text.strip()
    pieces: list[str] = []
    start = 0
    while start < len(text):
        if text[start].isspace():
            start += 1
            continue
        end = start + _cut(text[start : start + max_chars + _LOOKAHEAD], max_chars)
        if end == start:
            whole = _GRAPHEME.match(text, start)
            end = whole.end() if whole else len(text)
        pieces.append(text[start:end].rstrip())
        start = end
    return tuple(pieces)


def _cut(window: str, max_chars: int) -> int:
    """Best place to cut, at most ``max_chars``; 0 where the first grapheme is longer."""
    if len(window) <= max_chars:
        return len(window)
    boundaries = _boundaries(window, max_chars)
    for pattern in (_SENTENCE, _CLAUSE, _SPACE):
        if end := _last_end(pattern, window, boundaries):
            return end
    return max(boundaries, default=0)


def _boundaries(window: str, max_chars: int) -> set[int]:
    ends = (match.end() for match in _GRAPHEME.finditer(window))
    return {end for end in ends if end <= max_chars}


def _last_end(pattern: regex.Pattern[str], window: str, boundaries: set[int]) -> int:
    """Last place where ``pattern`` ends, 0 if none: an opening emoji or "……" ends nothing yet."""
    first_word = _WORD.search(window)
    begun = first_word.end() if first_word else len(window)
    ends = (match.end() for match in pattern.finditer(window))
    return max((end for end in ends if end in boundaries and end >= begun), default=0)
