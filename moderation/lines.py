"""The wording of what is said in groups, kept in a file that the owner can edit."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Self

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from engine.persona import place_of
from handlers.sanitize import shown_name

FILE = Path(__file__).resolve().parent / "lines.yaml"
#: For rules that have no lines of their own.
OTHER = "other"

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_KNOWN = ("name", "names", "room")


class LinesError(Exception):
    """The lines cannot be used; the message names the file, the line and what is allowed."""


def _only_known(text: str) -> str:
    if wrong := [name for name in _PLACEHOLDER.findall(text) if name not in _KNOWN]:
        known = ", ".join(f"{{{name}}}" for name in _KNOWN)
        raise ValueError(f"no such placeholder {{{wrong[0]}}}; there are {known}")
    return text


Text = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_only_known)]
Texts = Annotated[tuple[Text, ...], Field(min_length=1)]


class Lines(BaseModel):
    """Lines to choose from, by occasion.

    Attributes:
        calm: To both sides of a quarrel.
        warn: To one person, by rule; ``other`` for the rest.
        appealed: To a member who asks for a second look, ``appealed_again``: who asked before.
        overturned: After an admin took a warning back, ``upheld``: let it stand.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    calm: Texts
    warn: dict[str, Texts]
    appealed: Texts
    appealed_again: Texts
    overturned: Texts
    upheld: Texts

    @classmethod
    def load(cls, name: str = "") -> Self:
        """Lines from a file; empty: those that come with the program.

        Raises:
            LinesError: No such file, or something in it is wrong or missing.
        """
        path = Path(name).expanduser() if name else FILE
        text = _read(path)
        try:
            lines = cls.model_validate(yaml.safe_load(text))
        except yaml.YAMLError as error:
            raise LinesError(f"moderation.lines {path} is not valid YAML: {error}") from None
        except ValidationError as error:
            faults = [f"{place_of(text, e['loc'])}: {e['msg']}" for e in error.errors()]
            raise LinesError(f"moderation.lines {path}: {'; '.join(faults)}") from None
        if OTHER not in lines.warn:
            where = place_of(text, ("warn",))
            raise LinesError(f"moderation.lines {path}: {where}: no lines for {OTHER}")
        return lines

    def warning(self, rule: str) -> Texts:
        return self.warn.get(rule, self.warn[OTHER])


def worded(
    texts: Sequence[str], chance: random.Random, *, names: Sequence[str] = (), room: str = ""
) -> str:
    """One of the lines, with names and the room in it.

    Args:
        names: As people chose them, hostile or not: what they hold is never filled in again.
        room: Topic of the group, as hostile.
    """
    shown = [shown_name(name) for name in names]
    words = {"name": "".join(shown[:1]), "names": "、".join(shown), "room": shown_name(room)}
    return _PLACEHOLDER.sub(lambda found: words[found[1]], chance.choice(texts))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise LinesError(
            f"moderation.lines {path}: {error.strerror}; leave it empty for the program's own"
        ) from None
    except UnicodeDecodeError as error:
        raise LinesError(f"moderation.lines {path} is not UTF-8: {error}") from None
