"""Fits a bundled model's aptness head to what another model's head has learnt of replies.

    python tools/borrowed.py bundled bundled-small examples/replies/marked/*.jsonl

To read every prepared reply with the larger model takes hours without a fast product of bytes
(AVX-512 VNNI, AMX), and of the prepared ones only a direction each is kept, whoever read them. So
they are taken from the other model's head (``tools/aptness.py``); of this model's messages the
projection's directions are there already. What an owner edits is read by this model itself, by a
ridge regression of the taken directions on its own states of some replies. 10 minutes.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import normalize

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import settings
from cli.progress import TerminalProgress
from engine.aptness import AptHead, Side, aptness_path
from engine.engine import open_model
from engine.head import MEANS
from engine.known import Known
from engine.persona import Persona, load
from engine.projection import Projection, projection_path
from engine.vectors import Vectors
from tools.aptness import Course, Lesson, Marked, prepared, read_marked, trained
from tools.subjects import READ_IN, read_states

#: Replies that this model reads itself.
NUM_READ = 1500
#: What the weights of the regression cost: of replies left out, the directions then lay nearest to
#: those taken (their cosines .83 on average).
RIDGE = 1000.0
#: Directions are fewer than states, and bear more. Of marked messages left out, the best reply by
#: this was marked to send for 50 of 100 and to be ashamed of for 28; by ``FROM_STATES`` 47 and 31.
FROM_DIRECTIONS = Course(epochs=40, rate=2e-2, left_out=(0.3, 0.1), marks_weight=20.0)


def main(name: str, lender: str, *files: str) -> None:
    persona, lines = load("yixin"), [line for file in files for line in read_marked(Path(file))]
    replies = prepared(persona)
    few = random.Random(0).sample(replies, NUM_READ)  # noqa: S311 - no secret
    states, made_by, fingerprint = read_states(name, few)
    facts = {"fingerprint": fingerprint, "vectors": made_by}
    path = projection_path(name, fingerprint)
    projection = Projection.load(path, facts, READ_IN)
    lesson = borrowed(persona, lines, projection, _lent(lender, replies), replies)
    towers = trained(lesson, FROM_DIRECTIONS)
    with torch.no_grad():
        directions = normalize(towers.reply(lesson.replies), dim=-1)
    rows = {text: row for row, text in enumerate(replies)}
    side = regressed(projection.standard(states), directions[[rows[text] for text in few]])
    middle = torch.zeros(directions.shape[1])
    head = towers.head(
        projection.standard,
        messages=Side(projection.matrix @ towers.message.weight.detach().T, middle),
        replies=side,
        known=Known.of(replies, directions),
    )
    found = aptness_path(name, fingerprint)
    head.save(found, facts, _shifts(path, facts, projection))
    print(f"{found}: {found.stat().st_size:,} bytes", file=sys.stderr)


def borrowed(
    persona: Persona,
    lines: Sequence[Marked],
    projection: Projection,
    directions: Tensor,
    replies: Sequence[str],
) -> Lesson:
    """What there is to learn from, by the projection's directions of messages and those taken.

    Marks of what is not prepared any more are left out.

    Args:
        directions: Of the prepared replies, shape (replies, directions).
        replies: Their texts.
    """
    messages = [pair.text for pair in persona.pairs]
    known = set(replies)
    kept = [
        (line.text, reply, mark)
        for line in lines
        for reply, mark in zip(line.replies, line.marks, strict=True)
        if reply in known and line.text in projection.known
    ]
    at = {text: row for row, text in enumerate(messages)}
    own = {text: row for row, text in enumerate(replies)}
    return Lesson(
        messages=projection.known.recall(messages),
        replies=directions,
        pairs=torch.tensor([(at[pair.text], own[pair.reply]) for pair in persona.pairs]),
        marked=torch.tensor([(at[text], own[reply]) for text, reply, _ in kept]),
        marks=torch.tensor([mark for _, _, mark in kept]),
    )


def regressed(features: Tensor, directions: Tensor, ridge: float = RIDGE) -> Side:
    """The side that comes nearest to directions, from standardised states of the same texts."""
    middle, centre = directions.mean(dim=0), features.mean(dim=0)
    inner = features - centre
    among = inner @ inner.T + ridge * torch.eye(len(features))
    matrix = inner.T @ torch.linalg.solve(among, directions - middle)
    return Side(matrix, middle - centre @ matrix)


def _lent(lender: str, replies: Sequence[str]) -> Tensor:
    """Directions of replies by the head of another bundled model, shape (replies, directions)."""
    engine = settings.Engine.model_validate({"model": lender, "precision": READ_IN})
    model = open_model(engine, TerminalProgress())
    facts = {"fingerprint": model.fingerprint, "vectors": Vectors(model).key}
    head = AptHead.load(aptness_path(lender, model.fingerprint), facts)
    return head.known.recall(replies)


def _shifts(path: Path, facts: dict[str, str], projection: Projection) -> dict[str, Tensor]:
    """How far other formats move the states, as the projection's file has it."""
    named = {MEANS.get(precision, "mean"): precision for precision in ("int4", "int8", "bf16")}
    return {
        name: Projection.load(path, facts, precision).standard.mean - projection.standard.mean
        for name, precision in named.items()
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
