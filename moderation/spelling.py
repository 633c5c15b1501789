"""Texts as rules compare them: what people put between letters to slip by is gone."""

from __future__ import annotations


def letters(text: str) -> str:
    """The letters and digits of a cleaned text, in lower case: "加.微 信" is 加微信."""
    return "".join(character for character in text.casefold() if character.isalnum())
