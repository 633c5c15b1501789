"""Whom an admin means by a name: looked for among those seen in the room, never guessed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Protocol

from handlers.sanitize import MAX_NAME, clean, shown_name

#: Of an id, enough to tell two people of one name apart.
_TAIL = 4
#: Listed where a name is not one person's.
_LISTED = 6
#: 小明 2: the second of those listed.
_NUMBERED = re.compile(r"(.+?) ([1-9])")


class Unclear(Exception):
    """What an admin asked for cannot be carried out; the message says why, to the admin."""


class Log(Protocol):
    async def names(self, room_id: str) -> Mapping[str, str]: ...


class Recent(Protocol):
    def people(self, room_id: str) -> Mapping[str, str]: ...


class People:
    """Who was seen in a room: by the log, and where that keeps no names, by memory."""

    def __init__(self, log: Log, recent: Recent) -> None:
        self._log, self._recent = log, recent

    async def names(self, room_id: str) -> dict[str, str]:
        """Id to the name shown last. Hostile input."""
        return {**await self._log.names(room_id), **self._recent.people(room_id)}


def find(people: Mapping[str, str], wanted: str, mentioned: Sequence[str] = ()) -> str:
    """The id of whoever is meant: by @mention first, else by id, by name, by a part of a name.

    Args:
        people: Id to the name shown in that room. Hostile input.
        wanted: As an admin wrote it, perhaps with the number of one of those listed before.
        mentioned: Ids that the message @mentions.

    Raises:
        Unclear: It may be several people, or is nobody.
    """
    name = wanted.lstrip("@＠")
    found = list(dict.fromkeys(mentioned)) or _named(people, name)
    if not found and (numbered := _NUMBERED.fullmatch(name)):
        number = int(numbered[2])
        found = _named(people, numbered[1])[number - 1 : number]
    if not found:
        raise Unclear(f"最近说过话的人里没有叫「{shown_name(wanted)}」的。")
    if len(found) > 1:
        raise Unclear(
            "\n".join(("说的是哪一位？名字后面空一格带上编号再发一次：", *_listed(people, found)))
        )
    return found[0]


def _listed(people: Mapping[str, str], ids: Sequence[str]) -> list[str]:
    """A line for each, numbered, with what tells them apart: the end of the id."""
    lines = [
        f"{number}. {shown_name(people.get(id_, ''))}（…{id_[-_TAIL:]}）"
        for number, id_ in enumerate(ids[:_LISTED], 1)
    ]
    return [*lines, f"还有 {len(ids) - _LISTED} 位"] if len(ids) > _LISTED else lines


def _named(people: Mapping[str, str], name: str) -> list[str]:
    """In the order of their ids, so that a number means the same one again."""
    if name in people:
        return [name]
    wanted = _spelled(name)
    spelled = {id_: _spelled(shown) for id_, shown in sorted(people.items())} if wanted else {}
    exactly = [id_ for id_, shown in spelled.items() if shown == wanted]
    return exactly or [id_ for id_, shown in spelled.items() if wanted in shown]


def _spelled(name: str) -> str:
    return " ".join(clean(name, MAX_NAME).casefold().split())
