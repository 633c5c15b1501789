"""The one-word answers to an alert, told from what people say to each other."""

from __future__ import annotations

import re
from dataclasses import dataclass

from handlers.alert import Word

_WORDS = {
    word: meaning
    for meaning, words in {
        Word.YES: "好 好的 好啊 好吧 行 行吧 可以 可以的 同意 ok okay yes y 1",
        Word.NO: "不 不要 不用 不用了 不行 不可以 别 no n 0",
        Word.HUSH: "静 静音 别说了 别提了 mute",
    }.items()
    for word in words.split()
}
#: 好, 好 12, 好#12, #12 好; a word of digits takes a number with # only, or 112 would be 1 to 12.
_ANSWER = re.compile(
    r"(?:#(?P<before>[0-9]{1,9})[ ,，:：]*)?"
    r"(?P<word>[a-z]{1,6}|[01]|[一-鿿]{1,4})"
    r"(?:(?:[ ,，:：]*#|(?<![0-9])[ ,，:：]*)(?P<after>[0-9]{1,9}))?"
)
#: What people put behind a word without meaning anything else by it.
_TAIL = " 。.！!~～"
#: Stands at the head of every alert; of a quotation the first counts, which follows the name of
#: the account: what a member wrote comes later, whatever number it claims.
HEAD = "【#{number}】"
_HEAD = re.compile(r"【#([0-9]{1,9})】")


@dataclass(frozen=True, slots=True)
class Consent:
    """An answer.

    Attributes:
        number: Of the alert that it names; None where it names none.
    """

    word: Word
    number: int | None = None


def parse(text: str, quoted: str = "") -> Consent | None:
    """The answer that the whole of ``text`` is, or None.

    Args:
        text: Cleaned.
        quoted: What the message quotes, cleaned. Where that is no alert and no number is named, it
            is that which is answered.
    """
    found = _ANSWER.fullmatch(text.strip().rstrip(_TAIL).casefold())
    word = found and _WORDS.get(found["word"])
    if not found or word is None or (found["before"] and found["after"]):
        return None
    number = found["before"] or found["after"]
    if number is None and quoted:
        head = _HEAD.search(quoted)
        return Consent(word, int(head[1])) if head else None
    return Consent(word, int(number) if number else None)
