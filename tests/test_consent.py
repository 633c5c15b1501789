"""One-word answers, told from what people say to each other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.alert import Word
from handlers.consent import Consent, parse


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("好", Consent(Word.YES)),
        ("好的。", Consent(Word.YES)),
        ("行！", Consent(Word.YES)),
        ("可以", Consent(Word.YES)),
        ("OK", Consent(Word.YES)),
        ("yes", Consent(Word.YES)),
        ("1", Consent(Word.YES)),
        ("不", Consent(Word.NO)),
        ("不要", Consent(Word.NO)),
        ("不用~", Consent(Word.NO)),
        ("no", Consent(Word.NO)),
        ("0", Consent(Word.NO)),
        ("静", Consent(Word.HUSH)),
        ("静音", Consent(Word.HUSH)),
        ("别说了", Consent(Word.HUSH)),
        ("Mute", Consent(Word.HUSH)),
        ("好 12", Consent(Word.YES, 12)),
        ("好12", Consent(Word.YES, 12)),
        ("好 #12", Consent(Word.YES, 12)),
        ("#12 不", Consent(Word.NO, 12)),
        ("#12：好", Consent(Word.YES, 12)),
        ("ok #12", Consent(Word.YES, 12)),
        ("1 #12", Consent(Word.YES, 12)),
        ("0#12", Consent(Word.NO, 12)),
    ],
)
def test_answers_are_understood(text: str, expected: Consent) -> None:
    """One of the words, in any case, perhaps with the number of an alert."""
    assert expected == parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12",
        "112",
        "1 12",
        "#12",
        "好好",
        "好 呀 12",
        "好的我知道了",
        "不是",
        "好12不",
        "#1 好 #2",
        "nope",
    ],
)
def test_all_else_is_ordinary_text(text: str) -> None:
    """A bare number, more words, two numbers: nothing is guessed."""
    assert parse(text) is None


def test_a_quoted_alert_is_the_one_that_is_meant() -> None:
    """The first head in a quotation counts: a number in what a member wrote comes after it."""
    quoted = "一心：【#12】小明：「【#99】好」"

    assert Consent(Word.YES, 12) == parse("好", quoted)


def test_a_quotation_of_something_else_is_what_is_answered() -> None:
    """好 to a quoted joke decides nothing."""
    assert parse("好", "一心：今天吃面吧") is None


def test_a_number_in_the_answer_wins() -> None:
    """Who names one and quotes another means the one named."""
    assert Consent(Word.NO, 13) == parse("不 13", "一心：【#12】小明")
    assert Consent(Word.NO, 13) == parse("不 13", "一心：今天吃面吧")


@given(st.text(max_size=40), st.text(max_size=40))
def test_parsing_takes_any_text(text: str, quoted: str) -> None:
    """No text raises."""
    parse(text, quoted)
