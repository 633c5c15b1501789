"""A child as its parent sees it: asked line by line, ended with its pipe."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parent.parent.parent
#: Seconds that a process may take to end once its pipe is closed.
LEAVE_S = 5.0


class ChildFailed(Exception):
    """A child could not do what it was asked; whoever asked may go on without the answer."""


class ChildProcess:
    """A started child that waits for what it is asked.

    Args:
        command: Program and arguments; it speaks ``serving.py``'s lines.

    Attributes:
        ready_s: Seconds from its start to its first line.
        opened: What that line said.

    Raises:
        ChildFailed: It could not be opened; it has ended.
    """

    def __init__(self, command: Sequence[str]) -> None:
        # Not with ROOT as working folder: a model may be named relative to the user's.
        paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        start = time.perf_counter()
        self._process = subprocess.Popen(  # noqa: S603 - a module of this program
            command,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        try:
            self.opened = self._answer()
        except BaseException:  # Ctrl-C too: nobody holds this object yet
            self.close()
            raise
        self.ready_s = time.perf_counter() - start

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def exchange(self, request: Mapping[str, str | int]) -> Mapping[str, Any]:
        """The answer to a request.

        Raises:
            ChildFailed: It says that it failed, or it has ended.
        """
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        except OSError:
            raise ChildFailed(self._how_it_ended()) from None
        return self._answer()

    def _answer(self) -> Mapping[str, Any]:
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        line = self._process.stdout.readline()
        if not line:
            raise ChildFailed(self._how_it_ended())
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise ChildFailed(answer["error"])
        return answer

    def _how_it_ended(self) -> str:
        code = self._process.wait()
        if code < 0:
            return f"ended by signal {-code}; with 9 the system lacked memory, in most cases"
        return f"ended with exit code {code}"

    def close(self) -> None:
        """End the process: it leaves when its pipe closes, and is killed if it does not."""
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        with suppress(OSError):  # what was still to be written to a process that is gone
            self._process.stdin.close()
        try:
            self._process.wait(LEAVE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
