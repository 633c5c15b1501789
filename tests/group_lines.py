"""Handwritten group messages as exchanges: who wrote them, whom they mention, quote and answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from handlers.exchange import Exchange, Kind, Message
from handlers.sanitize import sanitize
from moderation.recent import Heard
from tests.fakes import NOW

ROOM = "room@chatroom"
MEMBERS = (
    *("老陈", "小雨", "阿杰", "王姐", "大鹏", "Lily"),
    *("胖虎", "婷婷", "老周", "石头", "果果", "Kevin"),
)
#: Everybody's id is not their name.
ID_OF = {name: f"wxid_{number:02}" for number, name in enumerate(MEMBERS)}
NAME_OF = {one: name for name, one in ID_OF.items()}
_DASHES = "- - - - - - - - - - - - - - -"


@dataclass(frozen=True, slots=True)
class Line:
    """One message of a file in ``tests/messages``.

    Attributes:
        by: Name of its writer, one of ``MEMBERS``.
        kind: What it is an example of.
        to: Of an attack: whom it is aimed at.
        mention: Names of those it mentions, by id.
        quote: Name and words that it quotes.
        before: Name and words of the message before it, where that matters.
        then: What the same writer says next; empty where that was all.
    """

    text: str
    by: str
    kind: str
    to: str = ""
    mention: tuple[str, ...] = ()
    quote: tuple[str, str] | None = None
    before: tuple[str, str] | None = None
    then: str = ""


def read_lines(path: Path) -> list[Line]:
    return [_line(json.loads(line)) for line in path.read_text("utf-8").splitlines()]


def _line(fields: dict[str, Any]) -> Line:
    said = {
        key: (fields[key]["by"], fields[key]["text"])
        for key in ("quote", "before")
        if key in fields
    }
    mention = tuple(fields.get("mention", ()))
    return Line(**(fields | said | {"mention": mention}))


@dataclass
class Room:
    """Who wrote in the room, the latest last, as ``moderation.recent`` would know it."""

    said: list[tuple[str, float]] = field(default_factory=list)

    @classmethod
    def of_all(cls, at: float) -> Room:
        """Everybody has written, ten minutes and more ago."""
        return cls([(name, at - 700) for name in MEMBERS])

    def heard(self, name: str, at: float) -> None:
        self.said.append((name, at))

    def of(self, room_id: str) -> Sequence[Heard]:
        return [Heard("", ID_OF[name], name, at, b"") for name, at in self.said]


def exchange_of(line: Line, at: float = NOW, text: str = "") -> Exchange:
    """The message as it stands after ``sanitize``: the one of the line, or ``text`` after it."""
    raw = text or line.text
    if line.quote and not text:
        raw = f"「{line.quote[0]}：{line.quote[1]}」\n{_DASHES}\n{raw}"
    ids = tuple(ID_OF[name] for name in line.mention if f"@{name}" in raw)
    message = Message(
        f"m-{line.by}-{at}", ROOM, ID_OF[line.by], line.by, raw, raw, Kind.TEXT, at,
        room_name="同事群", mention_ids=ids,
    )  # fmt: skip
    return sanitize(Exchange(message))


def room_before(line: Line, at: float = NOW) -> Room:
    """The room as it was when an attack came, alone."""
    room = Room.of_all(at)
    if line.before:
        room.heard(line.before[0], at - 30)
    return room
