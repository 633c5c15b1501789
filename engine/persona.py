"""Who the bot is: the wording of replies, kept in a file its owner can edit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.mood import Mood

FOLDER = Path(__file__).resolve().parent.parent / "personas"

Line = Annotated[str, Field(min_length=1, max_length=500)]


class PersonaError(Exception):
    """A persona file cannot be used; the message names the file, the place and what is allowed."""


class Example(BaseModel):
    """One turn shown to the model before every conversation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    user: Line
    bot: Line


class Persona(BaseModel):
    """Wording of one persona.

    Attributes:
        system: The instruction; short, for a small model follows examples better than rules.
        tones: What is added to the instruction, by the mood of the message.
        distress: The one answer to words of self-harm.
        canned: Lines for when no reply is good enough, by the mood of the message.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Line
    system: Line
    tones: Mapping[Mood, Line]
    examples: tuple[Example, ...] = ()
    distress: Line
    canned: Mapping[Mood, Annotated[tuple[Line, ...], Field(min_length=1)]]

    def tone(self, mood: Mood) -> str:
        return self.tones.get(mood, "")


def load(name: str) -> Persona:
    """Persona by its name in ``personas/``, or by the path of a file.

    Raises:
        PersonaError: No such file, or something in it is wrong or missing.
    """
    path = Path(name).expanduser() if name.endswith((".yaml", ".yml")) else FOLDER / f"{name}.yaml"
    try:
        persona = Persona.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except OSError as error:
        known = ", ".join(sorted(file.stem for file in FOLDER.glob("*.yaml")))
        raise PersonaError(
            f"persona {name!r}: {path}: {error.strerror}; known personas: {known}"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise PersonaError(f"persona file {path} is not valid YAML: {error}") from None
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise PersonaError(f"persona file {path}: {faults}") from None
    if missing := [mood for mood in Mood if mood not in persona.canned]:
        raise PersonaError(f"persona file {path}: canned: no line for {', '.join(missing)}")
    return persona
