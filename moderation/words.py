"""Texts that hold one of the patterns that the settings name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ruleset
from handlers.exchange import Exchange
from handlers.sanitize import clean
from moderation.spelling import letters

#: Most characters that a * stands for.
GAP = 20
#: Shifts that add up to any number from none to ``GAP``.
_SHIFTS = (1, 2, 4, 8, 5)

#: By character, the places of a text where it stands, as the bits of a number.
Places = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern of the settings, ready to be looked for.

    Attributes:
        shown: As the settings have it.
        pieces: What stands between its *s.
        is_plain: Whether it has letters and digits alone, and so is looked for among those.
    """

    shown: str
    pieces: tuple[str, ...]
    is_plain: bool

    @classmethod
    def of(cls, shown: str) -> Pattern:
        pieces = [_unspaced(piece) for piece in shown.split("*")]
        kept = tuple(piece for piece in pieces if piece)
        return cls(shown, kept, is_plain="".join(kept).isalnum())


class Words:
    """Finds the first pattern that a text holds, whatever stands between the letters.

    A pattern that has signs itself ("+v") is looked for with them: without, it would be any text
    with a v in it. Only spaces are then taken out.
    """

    def __init__(self, config: ruleset.Words) -> None:
        self._patterns = tuple(Pattern.of(pattern) for pattern in config.patterns)

    def __call__(self, exchange: Exchange) -> str:
        """What was found, in words; empty where nothing was."""
        if not self._patterns:
            return ""
        text = exchange.cleaned
        plain, signed = places(letters(text)), places(_unspaced(text))
        for pattern in self._patterns:
            if holds(plain if pattern.is_plain else signed, pattern.pieces):
                return f"holds 「{pattern.shown}」"
        return ""


def places(text: str) -> Places:
    """Where each character of a text stands."""
    found: dict[str, int] = {}
    for number, character in enumerate(text):
        found[character] = found.get(character, 0) | 1 << number
    return found


def holds(text: Places, pieces: Sequence[str]) -> bool:
    """Whether a text has the pieces in order, with at most ``GAP`` characters between two.

    All places are tried at once, as the bits of a number (Shift-And, Baeza-Yates and Gonnet 1992),
    so that no text makes it slow; a regular expression with a few .{0,20} takes minutes where a
    text almost has them.
    """
    reached = -1  # bits, one after each place where the pieces so far may end: everywhere
    for piece in pieces:
        for shift in _SHIFTS:
            reached |= reached << shift
        for character in piece:
            reached = (reached & text.get(character, 0)) << 1
        if not reached:
            return False
    return bool(pieces)


def _unspaced(text: str) -> str:
    return "".join(clean(text).casefold().split())
