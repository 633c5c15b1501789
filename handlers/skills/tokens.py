"""The pieces of a sum: numbers, shares, discounts, operators, in digits, characters and English."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from handlers.skills.numerals import HAN, NUMBER, number, whole

_SMALL = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
    *("nineteen", "twenty"),
)
_TENS = ("thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety", "hundred")
_WORDS = {word: value for value, word in enumerate(_SMALL)}
_WORDS |= {word: 10 * tens for tens, word in enumerate(_TENS, start=3)}
_TOKEN = re.compile(
    rf"\s*(?:(?P<rate>(?:之后|以后|再|的)?打?(?P<off>对|[1-9](?:\.\d|[1-9])?|[一二三四五六七八九](?:点?[一二三四五六七八九])?)折)"
    rf"|(?P<percent>百分之(?P<whole>{NUMBER})|(?P<sign>{NUMBER})%)|(?P<share>(?P<below>{HAN})分之(?P<above>{HAN})"
    rf"|(?P<tenths>[一二三四五六七八九])成|(?P<half>一半|half)|(?:a\s|one\s)?(?P<part>third|quarter))"
    r"|(?P<squared>的平方|平方|squared)|(?P<cubed>的立方|立方|cubed)|(?P<nth>的(?=.{1,4}次方))|(?P<th>次方)"
    r"|(?P<power>\*\*|\^|to\sthe\spower\sof)|(?P<add>\+|再?加上?|plus)|(?P<sub>-|负|再?减去?|minus)"
    r"|(?P<mul>\*|x|再?乘[以上]?|times|multiplied\sby)|(?P<div>/|再?除以?|divided\sby)"
    rf"|(?P<of>的|of)|(?P<open>\()|(?P<close>\))|(?P<word>{'|'.join(_WORDS)})\b|(?P<number>{NUMBER}))\s*"
)


class NotPlainError(Exception):
    """A text is no sum, or one too large to work out."""


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    value: Fraction


def tokens(text: str) -> Iterator[Token]:
    """Raises: NotPlainError: Something else stands in it."""
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise NotPlainError("holds other words")
        at = match.end()
        found = {key: value for key, value in match.groupdict().items() if value}
        kind = next((key for key in found if key in _KINDS), None)
        if kind is not None:
            yield Token("number" if kind == "word" else kind, _value(kind, found))


def _value(kind: str, found: dict[str, str]) -> Fraction:
    if kind == "word":
        return Fraction(_WORDS[found["word"]])
    if kind == "rate":
        return _rate(found["off"])
    if kind == "share":
        return _share(found)
    written = found.get("number") or found.get("whole") or found.get("sign")
    value = number(written) if written else Fraction(0)
    if value is None:
        raise NotPlainError("a numeral out of order")
    return value / 100 if kind == "percent" else value


def _rate(off: str) -> Fraction:
    """八, 八五, 8.5 and 85 are 折: tenths, the second figure hundredths."""
    if off == "对":
        return Fraction(1, 2)
    figures = "".join(
        c if c.isdigit() and c.isascii() else str(whole(c)) for c in re.sub("[.点]", "", off)
    )
    return Fraction(int(figures), 10 ** len(figures))


def _share(found: dict[str, str]) -> Fraction:
    if "half" in found:
        return Fraction(1, 2)
    if "part" in found:
        return Fraction(1, 3 if found["part"] == "third" else 4)
    if "tenths" in found:
        return Fraction(whole(found["tenths"]) or 0, 10)
    above, below = whole(found["above"]), whole(found["below"])
    if above is None or below is None:
        raise NotPlainError("a fraction out of order")
    return Fraction(above, below)


_KINDS = (
    *(
        "rate",
        "percent",
        "share",
        "squared",
        "cubed",
        "nth",
        "th",
        "power",
        "add",
        "sub",
        "mul",
        "div",
        "of",
    ),
    *("open", "close", "word", "number"),
)
