"""The messages that one reply leaves as."""

from __future__ import annotations

from handlers.exchange import Source
from handlers.sentences import split

#: Characters of one message that was not phrased as chat: a list in pieces cannot be read. WeChat
#: takes some 2,000 Chinese characters in one.
LONGEST = 1_000


def parts(text: str, source: Source | None, split_chars: int) -> tuple[str, ...]:
    """``text`` as the messages it is sent in.

    Args:
        source: Answers to commands and notices are sent whole, as long as they fit; None: unknown.
        split_chars: Where all others are cut, at sentences.
    """
    whole = source in (Source.COMMAND, Source.NOTICE)
    return split(text, max(split_chars, LONGEST) if whole else split_chars)
