"""Plain arithmetic as people write it, worked out exactly and within bounds; nothing is evaluated.

sum    = term  { (+ | -) term }
term   = factor { (× | ÷ | 的) factor }      的 and "of" need a share beside them
factor = - factor | power
power  = atom { 的平方 | 的立方 | 打八折 } [ ^ factor | 的 factor 次方 ]
atom   = number | share | ( sum )
"""

from __future__ import annotations

from fractions import Fraction

from handlers.skills.tokens import NotPlainError, Token, tokens

#: 9**9**9 would run for years: a power's result, and everything else, stays under this size.
_MAX_BITS = 512
_MAX_EXPONENT = 64

_POSTFIX = frozenset({"rate", "squared", "cubed"})
_IDLE = frozenset({"number", "percent", "share", "open", "close"})


def work_out(text: str) -> Fraction:
    """The exact value of a sum.

    Raises:
        NotPlainError: It is no sum (a number alone is none either), or out of bounds.
        ZeroDivisionError: It divides by zero.
    """
    pieces = tuple(tokens(text))
    if all(piece.kind in _IDLE for piece in pieces):
        raise NotPlainError("nothing is done with its numbers")
    parser = _Parser(pieces)
    value = parser.sum()
    if parser.next is not None:
        raise NotPlainError(f"{parser.next.kind} left over")
    return value


class _Parser:
    """Recursive descent; as deep as there are brackets, and a message has at most 80 of those."""

    def __init__(self, tokens: tuple[Token, ...]) -> None:
        self._tokens, self._at = tokens, 0

    @property
    def next(self) -> Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _take(self, *kinds: str) -> Token | None:
        token = self.next
        if token is None or token.kind not in kinds:
            return None
        self._at += 1
        return token

    def sum(self) -> Fraction:
        first = self.next
        value = self._term()
        while token := self._take("add", "sub"):
            # 100+10% is 110 to a shopkeeper and 100.1 to a schoolbook.
            if (first and first.kind == "percent") or (self.next and self.next.kind == "percent"):
                raise NotPlainError("a percentage added to a number")
            other = self._term()
            value = _bounded(value + other if token.kind == "add" else value - other)
        return value

    def _term(self) -> Fraction:
        before, value = self.next, self._factor()
        while token := self._take("mul", "div", "of"):
            after, other = self.next, self._factor()
            shares = [
                side for side in (before, after) if side and side.kind in {"share", "percent"}
            ]
            if token.kind == "of" and not shares:
                raise NotPlainError("a number of a number")
            value = _bounded(value / other if token.kind == "div" else value * other)
        return value

    def _factor(self) -> Fraction:
        return -self._factor() if self._take("sub") else self._power()

    def _power(self) -> Fraction:
        value = self._atom()
        while token := self._take(*_POSTFIX):
            value = value * token.value if token.kind == "rate" else _raised(value, token.kind)
        if token := self._take("power", "nth"):
            exponent = self._factor()
            if token.kind == "nth" and not self._take("th"):
                raise NotPlainError("次方 is missing")
            if exponent.denominator != 1 or abs(exponent) > _MAX_EXPONENT:
                raise NotPlainError("an exponent out of bounds")
            bits = max(value.numerator.bit_length(), value.denominator.bit_length())
            if bits * abs(exponent) > _MAX_BITS:
                raise NotPlainError("a power out of bounds")
            value = value ** int(exponent)
        return value

    def _atom(self) -> Fraction:
        if self._take("open"):
            value = self.sum()
            if not self._take("close"):
                raise NotPlainError("an open bracket")
            return value
        token = self._take("number", "percent", "share")
        if token is None:
            raise NotPlainError("a number is missing")
        return token.value


def _raised(value: Fraction, kind: str) -> Fraction:
    return _bounded(value * value if kind == "squared" else value * value * value)


def _bounded(value: Fraction) -> Fraction:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > _MAX_BITS:
        raise NotPlainError("a number out of bounds")
    return value
