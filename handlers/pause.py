"""/pause and /resume as they are typed: which of them, where, and for how long."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from handlers.duration import seconds


class Verb(StrEnum):
    PAUSE = "pause"
    RESUME = "resume"


class Where(StrEnum):
    """Places that have no name."""

    UNSAID = ""
    HERE = "here"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Wish:
    """A command to be silent, or no longer.

    Attributes:
        where: A place without a name, or the name of a chat.
        seconds: None: until told otherwise.
    """

    verb: Verb
    where: str = Where.UNSAID
    seconds: float | None = None


_VERBS = {
    "pause": Verb.PAUSE,
    "暂停": Verb.PAUSE,
    "resume": Verb.RESUME,
    "继续": Verb.RESUME,
}
_PLACES = {
    **dict.fromkeys(("here", "这里", "这儿", "这个群", "本群"), Where.HERE),
    **dict.fromkeys(("all", "全部", "所有"), Where.ALL),
}
_COMMAND = re.compile(
    rf"[/／]({'|'.join(_VERBS)})(\s+|(?=\d|半|[一二两三四五六七八九十])|$)(.*)", re.I
)
#: Longer than any name, and no command.
_MAX_CHARS = 80


def parse(text: str) -> Wish | None:
    """The wish that a text is: ``/pause``, ``/暂停 30m``, ``/pause NAME 2h``, ``/继续 全部``.

    None for all else: ``/pauses`` and ``/继续加油`` are what people write to each other.
    """
    text = text.strip()
    match = _COMMAND.fullmatch(text) if len(text) <= _MAX_CHARS else None
    if match is None:
        return None
    verb, rest = _VERBS[match[1].casefold()], match[3].strip()
    is_joined = bool(rest) and not match[2]
    if is_joined and (verb is Verb.RESUME or seconds(rest) is None):
        return None
    if verb is Verb.RESUME:
        return Wish(verb, _place(rest))
    words = rest.split()
    for start in range(len(words)):
        if (span_s := seconds(" ".join(words[start:]))) is not None:
            return Wish(verb, _place(" ".join(words[:start])), span_s)
    return Wish(verb, _place(rest))


def _place(name: str) -> str:
    return _PLACES.get(name.casefold(), name)
