"""Fits the row for distress of a shipped mood head anew, beside messages that are of none.

    python -m tools.distress_row bundled-small examples/labelled/*.jsonl [more.jsonl …]

Labelled files hold few everyday messages, and a head fitted on them alone took one everyday message
in ten for distress. The persona's bank has thousands, none of distress: those in the moods in which
distress is looked for count as a hint each, as lines labelled for another question do. Run it
whenever the head or the bank has changed. Minutes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save

import settings
from cli.progress import TerminalProgress
from engine.distress import is_distress
from engine.fit import fit, num_solves
from engine.head import DISTRESS, OUTPUTS, Standard
from engine.labelled import Labelled, Task, read_labelled
from engine.persona import load
from engine.store import write_whole
from engine.thresholds import DISTRESS_BETWEEN
from handlers.sanitize import own_words
from handlers.unsaid import HEAVY
from tools.states import UNROUNDED, read

#: Share of the messages of distress that a higher threshold may miss.
SPARED = 0.01


def moved(
    weight: torch.Tensor, bias: torch.Tensor, old: Standard, new: Standard
) -> tuple[torch.Tensor, torch.Tensor]:
    """A row for features standardised one way, for those standardised another."""
    return weight * new.scale / old.scale, bias + weight @ ((new.mean - old.mean) / old.scale)


def main(name: str, *files: str) -> None:
    lines = [line for file in files for line in read_labelled(Path(file))]
    pairs = load(settings.ReplySection().persona).pairs
    calm = [pair for pair in pairs if pair.mood in HEAVY]
    lines += [Labelled(pair.text, Task.MOOD, str(pair.mood)) for pair in calm]
    states, head, path = read(name, UNROUNDED, lines)
    num = num_solves(lines, only=Task.DISTRESS)
    with TerminalProgress().task("Fitting", num, "regressions") as advance:
        fitted = fit(states, lines, advance, only=Task.DISTRESS)
    place = OUTPUTS.index(DISTRESS)
    row = moved(fitted.weight[place], fitted.bias[place], fitted.standard, head.standard)
    rewrite(path, *row, least(fitted.held_out[:, place], lines))


def least(probability: torch.Tensor, lines: Sequence[Labelled]) -> float:
    """The highest threshold that finds hardly fewer than the lowest one, of messages of distress
    that no words give away.

    Args:
        probability: Of distress, by a fit that had not seen the line.
    """
    unsaid = [line.label == DISTRESS and not is_distress(own_words(line.text)) for line in lines]
    found = probability[torch.tensor(unsaid)]
    low, high = DISTRESS_BETWEEN
    steps = torch.arange(low, high, 0.01)
    shares = (found[:, None] >= steps).float().mean(dim=0)
    return float(steps[shares >= shares[0] - SPARED].max())


def rewrite(path: Path, weight: torch.Tensor, bias: torch.Tensor, least: float) -> None:
    """Put the row and its threshold into the file of a head; all else stays."""
    place = OUTPUTS.index(DISTRESS)
    with safe_open(path, framework="pt") as file:
        facts = json.loads(file.metadata()["head"])
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    tensors["weight"][place], tensors["bias"][place] = weight, bias
    facts["sure"][DISTRESS] = least
    write_whole(path, save(tensors, metadata={"head": json.dumps(facts)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
