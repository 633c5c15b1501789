"""Spans of time as people type and read them: 30m, 2h, 1天, 半小时."""

from __future__ import annotations

import re

#: A month; whoever wants longer takes the thing back by hand.
LONGEST_S = 31 * 86_400.0

_UNITS = {
    "s": 1.0,
    "秒": 1.0,
    "m": 60.0,
    "min": 60.0,
    "分": 60.0,
    "分钟": 60.0,
    "h": 3600.0,
    "小时": 3600.0,
    "钟头": 3600.0,
    "d": 86_400.0,
    "天": 86_400.0,
    "日": 86_400.0,
}
_DIGITS = {character: number for number, character in enumerate("零一二三四五六七八九")} | {"两": 2}
_UNIT = "|".join(sorted(_UNITS, key=len, reverse=True))
_NUMBER = r"[0-9]{1,5}(?:\.[0-9]{1,2})?|[零一二两三四五六七八九十]{1,3}|半"
#: 30m, 1.5 小时, 半小时, 两个半小时, 一小时半; one after another.
_PIECE = re.compile(rf"({_NUMBER})个?(半)?({_UNIT})(半)?")
_MAX_CHARS = 20


def seconds(text: str) -> float | None:
    """Seconds of a span such as ``30m``, ``2h``, ``1天``, ``半小时``, ``1小时30分``.

    A bare number is of minutes. None where it is no span, is nothing, or is over a month.
    """
    spelled = "".join(text.split()).casefold()
    if not spelled or len(spelled) > _MAX_CHARS:
        return None
    if spelled.isascii() and spelled.isdecimal():
        spelled += "m"
    total, end = 0.0, 0
    while piece := _PIECE.match(spelled, end):
        number, half_before, unit, half_after = piece.groups()
        count = _number(number)
        if count is None:
            return None
        total += (count + 0.5 * bool(half_before or half_after)) * _UNITS[unit]
        end = piece.end()
    return total if end == len(spelled) and 0 < total <= LONGEST_S else None


def in_words(span_s: float) -> str:
    """``1 天 2 小时 3 分钟``, to the minute."""
    minutes = int(span_s) // 60
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = ((days, "天"), (hours, "小时"), (minutes, "分钟"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "不到 1 分钟"


def _number(text: str) -> float | None:
    """Of digits, or of a Chinese number below 100; None where it is neither (一二)."""
    if text == "半":
        return 0.5
    if text.isascii():
        return float(text)
    tens, ten, ones = text.rpartition("十")
    if not {tens, ones} <= {*_DIGITS, ""}:
        return None
    return 10.0 * bool(ten) * _DIGITS.get(tens, 1) + _DIGITS.get(ones, 0)
