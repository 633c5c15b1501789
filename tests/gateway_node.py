"""The real npm gateway around a mock account, in a process of its own.

Installed once into the user's cache folder, by the lock file; started in a second or two.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from platformdirs import user_cache_path

SOURCE = Path(__file__).resolve().parent / "gateway"
OLDEST_NODE = 18
#: Installing takes half a minute where the registry is near.
INSTALL_S = 600
PATIENCE_S = 20.0

HOW_TO_INSTALL = (
    f"the gateway tests need Node {OLDEST_NODE} or newer with npm; install it from nodejs.org or "
    "with your package manager (apt-get install nodejs npm, brew install node, winget install "
    "OpenJS.NodeJS), or leave these tests out: "
    "make test ARGS=\"-m 'not gateway and not soak and not hours'\""
)


class NodeGateway:
    """One gateway process at one port; it can be killed and started again.

    Attributes:
        calls: What clients asked of the account, in order.
    """

    def __init__(self, folder: Path, token: str, *, tls: bool) -> None:
        self.port = _free_port()
        self.calls: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        security = ["tls"] if tls else []
        self._command = [_node(), str(folder / "gateway.mjs"), str(self.port), token, *security]
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the process, and wait until it listens."""
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            *self._command, stdin=pipe, stdout=pipe
        )
        listening = asyncio.Event()
        assert self._process.stdout is not None
        self._reading = asyncio.create_task(self._read(self._process.stdout, listening))
        await asyncio.wait_for(listening.wait(), PATIENCE_S)

    async def kill(self) -> None:
        assert self._process is not None
        assert self._reading is not None
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        await self._reading

    async def do(self, command: str, **details: object) -> None:
        """Make something happen; the commands are those of ``gateway.mjs``."""
        assert self._process is not None
        assert self._process.stdin is not None
        line = json.dumps({"do": command, **details}) + "\n"
        self._process.stdin.write(line.encode())
        await self._process.stdin.drain()

    async def say(self, talker: str, text: str, **details: object) -> None:
        """Somebody writes; details: ``room``, ``to``, ``mention``, ``ageS``, ``type``, ``id``."""
        await self.do("say", **{"from": talker}, text=text, **details)

    async def called(self, name: str) -> dict[str, Any]:
        """The next call of that name; those before it are passed over."""
        async with asyncio.timeout(PATIENCE_S):
            while (call := await self.calls.get())["call"] != name:
                pass
            return call

    async def _read(self, stdout: asyncio.StreamReader, listening: asyncio.Event) -> None:
        async for line in stdout:
            if not line.startswith(b"{"):  # the gateway's own log
                continue
            told = json.loads(line)
            if "call" in told:
                self.calls.put_nowait(told)
            elif told.get("event") == "listening":
                listening.set()


@asynccontextmanager
async def node_gateway(token: str = "token", *, tls: bool = False) -> AsyncIterator[NodeGateway]:
    """A running gateway whose account logs in as soon as a client connects.

    There are ``bot`` (机器人), ``alice``, ``bob`` and the room ``lab@chatroom`` (实验室).

    Args:
        tls: With the certificate that gateways bring along; its name is ``insecure``, for its key
            is public.
    """
    folder = await asyncio.to_thread(installed)
    gateway = NodeGateway(folder, token, tls=tls)
    await gateway.start()
    try:
        yield gateway
    finally:
        await gateway.kill()


def installed() -> Path:
    """The folder with the gateway and what it needs, installed on first need.

    Fails the test where there is no Node to run it; skipping would hide that nothing was tested.
    """
    _node()
    what = hashlib.sha256((SOURCE / "package-lock.json").read_bytes()).hexdigest()[:16]
    folder = user_cache_path("yixin") / "gateway" / what
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(".lock")):
        for name in (".npmrc", "package.json", "package-lock.json", "gateway.mjs"):
            shutil.copyfile(SOURCE / name, folder / name)
        if not (folder / "installed").exists():
            _install(folder)
            (folder / "installed").touch()
    return folder


def _install(folder: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.fail(HOW_TO_INSTALL)
    # Nothing in there needs its install scripts, so none is run.
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_S, check=False
    )
    if done.returncode != 0:
        pytest.fail(f"npm ci failed in {folder}; run it there by hand to see why:\n{done.stderr}")


def _node() -> str:
    node = shutil.which("node")
    if node is None:
        pytest.fail(HOW_TO_INSTALL)
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.removeprefix("v").partition(".")[0]) < OLDEST_NODE:
        pytest.fail(f"{HOW_TO_INSTALL}\nfound {version.strip()} at {node}")
    return node


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
