"""A contender's side of the pipe: JSON lines in on stdin, JSON lines out on stdout.

The first line out says what it can measure, once it has read a first mood. Then each
``{"measure": "mood", "size": 0}`` is answered by ``{"values": {"mood_ms": 61.2}}``, or by
``{"error": "…"}``. Between two lines it waits for the pipe and takes no processor time.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

import psutil

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
    """Open a contender and answer until the pipe closes, which ends the process at once.

    Ctrl-C is the parent's to handle: in a terminal it reaches every process of the run.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    out = _take_stdout()
    asked = _listen()
    try:
        opened = begin()
    except Exception as error:  # whatever a library raises is one line of the table
        _say(out, {"error": _named(error)})
        return
    measures = {"memory": memory, **opened.measures}
    facts, arguments = dict(opened.facts), list(opened.arguments)
    _say(out, {"measures": [*measures], "facts": facts, "arguments": arguments})
    for ask in asked:
        try:
            answer: dict[str, Any] = {"values": dict(measures[ask["measure"]](ask["size"]))}
        except Exception as error:
            answer = {"error": _named(error)}
        _say(out, answer)


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


def _take_stdout() -> TextIO:
    """What was stdout; from now on whatever a library prints there goes to stderr."""
    kept = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(kept, "w", encoding="utf-8", buffering=1)


def _listen() -> Iterator[dict[str, Any]]:
    """Lines of stdin, read by a thread of its own: the end of the pipe ends the work at hand."""
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        for line in sys.stdin:
            lines.put(line)
        os._exit(0)

    threading.Thread(target=read, daemon=True, name="pipe").start()
    return (json.loads(line) for line in iter(lines.get, None))


def _say(out: TextIO, answer: Mapping[str, Any]) -> None:
    out.write(json.dumps(answer) + "\n")


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
