"""People and groups by the names the owner calls them; names are hostile input, only compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from assistant.phrases import place
from handlers.day import Chat, Said

#: Names that are offered where one was not found or could be several.
_OFFERED = 5
#: Of names considered; the rest were not heard of for longer.
_CONSIDERED = 500


@dataclass(frozen=True, slots=True)
class Unclear:
    """A name that is nobody's, or several people's; the line that asks back."""

    line: str
    is_unknown: bool = False


def people(messages: Iterable[Said]) -> dict[str, str]:
    """Id and the name shown last of everybody who wrote one."""
    return {said.talker_id: said.talker_name for said in messages if said.talker_id}


def rooms(chats: Iterable[Chat]) -> dict[str, str]:
    return {chat.id: chat.room_name for chat in chats if chat.room_name is not None}


def contacts(chats: Iterable[Chat]) -> dict[str, str]:
    """Whoever wrote in private; in a group only the last name is known."""
    return {chat.id: chat.talker_name for chat in chats if chat.room_name is None}


def pick(
    asked: str, names: Mapping[str, str], known: Sequence[str] = ()
) -> frozenset[str] | Unclear:
    """The ids that are meant: all named exactly so, else the only one with that in its name.

    Several of one name are answered about together: some gateways deal new ids at every login.

    Args:
        names: By id.
        known: More names, offered where they look like the one asked for.
    """
    wanted = _folded(asked)
    exact = frozenset(id_ for id_, name in names.items() if _folded(name) == wanted)
    within = {_folded(name): id_ for id_, name in names.items() if wanted in _folded(name)}
    if exact:
        return exact
    if len(within) == 1:
        return frozenset(within.values())
    if within:
        shown = "、".join(place(names[id_]) for id_ in [*within.values()][:_OFFERED])
        return Unclear(f"你说的是哪一个：{shown}？")
    return Unclear(_not_found(asked, [*names.values(), *known]), is_unknown=True)


def _not_found(asked: str, names: Sequence[str]) -> str:
    by_name = {_folded(name): name for name in names[:_CONSIDERED] if name}
    near = get_close_matches(_folded(asked), by_name, n=_OFFERED, cutoff=0.4)
    line = f"这几天没有叫「{place(asked)}」的。"
    shown = "、".join(place(by_name[name]) for name in near)
    return f"{line}是不是：{shown}？" if shown else line


def _folded(name: str) -> str:
    """The cleaned name without case and spaces; cut before anything looks at it twice."""
    return "".join(place(name).casefold().split())
