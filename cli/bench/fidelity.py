"""What a number format costs in quality: would it have gone on as bf16 did?"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from cli.bench.child import Child
from cli.bench.contender import Contender
from cli.bench.figures import agreement
from cli.child.process import ChildFailed
from engine.progress import Progress

#: Whose replies the others are compared with: the format that the weights are published in.
REFERENCE = "bf16"
#: Tokens of those replies.
PLACES = 2000


def agreements(contenders: Sequence[Contender], progress: Progress) -> dict[str, float]:
    """Share of places of bf16's greedy replies where each finds the same token likeliest."""
    ours = sorted(contenders, key=lambda contender: contender.name != REFERENCE)
    found: dict[str, list[int]] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        progress.task("Comparing with bf16", len(ours), "precisions") as advance,
    ):
        for contender in ours:
            given = contender.given("--replies", str(Path(folder) / "replies.json"))
            try:
                found[contender.name] = _tokens(given)
            except ChildFailed:
                if contender.name == REFERENCE:
                    return {}  # nothing to compare with
            advance(1)
    reference = found.get(REFERENCE, [])
    return {name: agreement(tokens, reference) for name, tokens in found.items() if tokens}


def _tokens(contender: Contender) -> list[int]:
    with Child(contender) as child:
        if contender.name == REFERENCE:
            child.ask("write", 0)
        return [int(token) for token in child.ask("follow", PLACES).values()]
