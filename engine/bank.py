"""Messages and how a person answered them: what near examples are taken from."""

from __future__ import annotations

import json
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.mood import Mood

MAX_CHARS = 500
PAIR = '{"text": "我考过了！", "mood": "happy", "reply": "太好了，今晚庆祝一下？"}'
FORMS = ("statement", "question")
#: Of open lines: who wrote the message, where that is told.
OWNER = "owner"
OPEN = '{"mood": "happy", "form": "statement", "reply": "隔着屏幕都觉出你高兴了。"}'
OCCASION = '{"occasion": "passed.exam", "reply": "恭喜你，这一关算是过了。"}'


class BankError(Exception):
    """A file of pairs cannot be used; the message names the file, the line and what is allowed."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A message, the mood it was written in, and a good answer to it.

    Attributes:
        chat: Id of the one chat it may serve; empty: all.
        occasion: What the message was written on, see ``read_occasions``; empty: not told.
    """

    text: str
    mood: Mood
    reply: str
    chat: str = ""
    occasion: str = ""


@dataclass(frozen=True, slots=True)
class Near:
    """A pair, and how near its message is.

    Attributes:
        similarity: 0 for unrelated messages, 1.6 for the same.
        share: Of the message's characters, by weight, those that the pair's message has too.
    """

    pair: Pair
    similarity: float
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Guess:
    """An occasion that a message may have been written on.

    Attributes:
        score: Share of the near pairs' votes, 0 to 1.
        kin: The same of all occasions of its family.
    """

    occasion: str
    score: float
    kin: float = 0.0


def family(occasion: str) -> str:
    """What an occasion is one kind of: ``ill`` of ``ill.fever``."""
    return occasion.partition(".")[0]


@dataclass(frozen=True, slots=True)
class OpenLine:
    """An answer that fits any message of a mood, whatever it is about.

    Attributes:
        is_for_questions: Whether the message asks something.
        is_for_owner: Whether the owner wrote it: to all others the bot may say that it keeps the
            message for them.
    """

    reply: str
    mood: Mood
    is_for_questions: bool
    is_for_owner: bool = False


def read_bank(folder: Path, occasions: Container[str] = ()) -> tuple[Pair, ...]:
    """The pairs of every ``.jsonl`` file of a folder, one a line; a message's first answer counts.

    Args:
        occasions: Those that a pair may name.

    Raises:
        BankError: The folder or a file cannot be read, or a line is no pair.
    """
    pairs: dict[str, Pair] = {}
    for path in _files(folder, PAIR):
        for where, fields in _lines(path, PAIR, also=("occasion",)):
            text, reply = (_words(fields[name], name, where) for name in ("text", "reply"))
            occasion = str(fields.get("occasion", ""))
            if occasion and occasion not in occasions:
                raise BankError(f"{where}: no line for occasion {occasion!r} in the persona's file")
            mood = _mood(fields["mood"], where)
            pairs.setdefault(text, Pair(text, mood, reply, occasion=occasion))
    return tuple(pairs.values())


def read_occasions(folder: Path) -> dict[str, tuple[str, ...]]:
    """Lines that fit any message written on an occasion, of every ``.jsonl`` file of a folder.

    Raises:
        BankError: The folder or a file cannot be read, or a line is none.
    """
    found: dict[str, list[str]] = {}
    for path in _files(folder, OCCASION):
        for where, fields in _lines(path, OCCASION):
            occasion, reply = (_words(fields[name], name, where) for name in ("occasion", "reply"))
            found.setdefault(occasion, []).append(reply)
    return {occasion: tuple(lines) for occasion, lines in found.items()}


def read_open(path: Path) -> tuple[OpenLine, ...]:
    """The open lines of a ``.jsonl`` file.

    Raises:
        BankError: The file cannot be read, or a line is no open line.
    """
    found = []
    for where, fields in _lines(path, OPEN, also=("to",)):
        form, to = fields["form"], fields.get("to", OWNER)
        if form not in FORMS:
            raise BankError(f"{where}: form is {form!r}; allowed are {', '.join(FORMS)}")
        if to != OWNER:
            raise BankError(f"{where}: to is {to!r}; {OWNER!r} is allowed, or leave it out")
        reply, mood = _words(fields["reply"], "reply", where), _mood(fields["mood"], where)
        found.append(OpenLine(reply, mood, form == FORMS[1], is_for_owner="to" in fields))
    return tuple(found)


def _files(folder: Path, example: str) -> list[Path]:
    files = sorted(folder.glob("*.jsonl"))
    if not files:
        raise BankError(f"{folder} holds no .jsonl file; a line of one is {example}")
    return files


def _lines(
    path: Path, example: str, also: Sequence[str] = ()
) -> Iterator[tuple[str, dict[str, object]]]:
    """File and number of each line, and its fields: just those of the example, and ``also``."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BankError(f"{path} cannot be read: {error}") from error
    names = list(json.loads(example))
    for number, line in enumerate(lines, 1):
        where = f"{path} line {number}"
        if not line.strip():
            continue
        try:
            fields = json.loads(line)
        except ValueError:
            raise BankError(f"{where} is no JSON; a line is {example}") from None
        if not isinstance(fields, dict) or set(fields) - set(also) != set(names):
            more = f" (it may have {', '.join(also)})" if also else ""
            raise BankError(
                f"{where} must have {', '.join(names)}, and nothing else{more}: {example}"
            )
        yield where, fields


def _words(value: object, name: str, where: str) -> str:
    if not isinstance(value, str) or not 0 < len(value.strip()) <= MAX_CHARS:
        raise BankError(f"{where}: {name} is {value!r}; it takes 1 to {MAX_CHARS} characters")
    return value.strip()


def _mood(value: object, where: str) -> Mood:
    if value not in list(Mood):
        raise BankError(f"{where}: mood is {value!r}; allowed are {', '.join(Mood)}")
    return Mood(str(value))
