"""Labelled messages: what ``calibrate`` fits a head on and ``eval`` measures with."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from engine.errors import LabelsRefused
from engine.mood import Mood


class Task(StrEnum):
    """One question about a message. A label answers one of them and says nothing of the others."""

    MOOD = "mood"
    POLARITY = "polarity"
    OFFENCE = "offence"
    DISTRESS = "distress"


#: Labels by task; of a yes-or-no task the first is the yes.
LABELS: Mapping[Task, tuple[str, ...]] = MappingProxyType(
    {
        Task.MOOD: tuple(str(mood) for mood in Mood),
        Task.POLARITY: ("positive", "negative", "neutral"),
        Task.OFFENCE: ("offensive", "safe"),
        Task.DISTRESS: ("distress", "calm"),
    }
)
_TASK_OF = {label: task for task in reversed(Task) for label in LABELS[task]}


@dataclass(frozen=True, slots=True)
class Labelled:
    """One message and the answer somebody gave for it.

    Attributes:
        text: As it was sent.
        task: What the label is about.
        label: One of ``LABELS[task]``.
        source: Name of the file it is from.
        is_hard: Marked as one that a reader is expected to get wrong.
    """

    text: str
    task: Task
    label: str
    source: str = ""
    is_hard: bool = False


def read_labelled(path: Path) -> list[Labelled]:
    """The labelled lines of a JSONL file: objects with ``text``, ``label`` and perhaps ``hard``.

    ``neutral`` is a mood, except in a file that also has ``positive`` or ``negative`` and no mood
    beside it.

    Raises:
        LabelsRefused: The file cannot be read or is empty, or a line is not such an object.
    """
    try:
        with path.open(encoding="utf-8") as file:
            lines = [
                _line(line, path, number) for number, line in enumerate(file, 1) if line.strip()
            ]
    except (OSError, UnicodeDecodeError) as error:
        raise LabelsRefused(f"{path} cannot be read: {error}") from error
    if not lines:
        raise LabelsRefused(f'{path} is empty; a line is {{"text": "谢谢你！", "label": "happy"}}')
    return _settled(lines)


def _line(line: str, path: Path, number: int) -> Labelled:
    where = f"{path} line {number}"
    try:
        fields = json.loads(line)
        text, label = fields["text"], fields["label"]
    except (ValueError, TypeError, KeyError) as error:
        what = f"has no {error}" if isinstance(error, KeyError) else "is no JSON object"
        raise LabelsRefused(
            f'{where} {what}; a line is {{"text": "谢谢你！", "label": "happy"}}'
        ) from None
    if not isinstance(text, str) or not text.strip():
        raise LabelsRefused(f"{where}: text is {text!r}, not a message")
    if not isinstance(label, str) or label not in _TASK_OF:
        raise LabelsRefused(f"{where}: label is {label!r}{_meant(str(label))}; {_allowed()}")
    return Labelled(text, _TASK_OF[label], label, path.name, bool(fields.get("hard", False)))


def _meant(label: str) -> str:
    close = difflib.get_close_matches(label.lower(), _TASK_OF, n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def _allowed() -> str:
    return "allowed are " + "; ".join(", ".join(labels) for labels in LABELS.values())


def _settled(lines: Sequence[Labelled]) -> list[Labelled]:
    """``neutral`` given the task that the rest of the file has."""
    others = {line.label for line in lines} - {"neutral"}
    if not others & {"positive", "negative"} or others & set(LABELS[Task.MOOD]):
        return list(lines)
    return [replace(x, task=Task.POLARITY) if x.label == "neutral" else x for x in lines]


def by_task(lines: Iterable[Labelled]) -> dict[Task, list[Labelled]]:
    """The lines of each task that has any."""
    found: dict[Task, list[Labelled]] = {}
    for line in lines:
        found.setdefault(line.task, []).append(line)
    return found
