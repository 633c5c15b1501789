"""Refits the head that tells how apt a reply is, from the bank and from replies marked by reading.

    python tools/aptness.py bundled-small examples/replies/marked/*.jsonl

Each line has a message and replies to it with their marks: 2 would be sent, 1 is harmless, 0 is to
be ashamed of. After edits of the bank's replies or of occasions' lines, too, or the new ones are
read while somebody waits. 20 minutes with `bundled-small`, an hour with `bundled`.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, dropout, normalize

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from cli.progress import TerminalProgress
from engine.aptness import AptHead, Side, aptness_path
from engine.head import Standard
from engine.known import Known
from engine.persona import Persona, load
from tools.subjects import read_states, shifts_of

#: 192 directions tell no more.
NUM_DIRECTIONS = 96
BATCH, DECAY = 512, 0.1


@dataclass(frozen=True, slots=True)
class Course:
    """How a head is trained.

    Attributes:
        rate: The highest of its course.
        left_out: Shares of a message's and of a reply's features that are left out at a time.
        marks_weight: What marks count beside whose reply it is: without the bank's own pairs, marks
            alone told less.
    """

    epochs: int
    rate: float
    left_out: tuple[float, float]
    marks_weight: float


#: From a model's states; .5 and .6 left out were no better.
FROM_STATES = Course(epochs=18, rate=2e-3, left_out=(0.3, 0.3), marks_weight=6.0)


@dataclass(frozen=True, slots=True)
class Marked:
    """A message, replies to it, and their marks."""

    text: str
    replies: tuple[str, ...]
    marks: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """Standardised states, and what goes with what.

    Attributes:
        messages: Shape (messages, features); replies: shape (replies, features).
        pairs: Rows of a message and of the reply that was written to it, shape (pairs, 2).
        marked: Likewise of those that were marked; marks: of each, 0 to 2.
    """

    messages: Tensor
    replies: Tensor
    pairs: Tensor
    marked: Tensor
    marks: Tensor


class Towers(torch.nn.Module):
    """What is trained: ``AptHead`` in the making."""

    def __init__(self, of_messages: int, of_replies: int, left_out: tuple[float, float]) -> None:
        super().__init__()
        self.left_out = left_out
        self.message = torch.nn.Linear(of_messages, NUM_DIRECTIONS, bias=False)
        self.reply = torch.nn.Linear(of_replies, NUM_DIRECTIONS)
        self.sharpness = torch.nn.Parameter(torch.tensor(2.5))
        self.common = torch.nn.Parameter(torch.full((NUM_DIRECTIONS, 2), 1.4))
        self.of_message = torch.nn.Linear(NUM_DIRECTIONS, 2, bias=False)
        self.of_reply = torch.nn.Linear(NUM_DIRECTIONS, 2)

    def sides(self, messages: Tensor, replies: Tensor) -> tuple[Tensor, Tensor]:
        of_messages, of_replies = self.left_out
        left = self.message(dropout(messages, of_messages, self.training))
        right = self.reply(dropout(replies, of_replies, self.training))
        return normalize(left, dim=-1), normalize(right, dim=-1)

    def own_loss(self, lesson: Lesson, rows: Tensor) -> Tensor:
        """Of so many pairs, each message has to find its own reply, and each reply its message."""
        at, own = lesson.pairs[rows].T
        left, right = self.sides(lesson.messages[at], lesson.replies[own])
        near = self.sharpness.exp() * left @ right.T
        same = (own[:, None] == own[None]) & ~torch.eye(len(own), dtype=torch.bool)
        near, places = near.masked_fill(same, -1e4), torch.arange(len(own))
        return (cross_entropy(near, places) + cross_entropy(near.T, places)) / 2

    def mark_loss(self, lesson: Lesson, rows: Tensor) -> Tensor:
        at, own = lesson.marked[rows].T
        left, right = self.sides(lesson.messages[at], lesson.replies[own])
        logits = (left * right) @ self.common + self.of_message(left) + self.of_reply(right)
        marks = lesson.marks[rows]
        told = torch.stack([marks >= 1, marks >= 2], dim=1).float()
        return binary_cross_entropy_with_logits(logits, told)

    def head(self, standard: Standard, messages: Side, replies: Side, known: Known) -> AptHead:
        """What was learnt, for sides that turn a model's states into the directions of these."""
        return AptHead(
            standard=standard,
            messages=messages,
            replies=replies,
            common=self.common.detach().contiguous(),
            of_message=self.of_message.weight.detach().T.contiguous(),
            of_reply=self.of_reply.weight.detach().T.contiguous(),
            bias=self.of_reply.bias.detach(),
            known=known,
        )


