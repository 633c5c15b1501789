"""Who the bot is: the wording of replies, kept in files its owner can edit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.bank import (
    BankError,
    OpenLine,
    Pair,
    family,
    read_bank,
    read_occasions,
    read_open,
)
from engine.mood import Mood

FOLDER = Path(__file__).resolve().parent.parent / "personas"

MAX_LINE = 500
Line = Annotated[str, Field(min_length=1, max_length=MAX_LINE)]
Lines = Annotated[tuple[Line, ...], Field(min_length=1)]


class PersonaError(Exception):
    """A persona cannot be used; the message names the file, the line and what is allowed."""


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
        bank: Folder of written pairs beside the persona's file; empty: none.
        pairs: What is in it.
        open: File of lines beside it that fit any message of a mood; empty: none.
        open_lines: What is in it.
        occasions: Folder of lines beside it that fit any message of an occasion; empty: none.
        occasion_lines: What is in it, by occasion.
        plain: Families of those occasions on which nobody writes of their own end.
        distress: The one answer to words of self-harm.
        concern: Lines for what only may be of distress, one a language; empty: that answer too.
        disclosure: Lines that say that a bot writes, one a language; said to whoever asks.
        hand_over: Lines that leave somebody who is angry at the bot to its owner, one a language.
        honest: Lines for what the bot cannot know or must not decide, by topic.
        canned: Lines for when no reply is good enough, by the mood of the message.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Line
    system: Line
    tones: Mapping[Mood, Line]
    examples: tuple[Example, ...] = ()
    bank: str = ""
    pairs: tuple[Pair, ...] = Field(default=(), exclude=True, repr=False)
    open: str = ""
    open_lines: tuple[OpenLine, ...] = Field(default=(), exclude=True, repr=False)
    occasions: str = ""
    occasion_lines: Mapping[str, tuple[str, ...]] = Field(
        default_factory=dict, exclude=True, repr=False
    )
    plain: tuple[Line, ...] = ()
    distress: Line
    concern: tuple[Line, ...] = ()
    disclosure: Lines = (
        "我是机器人，替主人先回着消息，本人看到了会来找你。",
        "I'm a bot answering for the owner, who will see your message later.",
    )
    hand_over: Lines = (
        "我先不多说了，已经告诉主人，等本人来跟你说。",
        "I'll stop here. The owner knows and will get back to you.",
    )
    honest: Mapping[str, Lines] = Field(default_factory=dict)
    canned: Mapping[Mood, Lines]

    def tone(self, mood: Mood) -> str:
        return self.tones.get(mood, "")

    def in_tone(self, words: str) -> Persona:
        """This persona, told in its instruction also to speak so: 客气一点，用您.

        Raises:
            PersonaError: The instruction would become too long for a small model to follow.
        """
        system = f"{self.system}{words}"
        if len(system) > MAX_LINE:
            raise PersonaError(
                f"persona {self.name}: its instruction has {len(self.system)} characters, and "
                f"{len(words)} more of a tone; at most {MAX_LINE} in all"
            )
        return self.model_copy(update={"system": system})


def load(name: str) -> Persona:
    """Persona by its name in ``personas/``, or by the path of a file.

    Raises:
        PersonaError: No such file, or something in it or in its bank is wrong or missing.
    """
    path = Path(name).expanduser() if name.endswith((".yaml", ".yml")) else FOLDER / f"{name}.yaml"
    text = _read(path, name)
    try:
        persona = Persona.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise PersonaError(f"persona file {path} is not valid YAML: {error}") from None
    except ValidationError as error:
        faults = [f"{place_of(text, e['loc'])}: {e['msg']}" for e in error.errors()]
        raise PersonaError(f"persona file {path}: {'; '.join(faults)}") from None
    if missing := [mood for mood in Mood if mood not in persona.canned]:
        where = place_of(text, ("canned",))
        raise PersonaError(f"persona file {path}: {where}: no line for {', '.join(missing)}")
    persona = _with_examples(persona, path)
    if unknown := _unknown_families(persona):
        where = place_of(text, ("plain", unknown[0]))
        raise PersonaError(
            f"persona file {path}: {where}: {persona.plain[unknown[0]]!r} is no family of the "
            f"occasions in {persona.occasions}/"
        )
    return persona


def _unknown_families(persona: Persona) -> list[int]:
    """Places in ``plain`` of names that nothing in the folder of occasions has."""
    known = {family(occasion) for occasion in persona.occasion_lines}
    return [place for place, name in enumerate(persona.plain) if known and name not in known]


def _read(path: Path, name: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        known = ", ".join(sorted(file.stem for file in FOLDER.glob("*.yaml")))
        raise PersonaError(
            f"persona {name!r}: {path}: {error.strerror}; known personas: {known}"
        ) from None
    except UnicodeDecodeError as error:
        raise PersonaError(f"persona file {path} is not valid YAML: {error}") from None


def _with_examples(persona: Persona, path: Path) -> Persona:
    beside, found = path.parent, dict[str, object]()
    try:
        lines = read_occasions(beside / persona.occasions) if persona.occasions else {}
        found |= {"occasion_lines": lines}
        if persona.bank:
            folder = beside / persona.bank
            found |= {"bank": str(folder), "pairs": read_bank(folder, lines)}
        if persona.open:
            found |= {"open_lines": read_open(beside / persona.open)}
    except BankError as error:
        raise PersonaError(f"persona file {path}: {error}") from None
    return persona.model_copy(update=found)


def place_of(text: str, keys: Sequence[int | str]) -> str:
    """The line of the innermost part of a YAML document that has these keys, and the keys."""
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    line = node.start_mark.line if node else 0
    for key in keys:
        inner = _inner(node, key)
        if inner is None:
            break
        line, node = inner
    return f"line {line + 1}: {'.'.join(map(str, keys))}"


def _inner(node: yaml.Node | None, key: int | str) -> tuple[int, yaml.Node] | None:
    """The line where a key's part begins, and that part."""
    if isinstance(node, yaml.MappingNode):
        found = [(name.start_mark.line, value) for name, value in node.value if name.value == key]
        return found[0] if found else None
    if isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
        return node.value[key].start_mark.line, node.value[key]
    return None
