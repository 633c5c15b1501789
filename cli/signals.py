"""Ctrl-C and SIGTERM: the first asks the program to stop, the second makes it leave."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

#: Exit code of a program ended by Ctrl-C, by the shells' convention.
INTERRUPTED = 130
STDERR = 2


def signalled() -> Coroutine[Any, Any, bool]:
    """Takes over SIGINT and SIGTERM now; the coroutine ends at the first of them.

    A second leaves at once; the next start accounts for what was under way. ``signal.signal`` and
    not the loop's own handlers, which Windows has not.
    """
    loop, stop, asked = asyncio.get_running_loop(), asyncio.Event(), itertools.count()

    def handle(number: int, _: object) -> None:
        if next(asked):
            os._exit(INTERRUPTED)
        loop.call_soon_threadsafe(stop.set)
        # Not sys.stderr: where the signal came amidst a write to it, another one raises.
        with suppress(OSError):
            os.write(STDERR, b"\nstopping; once more to leave at once\n")

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handle)
    return stop.wait()
