"""Spans of time, as they are typed and as they are told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.duration import LONGEST_S, in_words, seconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30m", 1800),
        ("30", 1800),
        ("30 分钟", 1800),
        ("三十分钟", 1800),
        ("十五分", 900),
        ("二十五分钟", 1500),
        ("2h", 7200),
        ("2H", 7200),
        ("两小时", 7200),
        ("两个小时", 7200),
        ("半小时", 1800),
        ("半个小时", 1800),
        ("一个半小时", 5400),
        ("一小时半", 5400),
        ("1.5小时", 5400),
        ("1小时30分", 5400),
        ("1h30m", 5400),
        ("1天", 86_400),
        ("半天", 43_200),
        ("90s", 90),
        ("三个钟头", 10_800),
    ],
)
def test_spans_are_understood(text: str, expected: float) -> None:
    """Digits or Chinese numbers, letters or Chinese units, one after another."""
    assert expected == seconds(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "m",
        "半",
        "一会儿",
        "0",
        "0m",
        "-5m",
        "5x",
        "5m!",
        "一二分",
        "十十分",
        "40天",
        "99999d",
        "²m",
    ],
)
def test_all_else_is_no_span(text: str) -> None:
    """Nothing, no unit, a sign, more than a month: no guess is made."""
    assert seconds(text) is None


@given(st.text(alphabet="0123456789.半一十两个天小时分钟秒mhds ²٣", max_size=30))
def test_no_text_is_too_much(text: str) -> None:
    """Whatever is typed: a span within the limit, or None."""
    found = seconds(text)

    assert found is None or 0 < found <= LONGEST_S


@pytest.mark.parametrize(
    ("span_s", "expected"),
    [(0, "不到 1 分钟"), (59.9, "不到 1 分钟"), (1800, "30 分钟"), (93_784, "1 天 2 小时 3 分钟")],
)
def test_spans_are_told_to_the_minute(span_s: float, expected: str) -> None:
    """Days, hours and minutes, without those that are none."""
    assert expected == in_words(span_s)
