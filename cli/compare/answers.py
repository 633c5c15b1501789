"""What both ways answered, kept as it comes: hours of the recipe are not spent twice."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

from cli.compare.journal import Journal


class Way(StrEnum):
    """Who answered. Never shown before the marks are given."""

    OWN = "own"
    RECIPE = "recipe"


@dataclass(frozen=True, slots=True)
class Answerer:
    """One way to answer.

    Attributes:
        made_by: What its answers depend on; others' answers are not taken for its own.
        answer: The replies to texts, in order, each as soon as it is there; empty: silence. It is
            closed when it is no longer needed, and with it whatever it loaded.
    """

    made_by: str
    answer: Callable[[Sequence[str]], Generator[str, None, None]]


#: In the order in which they are asked, one after the other.
Answerers: TypeAlias = Mapping[Way, Answerer]


@dataclass(frozen=True, slots=True)
class Answer:
    """One reply of one way; empty: it kept silent."""

    text: str
    way: Way
    made_by: str
    reply: str


def journal(path: Path) -> Journal[Answer]:
    return Journal(path, Answer, Answer("在吗", Way.OWN, "bundled", "在呢，怎么啦？"))


def collect(
    ways: Answerers, texts: Sequence[str], kept: Journal[Answer]
) -> dict[Way, dict[str, str]]:
    """Replies of each way by text; a way is asked for those alone that are not kept yet.

    Raises:
        JournalRefused: What is kept cannot be read.
    """
    known = {(a.way, a.made_by, a.text): a.reply for a in kept.read()}
    found: dict[Way, dict[str, str]] = {}
    for way, answerer in ways.items():
        missing = [text for text in texts if (way, answerer.made_by, text) not in known]
        for answer in _asked(way, answerer, missing):
            kept.add(answer)
            known[way, answer.made_by, answer.text] = answer.reply
        found[way] = {text: known[way, answerer.made_by, text] for text in texts}
    return found


def _asked(way: Way, answerer: Answerer, texts: Sequence[str]) -> Iterator[Answer]:
    if not texts:
        return
    with closing(answerer.answer(texts)) as replies:
        for text, reply in zip(texts, replies, strict=True):
            yield Answer(text, way, answerer.made_by, reply)