def main(name: str, *files: str) -> None:
    persona, lines = load("yixin"), [line for file in files for line in read_marked(Path(file))]
    messages = list(dict.fromkeys([*_texts(persona), *(line.text for line in lines)]))
    replies = list(dict.fromkeys([*prepared(persona), *(r for one in lines for r in one.replies)]))
    states, made_by, fingerprint = read_states(name, [*messages, *replies])
    standard = Standard.of(states[: len(_texts(persona))])
    features = standard(states)
    lesson = _lesson(persona, lines, messages, replies, features)
    head = fitted(standard, lesson, prepared(persona))
    path = aptness_path(name, fingerprint)
    shifts = shifts_of(name, messages, states)
    head.save(path, {"fingerprint": fingerprint, "vectors": made_by}, shifts)
    print(f"{path}: {path.stat().st_size:,} bytes", file=sys.stderr)


def read_marked(path: Path) -> list[Marked]:
    """Lines such as {"text": …, "replies": [["好呀。", 2], …]}."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        fields = json.loads(line)
        replies, marks = zip(*fields["replies"], strict=True)
        found.append(Marked(fields["text"], replies, marks))
    return found


def fitted(
    standard: Standard, lesson: Lesson, said: Sequence[str], course: Course = FROM_STATES
) -> AptHead:
    """The head for a lesson, the first replies of which are the prepared ones."""
    towers = trained(lesson, course)
    messages = Side(towers.message.weight.detach().T.contiguous(), torch.zeros(NUM_DIRECTIONS))
    replies = Side(towers.reply.weight.detach().T.contiguous(), towers.reply.bias.detach())
    known = Known.of(said, replies(lesson.replies[: len(said)]))
    return towers.head(standard, messages, replies, known)


def trained(lesson: Lesson, course: Course) -> Towers:
    """Fitted to a lesson, the same each time."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        widths = lesson.messages.shape[1], lesson.replies.shape[1]
        towers = Towers(*widths, course.left_out)
        _descend(towers, lesson, course)
    return towers


def _descend(towers: Towers, lesson: Lesson, course: Course) -> None:
    num_steps = course.epochs * math.ceil(len(lesson.pairs) / BATCH)
    adam = torch.optim.AdamW(towers.parameters(), course.rate, weight_decay=DECAY)
    rate = torch.optim.lr_scheduler.OneCycleLR(adam, course.rate, num_steps)
    with TerminalProgress().task("Training", num_steps, "steps") as advance:
        for _ in range(num_steps):
            loss = towers.own_loss(lesson, torch.randint(len(lesson.pairs), (BATCH,)))
            some = torch.randint(len(lesson.marks), (BATCH,))
            loss = loss + course.marks_weight * towers.mark_loss(lesson, some)
            adam.zero_grad()
            torch.autograd.backward(loss)
            adam.step()
            rate.step()
            advance(1)
    towers.eval()


def _lesson(
    persona: Persona,
    lines: Sequence[Marked],
    messages: Sequence[str],
    replies: Sequence[str],
    features: Tensor,
) -> Lesson:
    """Args: features: of the messages, then of the replies."""
    at = {text: row for row, text in enumerate(messages)}
    own = {text: row for row, text in enumerate(replies)}
    pairs = [(at[pair.text], own[pair.reply]) for pair in persona.pairs]
    marked = [(at[line.text], own[reply]) for line in lines for reply in line.replies]
    marks = [mark for line in lines for mark in line.marks]
    return Lesson(
        messages=features[: len(messages)],
        replies=features[len(messages) :],
        pairs=torch.tensor(pairs),
        marked=torch.tensor(marked),
        marks=torch.tensor(marks),
    )


def _texts(persona: Persona) -> list[str]:
    return [pair.text for pair in persona.pairs]


def prepared(persona: Persona) -> list[str]:
    """All replies and lines that can be said, each once."""
    lines = (line for lines in persona.occasion_lines.values() for line in lines)
    return list(dict.fromkeys([*(pair.reply for pair in persona.pairs), *lines]))


if __name__ == "__main__":
    main(*sys.argv[1:])
