"""Numbers as people write them: 23, 1,200, 3.5万, 二十三, 三百五, 二零二六, 三点五.

Own lines instead of cn2an, which returns binary floats for decimals and installs top-level
packages named ``build``, ``src`` and ``example``.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_UNITS = {"亿": 10**8, "万": 10**4, "千": 1000, "百": 100, "十": 10}
_SCALES = {"百": 100, "千": 1000, "万": 10**4, "亿": 10**8, "k": 1000, "w": 10**4}

#: A numeral written in characters, as a part of other patterns; bounded.
HAN = r"[零〇一二两三四五六七八九十百千万亿]{1,16}"
#: A whole number either way, small enough for days, months and people.
COUNT = rf"(?:\d{{1,5}}|{HAN})"
#: Any number either way.
NUMBER = (
    r"(?:(?:\d{1,3}(?:,\d{3}){1,4}(?!\d)|\d{1,15})(?:\.\d{1,9})?(?:[百千万亿]|[kw](?![a-z]))?"
    rf"|{HAN}(?:点[零〇一二两三四五六七八九]{{1,9}})?)"
)
_EXACT = Context(prec=60)


def whole(numeral: str) -> int | None:
    """The value of a whole number, None where it is none ("十百")."""
    if numeral.isascii():
        return int(numeral) if numeral.isdigit() else None
    if len(numeral) > 1 and all(c in _DIGITS for c in numeral):
        return int("".join(str(_DIGITS[c]) for c in numeral))
    return _spoken(numeral)


def number(numeral: str) -> Fraction | None:
    """The exact value of a text that ``NUMBER`` matches."""
    if numeral[0].isdigit() and numeral.isascii() and numeral[-1].isdigit():
        return Fraction(numeral.replace(",", ""))
    if numeral[0].isascii():
        return Fraction(numeral[:-1].replace(",", "")) * _SCALES[numeral[-1]]
    head, _, tail = numeral.partition("点")
    value = whole(head)
    if value is None:
        return None
    places = "".join(str(_DIGITS[c]) for c in tail)
    return value + (Fraction(int(places), 10 ** len(places)) if places else Fraction(0))


def _spoken(numeral: str) -> int | None:
    for sign, unit in _UNITS.items():
        head, found, tail = numeral.partition(sign)
        if not found:
            continue
        high = _spoken(head) if head else (1 if sign == "十" else None)
        if len(tail) == 1 and unit > 10 and _DIGITS.get(tail):
            low: int | None = _DIGITS[tail] * unit // 10  # 三百五 is 350
        else:
            low = _spoken(tail.removeprefix("零")) if tail else 0
        if high is None or low is None or low >= unit or (unit < 10**4 and high > 9):
            return None
        return high * unit + low
    return _DIGITS.get(numeral)


def spoken(value: Fraction) -> tuple[str, bool]:
    """The value in digits, and whether that is all of it: 0.1, and 3.33 of ten thirds."""
    exact = _EXACT.divide(Decimal(value.numerator), Decimal(value.denominator))
    places = 2 if abs(value) >= Fraction(1, 10) or not value else 3 - exact.adjusted()
    rounded = exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, _EXACT)
    is_short = Fraction(exact) == value and -6 <= int(exact.normalize(_EXACT).as_tuple().exponent)
    text = format(exact if is_short else rounded, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text, is_short
