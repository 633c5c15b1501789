"""Refits the head that tells how apt a reply is, from replies that were marked by reading.

    python tools/aptness.py bundled-small examples/replies/marked.jsonl

Each line has a message and replies to it with their marks: 2 would be sent, 1 is harmless, 0 is to
be ashamed of. Half an hour with `bundled`.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import settings
from cli.progress import TerminalProgress
from engine.aptness import AptHead, AptStates, aptness_path
from engine.engine import open_model
from engine.fit import Arrays, solve
from engine.head import MEANS, Standard
from engine.work import finish

READ_IN = "mixed"
#: Strength of the ridge. With all marks .1 is as good as .3 was with a third of them.
PENALTY = 0.15
#: Messages over which the mean in another format is taken.
NUM_FOR_MEANS = 40


@dataclass(frozen=True, slots=True)
class Marked:
    """A message, replies to it, and their marks."""

    text: str
    replies: tuple[str, ...]
    marks: tuple[int, ...]


def main(name: str, file: str) -> None:
    lines = read_marked(Path(file))
    states, made_by = _read(name, READ_IN, lines)
    marks = torch.tensor([mark for line in lines for mark in line.marks])
    head = fitted(states, marks)
    few = lines[:: max(1, len(lines) // NUM_FOR_MEANS)]
    own, _ = _read(name, READ_IN, few)
    shifts = {"mean.int8": torch.zeros(states.shape[1])}
    for precision in ("int4", "bf16"):
        other, _ = _read(name, precision, few)
        shifts[MEANS.get(precision, "mean")] = (other - own).mean(0)
    path = aptness_path(name, made_by["fingerprint"])
    head.save(path, made_by, shifts)
    print(f"{path}: {path.stat().st_size:,} bytes", file=sys.stderr)


def read_marked(path: Path) -> list[Marked]:
    """Lines such as {"text": …, "replies": [["好呀。", 2], …]}."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        fields = json.loads(line)
        replies, marks = zip(*fields["replies"], strict=True)
        found.append(Marked(fields["text"], replies, marks))
    return found


def fitted(states: Tensor, marks: Tensor) -> AptHead:
    """The head for marked states of shape (replies, features)."""
    standard = Standard.of(states)
    features, width = standard(states), states.shape[1]
    ones, nothing = torch.ones(len(marks)), Arrays(torch.zeros(width, 1), torch.zeros(1))
    parts = [
        solve(features, (marks >= least).float()[:, None], ones, PENALTY, nothing)
        for least in (1, 2)
    ]
    weight = torch.cat([part.weight for part in parts], dim=1)
    return AptHead(standard, weight, torch.cat([part.bias for part in parts]))


def _read(name: str, precision: str, lines: list[Marked]) -> tuple[Tensor, dict[str, str]]:
    """States of all replies, shape (replies, features), and what they were made by."""
    progress = TerminalProgress()
    engine = settings.Engine.model_validate({"model": name, "precision": precision})
    model = open_model(engine, progress)
    states, found = AptStates(model), []
    with progress.task(f"Reading in {precision}", len(lines), "messages") as advance:
        for line in lines:
            found.append(finish(states.read(line.text, line.replies)))
            advance(1)
    return torch.cat(found), {"fingerprint": model.fingerprint, "states": states.key}


if __name__ == "__main__":
    main(*sys.argv[1:])
