"""Processes of the program that have its libraries loaded already: forks of one that waits.

Importing torch, transformers and SQLAlchemy takes three seconds, and the suite starts the program
some sixty times. Each fork is a process of its own as any other, with its own pipes, environment,
signals and exit code. Run as a program, this file is the one that waits and forks.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import functools
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
STANDARD = (0, 1, 2)
#: An exit code, or the number of the signal that ended it.
STATUS_BYTES = 4


class Fork:
    """A process at work, as ``asyncio.subprocess`` shows one."""

    def __init__(
        self,
        link: socket.socket,
        pid: int,
        stdin: asyncio.StreamWriter,
        stdout: asyncio.StreamReader,
        stderr: asyncio.StreamReader,
    ) -> None:
        self.pid, self.stdin, self.stdout, self.stderr = pid, stdin, stdout, stderr
        self.returncode: int | None = None
        self._link = link
        self._status = asyncio.create_task(self._wait())

    async def wait(self) -> int:
        return await asyncio.shield(self._status)

    def send_signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    async def communicate(self, stdin: bytes) -> tuple[bytes, bytes]:
        """Write all of ``stdin`` and read to the end, at once."""
        out, err, _ = await asyncio.gather(
            self.stdout.read(), self.stderr.read(), self._feed(stdin)
        )
        await self.wait()
        return out, err

    async def _feed(self, stdin: bytes) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.stdin.write(stdin)
            await self.stdin.drain()
        self.stdin.close()

    async def _wait(self) -> int:
        loop = asyncio.get_running_loop()
        try:
            told = await loop.sock_recv(self._link, STATUS_BYTES)
        finally:
            self._link.close()
        self.returncode = int.from_bytes(told, "big", signed=True)
        return self.returncode


async def fork(
    program: Path, arguments: Sequence[str], *, env: Mapping[str, str], cwd: Path
) -> Fork:
    """Start a Python program in a fork, with pipes for its input and outputs."""
    loop = asyncio.get_running_loop()
    theirs_in, ours_in = os.pipe()
    ours_out, theirs_out = os.pipe()
    ours_err, theirs_err = os.pipe()
    link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    asked = json.dumps([str(program), *arguments, dict(env), str(cwd)]).encode()
    link.connect(waiting())
    socket.send_fds(link, [len(asked).to_bytes(4, "big")], [theirs_in, theirs_out, theirs_err])
    link.sendall(asked)
    for descriptor in (theirs_in, theirs_out, theirs_err):
        os.close(descriptor)
    link.setblocking(False)
    pid = int.from_bytes(await loop.sock_recv(link, STATUS_BYTES), "big")
    stdin, stdout, stderr = await _writer(ours_in), await _reader(ours_out), await _reader(ours_err)
    return Fork(link, pid, stdin, stdout, stderr)


async def _reader(descriptor: int) -> asyncio.StreamReader:
    reader, loop = asyncio.StreamReader(), asyncio.get_running_loop()
    pipe = os.fdopen(descriptor, "rb", buffering=0)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    return reader


async def _writer(descriptor: int) -> asyncio.StreamWriter:
    loop = asyncio.get_running_loop()
    pipe = os.fdopen(descriptor, "wb", buffering=0)
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, pipe)
    return asyncio.StreamWriter(transport, protocol, None, loop)


@functools.cache
def waiting() -> str:
    """Address of the process that forks, started on first need; it ends with this one."""
    folder = tempfile.TemporaryDirectory(prefix="forks")
    address = str(Path(folder.name) / "socket")
    pipe = subprocess.PIPE
    process = subprocess.Popen([sys.executable, __file__, address], stdin=pipe, stdout=pipe)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdout.readline()

    def end() -> None:
        with process:  # closes its pipes, which is what it ends at, and waits
            pass
        folder.cleanup()

    atexit.register(end)
    return address


# -- the process that waits ----------------------------------------------------------------


def serve(address: str) -> None:
    """Fork for everybody who asks, until standard input ends."""
    import cli.audit  # noqa: F401, PLC0415
    import engine.engine  # noqa: F401, PLC0415
    import service  # noqa: F401, PLC0415
    import wechat.channel  # noqa: F401, PLC0415

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how the keepers end
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(address)
        listener.listen(16)
        print("listening", flush=True)
        while True:
            ready, _, _ = select.select([listener, sys.stdin], [], [])
            if listener not in ready:
                return None
            link, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                return _keep(link)
            link.close()


def _keep(link: socket.socket) -> None:
    """Start what is asked for, tell its pid, wait for its end, and tell that."""
    size, descriptors, _, _ = socket.recv_fds(link, 4, len(STANDARD))
    asked = b""
    while len(asked) < int.from_bytes(size, "big"):
        asked += link.recv(65_536)
    if (pid := os.fork()) == 0:
        link.close()
        for ours, standard in zip(descriptors, STANDARD, strict=True):
            os.dup2(ours, standard)
            os.close(ours)
        return _become(*json.loads(asked))
    for descriptor in (*descriptors, *STANDARD):
        os.close(descriptor)
    link.sendall(pid.to_bytes(STATUS_BYTES, "big"))
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    with contextlib.suppress(OSError):  # who asked is gone
        link.sendall(code.to_bytes(STATUS_BYTES, "big", signed=True))
    os._exit(0)


def _become(program: str, *rest: Any) -> None:
    *arguments, environment, folder = rest
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    # Those of the process that waits remember whether *its* files could be sought in.
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - for as long as the process lives
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115
    sys.argv = [program, *arguments]
    sys.path[0] = str(Path(program).parent)
    runpy.run_path(program, run_name="__main__")


if __name__ == "__main__":
    sys.path[0] = str(ROOT)
    serve(sys.argv[1])
