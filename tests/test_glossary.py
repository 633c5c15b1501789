"""Short forms spelled out for the model: what is listed is replaced, all else stays as it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.glossary import spell_out
from engine.prompts import MOOD_CHARS, mood_question


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("好的[微笑]", "好的（冷冷一笑）"),
        ("[Facepalm]", "（尴尬地笑）"),
        ("NMSL", "你妈的，滚"),
        ("你sb吧", "你傻逼吧"),
        ("呵呵", "（冷笑）"),
        ("唔该晒", "太谢谢了"),
    ],
)
def test_short_forms_are_spelled_out(text: str, expected: str) -> None:
    """Faces, letters and dialect, in any case; the longest form that is there."""
    assert expected == spell_out(text)


@pytest.mark.parametrize(
    "text", ["[文件]", "usb 接口", "sbs", "呵呵呵呵", "[]", "[[微笑", "dbqx", "高兴路", "list[0]"]
)
def test_what_only_looks_like_one_stays(text: str) -> None:
    """Other brackets, letters inside a word, a warm laugh."""
    assert text == spell_out(text)


@given(st.text(st.sampled_from("[]微笑强sbnm 呵🙂唔该晒a1"), max_size=60))
def test_spelling_out_ends_and_keeps_the_rest(text: str) -> None:
    """Never an error; a text without any short form comes back as it is."""
    plain = "".join(c for c in text if c in "a1 ")

    assert plain == spell_out(plain)
    assert isinstance(spell_out(text), str)


def test_a_long_message_is_cut_after_it_is_spelled_out() -> None:
    """Four thousand faces are no longer in the prompt than any other long message."""
    [turn] = mood_question("[微笑]" * 1000)

    assert len(turn["content"]) <= MOOD_CHARS
