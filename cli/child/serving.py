"""A child's side of the pipe: JSON lines in on stdin, JSON lines out on stdout.

The first line out is what it says of itself once it is ready. Then each line in is answered by
one, or by ``{"error": "…"}``. Between two lines it waits for the pipe and takes no processor time.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TextIO

#: A line of either side, as JSON has it.
Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ready:
    """A child that can be asked.

    Attributes:
        hello: Its first line.
        answer: The answer to a request; what it raises becomes the error that the parent sees.
    """

    hello: Fields
    answer: Callable[[Fields], Fields]


def serve(begin: Callable[[], Ready]) -> None:
    """Open a child and answer until the pipe closes, which ends the process at once.

    Ctrl-C is the parent's to handle: in a terminal it reaches every process of the run.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    out = _take_stdout()
    requests = _listen()
    try:
        ready = begin()
    except Exception as error:  # whatever a library raises is one line for a person to read
        _say(out, {"error": _named(error)})
        return
    _say(out, ready.hello)
    for request in requests:
        try:
            answer = ready.answer(request)
        except Exception as error:
            answer = {"error": _named(error)}
        _say(out, answer)


def _take_stdout() -> TextIO:
    """What was stdout; from now on whatever a library prints there goes to stderr."""
    kept = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(kept, "w", encoding="utf-8", buffering=1)


def _listen() -> Iterator[Fields]:
    """Lines of stdin, read by a thread of its own: the end of the pipe ends the work at hand."""
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        for line in sys.stdin:
            lines.put(line)
        os._exit(0)

    threading.Thread(target=read, daemon=True, name="pipe").start()
    return (json.loads(line) for line in iter(lines.get, None))


def _say(out: TextIO, answer: Fields) -> None:
    out.write(json.dumps(answer) + "\n")


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
