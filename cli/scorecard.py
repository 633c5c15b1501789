"""What a set of readings was worth, task by task: figures, a confusion matrix, a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from engine.labelled import LABELS, Labelled, Task
from engine.metrics import Confusion, calibration_error
from engine.mood import FIRM, Mood, Reading


@dataclass(frozen=True, slots=True)
class Scorecard:
    """Figures of the readings of one task's lines.

    Attributes:
        source: File the lines are from.
        task: What was asked.
        confusion: True labels against said ones.
        hard: The same of the lines marked hard alone, where there are any.
        figures: Further figures of the task, by name; shares unless the name says otherwise.
    """

    source: str
    task: Task
    confusion: Confusion
    hard: Confusion | None
    figures: dict[str, float]

    @classmethod
    def of(cls, lines: Sequence[Labelled], readings: Sequence[Reading]) -> Scorecard:
        """Score readings of lines that are all of one task."""
        task = lines[0].task
        labels = _labels(task, lines)
        true = [line.label for line in lines]
        said = [_said(task, labels, reading) for reading in readings]
        hard = [n for n, line in enumerate(lines) if line.is_hard]
        of_hard = Confusion.of(labels, [true[n] for n in hard], [said[n] for n in hard])
        confusion = Confusion.of(labels, true, said)
        figures = _FIGURES[task](confusion, true, said, readings)
        return cls(lines[0].source, task, confusion, of_hard if hard else None, figures)

    def as_json(self) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "file": self.source,
            "task": str(self.task),
            "lines": self.confusion.total,
            "accuracy": round(self.confusion.accuracy, 4),
            "macro_f1": round(self.confusion.macro_f1, 4),
            **{name: round(value, 4) for name, value in self.figures.items()},
            "labels": list(self.confusion.labels),
            "confusion": [list(row) for row in self.confusion.counts],
        }
        if self.hard:
            fields["hard_lines"] = self.hard.total
            fields["hard_accuracy"] = round(self.hard.accuracy, 4)
            fields["hard_macro_f1"] = round(self.hard.macro_f1, 4)
        return fields

    def show(self, console: Console) -> None:
        confusion = self.confusion
        head = (
            f"{self.source}: {self.task}, {confusion.total} lines, "
            f"accuracy {confusion.accuracy:.3f}, macro-F1 {confusion.macro_f1:.3f}"
        )
        if self.hard:
            head += (
                f"; of them {self.hard.total} hard: accuracy {self.hard.accuracy:.3f}, "
                f"macro-F1 {self.hard.macro_f1:.3f}"
            )
        more = ", ".join(f"{n.replace('_', ' ')} {v:.3f}" for n, v in self.figures.items())
        console.print(Group(Text(head), Text(more), _table(confusion)), soft_wrap=True)


def _table(confusion: Confusion) -> Table:
    table = Table(title="rows: true, columns: said", title_justify="left")
    table.add_column("")
    for label in (*confusion.labels, "recall", "precision", "F1"):
        table.add_column(label, justify="right")
    for label, row in zip(confusion.labels, confusion.counts, strict=True):
        parts = (confusion.recall(label), confusion.precision(label), confusion.f1(label))
        table.add_row(label, *map(str, row), *(f"{part:.3f}" for part in parts))
    return table


def _labels(task: Task, lines: Sequence[Labelled]) -> tuple[str, ...]:
    """Labels of the task; positive and negative alone where no line is of neutral sentiment."""
    if task is Task.POLARITY and all(line.label != "neutral" for line in lines):
        return ("positive", "negative")
    return LABELS[task]


def _said(task: Task, labels: Sequence[str], reading: Reading) -> str:
    if task is Task.MOOD:
        return str(reading.mood)
    if task is Task.POLARITY:
        if "neutral" in labels:
            return str(reading.sentiment)
        return "positive" if reading.polarity >= 0 else "negative"
    if task is Task.OFFENCE:
        return "offensive" if (reading.offence or 0.0) >= 0.5 else "safe"
    return "distress" if reading.distress else "calm"


def _mood_figures(
    confusion: Confusion, true: Sequence[str], said: Sequence[str], readings: Sequence[Reading]
) -> dict[str, float]:
    sure = [n for n, reading in enumerate(readings) if not reading.unsure]
    angry = [n for n in sure if said[n] == Mood.ANGRY]
    neutral = [n for n, label in enumerate(true) if label == Mood.NEUTRAL]
    false_alarms = [
        n for n in neutral if said[n] == Mood.ANGRY and readings[n].confidence >= FIRM
    ]  # fmt: skip
    right = [one == other for one, other in zip(true, said, strict=True)]
    return {
        "calibration_error": calibration_error([r.confidence for r in readings], right),
        "neutral_as_angry": _share(false_alarms, neutral),
        "sure": _share(sure, readings),
        "right_where_sure": _share([n for n in sure if right[n]], sure),
        "right_where_surely_angry": _share([n for n in angry if right[n]], angry),
        "angry_found_surely": _share(
            [n for n in angry if right[n]], [x for x in true if x == Mood.ANGRY]
        ),
    }


def _offence_figures(
    confusion: Confusion, true: Sequence[str], said: Sequence[str], readings: Sequence[Reading]
) -> dict[str, float]:
    firm = [n for n, r in enumerate(readings) if (r.offence or 0.0) > FIRM and not r.unsure]
    right = [one == other for one, other in zip(true, said, strict=True)]
    sides = [max(r.offence or 0.0, 1 - (r.offence or 0.0)) for r in readings]
    hit = [n for n in firm if right[n]]
    return {
        "calibration_error": calibration_error(sides, right),
        "right_where_firm": _share(hit, firm),
        "offensive_found_firmly": _share(hit, [x for x in true if x == "offensive"]),
    }


def _polarity_figures(
    confusion: Confusion, true: Sequence[str], said: Sequence[str], readings: Sequence[Reading]
) -> dict[str, float]:
    right = [one == other for one, other in zip(true, said, strict=True)]
    sides = [(1 + abs(reading.polarity)) / 2 for reading in readings]
    return {"calibration_error": calibration_error(sides, right)}


def _distress_figures(
    confusion: Confusion, true: Sequence[str], said: Sequence[str], readings: Sequence[Reading]
) -> dict[str, float]:
    return {
        "distress_found": confusion.recall("distress"),
        "calm_flagged": 1 - confusion.recall("calm"),
    }


_Figures = Callable[
    [Confusion, Sequence[str], Sequence[str], Sequence[Reading]], dict[str, float]
]  # fmt: skip
_FIGURES: dict[Task, _Figures] = {
    Task.MOOD: _mood_figures,
    Task.POLARITY: _polarity_figures,
    Task.OFFENCE: _offence_figures,
    Task.DISTRESS: _distress_figures,
}


def _share(part: Sequence[object], whole: Sequence[object]) -> float:
    return len(part) / len(whole) if whole else 0.0
