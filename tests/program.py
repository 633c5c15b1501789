"""``python bot.py`` as its users start it: a process of its own, its files, its exit code."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from handlers.audit.reader import Query, Record, select
from settings import Audit
from tests.forks import Fork, fork
from tests.tiny import model, write_gguf

ROOT = Path(__file__).resolve().parent.parent
PATIENCE_S = 90.0
#: The shipped persona without what takes a model seconds to read.
PERSONA = "plain.yaml"
WORDY = ("bank", "open", "occasions", "examples")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run of the program ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Home:
    """A user's machine: a model (tiny, with random weights), a cache, an audit folder."""

    folder: Path
    audit: Path

    @classmethod
    def furnish(cls, folder: Path) -> Home:
        write_gguf(folder / "tiny.gguf", model())
        shipped = yaml.safe_load((ROOT / "personas" / "yixin.yaml").read_text("utf-8"))
        plain = {key: value for key, value in shipped.items() if key not in WORDY}
        (folder / PERSONA).write_text(yaml.safe_dump(plain, allow_unicode=True), "utf-8")
        return cls(folder, folder / "audit")

    def with_audit(self, folder: Path) -> Home:
        """This home with an audit log of its own, so that its model is converted but once."""
        return replace(self, audit=folder)

    def environment(self, overrides: Mapping[str, str]) -> dict[str, str]:
        """The machine's variables, this home's settings, and ``overrides`` (``ENGINE__MODEL``)."""
        outside = {k: v for k, v in os.environ.items() if not k.startswith(("YIXIN_", "WECHATY_"))}
        own = {
            "ENGINE__MODEL": str(self.folder / "tiny.gguf"),
            "ENGINE__CACHE_DIR": str(self.folder / "cache"),
            "ENGINE__PRECISION": "fp32",
            "ENGINE__MAX_PROMPT_TOKENS": "8192",
            "ENGINE__MAX_NEW_TOKENS": "8",
            "REPLY__PERSONA": str(self.folder / PERSONA),
            "AUDIT__FOLDER": str(self.audit),
        }
        named = {k: v for k, v in overrides.items() if k.startswith("WECHATY_")}
        mine = {f"YIXIN_{k}": v for k, v in {**own, **overrides}.items() if k not in named}
        return outside | mine | named

    def records(self) -> list[Record]:
        """What the audit log holds, oldest first."""
        return list(select(Audit(folder=str(self.audit)), Query()))

    def record_of(self, text: str) -> Record:
        [record] = [record for record in self.records() if record.raw == text]
        return record


def run_afresh(home: Home, stdin: bytes = b"") -> Ended:
    """Run the program to its end as a shell starts it: nothing loaded before, all as shipped."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "bot.py")],
        input=stdin,
        capture_output=True,
        env=home.environment({"REPLY__PERSONA": "yixin"}),
        cwd=home.folder,
        timeout=PATIENCE_S,
        check=False,
    )
    return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())


async def run(
    home: Home,
    *arguments: str,
    stdin: bytes = b"",
    overrides: Mapping[str, str] | None = None,
    patience_s: float = PATIENCE_S,
) -> Ended:
    """Run the program to its end with ``stdin`` on a pipe."""
    process = await _forked(home, arguments, overrides or {})
    out, err = await asyncio.wait_for(process.communicate(stdin), patience_s)
    return Ended(process.returncode or 0, out.decode(), err.decode())


class Running:
    """A program at work; its log is read while it runs."""

    def __init__(self, process: Fork) -> None:
        self._process = process
        self.log = ""
        self._reading = asyncio.create_task(self._read())
        self._grown = asyncio.Event()

    async def logged(self, event: str) -> None:
        """Wait until the log names an event; a program that has ended will not."""
        async with asyncio.timeout(PATIENCE_S):
            while event not in self.log:
                assert not self._reading.done(), f"ended without {event!r}:\n{self.log}"
                self._grown.clear()
                await self._grown.wait()

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    async def ended(self) -> int:
        """Exit code, once it has ended."""
        code = await asyncio.wait_for(self._process.wait(), PATIENCE_S)
        await self._reading
        return code

    async def kill(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self.ended()

    async def _read(self) -> None:
        async for line in self._process.stderr:
            self.log += line.decode()
            self._grown.set()
        asyncio.get_running_loop().call_soon(self._grown.set)  # once this task is done


@asynccontextmanager
async def running(home: Home, overrides: Mapping[str, str]) -> AsyncIterator[Running]:
    """The program at work; killed at the end if it has not left by itself."""
    program = Running(await _forked(home, (), overrides))
    try:
        yield program
    finally:
        await program.kill()


async def _forked(home: Home, arguments: tuple[str, ...], overrides: Mapping[str, str]) -> Fork:
    return await fork(ROOT / "bot.py", arguments, env=home.environment(overrides), cwd=home.folder)
