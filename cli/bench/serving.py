"""A contender's side of the pipe: what it says of itself, and figures for what it is asked.

Its first line, once it has read a first mood, says what it can measure. Then each
``{"measure": "mood", "size": 0}`` is answered by ``{"values": {"mood_ms": 61.2}}``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from cli.child import serving
from cli.child.serving import Fields, Ready

#: Figures by name. A measure of one size (a number of messages, of turns) gives one or several.
Values = Mapping[str, float]
Measure = Callable[[int], Values]


@dataclass(frozen=True, slots=True)
class Opened:
    """A contender that is ready.

    Attributes:
        measures: What it can be asked, by name.
        facts: For the report: ``model``, ``precision``.
        arguments: Found out at this start, to be given to it at the next ones.
    """

    measures: Mapping[str, Measure]
    facts: Mapping[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()


def serve(begin: Callable[[], Opened]) -> None:
    """Open a contender and answer until the pipe closes; see ``cli.child.serving.serve``."""
    serving.serve(lambda: _ready(begin()))


def _ready(opened: Opened) -> Ready:
    measures = {"memory": memory, **opened.measures}
    facts, arguments = dict(opened.facts), list(opened.arguments)

    def answer(ask: Fields) -> Fields:
        return {"values": dict(measures[ask["measure"]](ask["size"]))}

    return Ready({"measures": [*measures], "facts": facts, "arguments": arguments}, answer)


def command_line() -> argparse.ArgumentParser:
    """What the program of every contender is given."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--settings", type=Path, required=True)
    parser.add_argument("--settle", action="store_true", help="the first start, not measured")
    parser.add_argument("--long", action="store_true", help="with room for long prompts")
    parser.add_argument("--threads", type=int, default=0, help="0: what the settings say")
    return parser


def memory(_: int = 0) -> Values:
    """Resident now and at most since the start, in MB of 10⁶ bytes; mapped weights count."""
    process = psutil.Process().memory_info()
    # The system rounds the two differently; a peak is never under what is there now.
    peak = max(process.rss, _peak_bytes(process))
    return {"rss_mb": process.rss / 1e6, "peak_mb": peak / 1e6}


def _peak_bytes(process: Any) -> int:
    if sys.platform == "win32":
        return int(process.peak_wset)
    import resource  # noqa: PLC0415 - not on Windows

    # Linux counts the parent's pages at the moment of the fork too; a parent without torch has
    # fewer than any contender. In KiB, but on macOS in bytes.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
