"""The messages that both ways answer."""

from __future__ import annotations

import json
from pathlib import Path

from engine.errors import InputRefused
from handlers.sanitize import MAX_CHARS

TAKES = 'one message a line, or one {"text": "在吗"} a line'


class MessagesRefused(InputRefused):
    """A file of messages cannot be used; says which line of it, and what is allowed."""


def read_messages(path: Path) -> list[str]:
    """The messages of a UTF-8 file, in order, each once; empty lines are passed over.

    A file whose name ends in ``.jsonl``, or whose first line begins with ``{``, holds JSON objects
    with ``text`` (others of their fields are ignored); any other holds plain text.

    Raises:
        MessagesRefused: It cannot be read, holds nothing, or has a line that is no message.
    """
    lines = _lines(path)
    if not lines:
        raise MessagesRefused(f"{path} is empty; it takes {TAKES}")
    is_json = path.suffix == ".jsonl" or lines[0][1].startswith("{")
    texts = [_text(line, f"{path} line {n}", is_json=is_json) for n, line in lines]
    return list(dict.fromkeys(texts))


def _lines(path: Path) -> list[tuple[int, str]]:
    """Lines with their numbers; split at LF alone, as a message may hold other separators."""
    try:
        rows = path.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n")
    except OSError as error:
        raise MessagesRefused(f"{path}: {error.strerror}; it takes {TAKES}") from None
    found = []
    for number, row in enumerate(rows, 1):
        try:
            line = row.decode("utf-8").strip()
        except UnicodeDecodeError as error:
            raise MessagesRefused(f"{path} line {number} is not UTF-8: {error.reason}") from None
        if line:
            found.append((number, line))
    return found


def _text(line: str, where: str, *, is_json: bool) -> str:
    text = _field(line, where) if is_json else line
    if not 0 < len(text.strip()) <= MAX_CHARS:
        raise MessagesRefused(
            f"{where}: a message of {len(text.strip())} characters; it takes 1 to {MAX_CHARS}"
        )
    return text.strip()


def _field(line: str, where: str) -> str:
    try:
        fields = json.loads(line)
    except ValueError:
        raise MessagesRefused(f'{where} is no JSON; a line is {{"text": "在吗"}}') from None
    text = fields.get("text") if isinstance(fields, dict) else None
    if not isinstance(text, str):
        raise MessagesRefused(f'{where} has no text; a line is {{"text": "在吗"}}')
    return text
