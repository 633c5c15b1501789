"""Disks that stall, fill up and refuse, and a wall clock that is moved: real ones, under the bot.

Stalls and clocks are those of a process of its own, under a shim that ``cc`` compiles; a full disk
is a small tmpfs, and a refusing one files that were made immutable while they are open.
"""

from __future__ import annotations

import asyncio
import functools
import json
import os
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from cli import logs
from handlers.audit.errors import AuditError
from handlers.exchange import Gate, Outcome
from settings import Log, Settings
from tests import house
from tests.house import Scene

ROOT = Path(__file__).resolve().parent.parent
LEFT = {Outcome.SENDING, Outcome.SENT, Outcome.UNCERTAIN}
LAG_P99_MS = 20.0


# -- a disk without room, a disk that refuses ----------------------------------------------


def unaccounted(settings: Settings, scene: Scene) -> list[str]:
    """Chats that got a reply of which no row says so; there must be none (trap 17)."""
    by_chat = {row.chat_id: row for row in house.records(settings).values() if row.outcome in LEFT}
    return [chat for chat, times in scene.sends().items() if chat not in by_chat or times > 1]


async def through_trouble(
    settings: Settings, trouble: Callable[[], None], mended: Callable[[], None]
) -> tuple[Scene, int]:
    """Messages before, during and after trouble with the disk; how many were taken during it."""
    taken = 0

    async def play(scene: Scene) -> None:
        nonlocal taken
        await scene.until_ended(*(scene.write(f"before-{n}", message_id=f"b{n}") for n in range(5)))
        trouble()
        for n in range(20):
            scene.write(f"during-{n}", "满" * 3000, message_id=f"d{n}")
        await asyncio.sleep(1.0)
        taken = sum(name.startswith("d") for name in scene.ended)
        mended()
        # A message that comes while the last refusals are still on their way may be refused too.
        for n in range(5):
            await asyncio.sleep(0.1)
            scene.write(f"after-{n}", message_id=f"a{n}")
        await scene.until_ended("a4")

    return await house.live(settings, play), taken


async def test_on_a_full_disk_no_reply_leaves_without_its_row(small_disk: Path) -> None:
    """With no room left nobody is answered; with room again the next one is, by itself."""
    ballast, settings = small_disk / "ballast", house.config(small_disk)

    def fill() -> None:
        with suppress(OSError), ballast.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))

    scene, taken = await through_trouble(settings, fill, ballast.unlink)
    rows = house.records(settings)

    assert taken < 20
    assert unaccounted(settings, scene) == []
    assert {rows["b4"].outcome, rows["a4"].outcome} == {Outcome.SENT}


async def test_on_a_disk_that_refuses_no_reply_leaves_without_its_row(tmp_path: Path) -> None:
    """Database and journal become immutable while open: nobody is answered until they are not."""
    settings = house.config(tmp_path)
    files = [str(tmp_path / "audit" / name) for name in ("audit.db", "audit.db-wal")]
    if not enforced(tmp_path):
        pytest.skip("needs root and a file system that refuses writes to immutable open files")

    def protect(how: str) -> None:
        subprocess.run(["chattr", how, *files], check=False, capture_output=True)

    try:
        scene, taken = await through_trouble(settings, lambda: protect("+i"), lambda: protect("-i"))
    finally:
        protect("-i")
    rows = house.records(settings)

    assert taken == 0
    assert unaccounted(settings, scene) == []
    assert len(rows) < 30, "nothing was refused"
    assert {rows["b4"].outcome, rows["a4"].outcome} == {Outcome.SENT}


def test_a_read_only_disk_is_said_and_nothing_is_answered(small_disk: Path) -> None:
    """A disk that was mounted read-only: no start without a log; writable again, it goes on."""
    settings = house.config(small_disk)

    def live_for_one(message_id: str) -> Scene:
        async def play(scene: Scene) -> None:
            await scene.until_ended(scene.write("alice", message_id=message_id))

        return asyncio.run(house.live(settings, play))

    def remount(how: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{how}", str(small_disk)], check=True)

    live_for_one("before")
    remount("ro")
    with pytest.raises(AuditError, match="Read-only file system"):
        live_for_one("during")
    remount("rw")

    assert live_for_one("after").sends() == {"alice": 1}
    assert list(house.records(settings)) == ["before", "after"]


def enforced(folder: Path) -> bool:
    """Whether a file that is made immutable can no longer be written by who has it open."""
    probe = folder / "probe"
    with probe.open("wb", buffering=0) as file:
        try:
            subprocess.run(["chattr", "+i", str(probe)], check=True, capture_output=True)
            file.write(b"x")
        except (OSError, subprocess.CalledProcessError):
            return bool(probe.stat().st_size == 0)
        finally:
            subprocess.run(["chattr", "-i", str(probe)], check=False, capture_output=True)
    return False


# -- a stalled fsync, a moved clock --------------------------------------------------------


class Faults:
    """What the shim does to a process, from now on; shared with it by a file."""

    def __init__(self, file: Path | str) -> None:
        self._file = Path(file)
        self.set()

    def set(self, *, fsync_s: float = 0.0, clock_s: float = 0.0) -> None:
        with self._file.open("r+b" if self._file.exists() else "wb", buffering=0) as file:
            file.write(struct.pack("dd", fsync_s, clock_s))


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    library = tmp_path_factory.mktemp("shim") / "faults.so"
    source = ROOT / "tests" / "faults.c"
    try:
        subprocess.run(
            ["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(source), "-ldl"],
            check=True,
            capture_output=True,
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs a C compiler, and a system with LD_PRELOAD")
    return library


def played(shim: Path, folder: Path, messages: int) -> dict[str, dict[str, object]]:
    """Run the plays below in a process under the shim; what they reported, by name."""
    environment = os.environ | {
        "LD_PRELOAD": str(shim),
        "FAULTS": str(folder / "faults"),
        "PYTHONPATH": str(ROOT),
    }
    Faults(folder / "faults")
    done = subprocess.run(
        [sys.executable, "-m", "tests.test_faults", str(folder), str(messages)],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
        timeout=90,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[str, object]] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


async def stalled(folder: Path, fsync_s: float, messages: int) -> dict[str, object]:
    """Messages while each fsync takes so long: how late the loop was meanwhile."""
    settings, faults, lags = house.config(folder), Faults(os.environ["FAULTS"]), list[float]()

    async def watch() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            lags.append((time.perf_counter() - before - 0.001) * 1e3)

    async def play(scene: Scene) -> None:
        await scene.until_ended(scene.write("first"))
        faults.set(fsync_s=fsync_s)
        watching, start = asyncio.create_task(watch()), time.perf_counter()
        await scene.until_ended(*(scene.write(f"p{n}") for n in range(messages)))
        took = time.perf_counter() - start
        watching.cancel()
        faults.set()
        found["took_s"] = took

    found: dict[str, object] = {}
    scene = await house.live(settings, play)
    lags.sort()
    return found | {"p99_ms": lags[len(lags) * 99 // 100], "sent": scene.sends().total()}


async def clock_moved(folder: Path) -> dict[str, object]:
    """A message before and after each jump of the wall clock, by a day, back, and back again."""
    settings, faults = house.config(folder), Faults(os.environ["FAULTS"])
    true_now = time.time()
    start = time.monotonic()

    async def play(scene: Scene) -> None:
        for n, shift in enumerate((0.0, 86_400.0, 0.0, -86_400.0, 0.0)):
            faults.set(clock_s=shift)
            sent_at = true_now + time.monotonic() - start  # by the platform's clock, which is right
            await scene.until_ended(scene.write(f"p{n}", message_id=f"m{n}", sent_at=sent_at))

    scene = await house.live(settings, play)
    rows = house.records(settings)
    return {
        "sent": sorted(scene.sends()),
        "gates": {name: row.gate for name, row in rows.items()},
        "order": [row.seq for row in rows.values()],
        "took_s": time.monotonic() - start,
    }


async def both(folder: Path, messages: int) -> dict[str, object]:
    """One play after the other in one process, since its start takes longer than they do."""
    logs.set_up(Settings(log=Log(level="error")))
    return {
        "stalled": await stalled(folder / "stalled", 0.2, messages),
        "clock_moved": await clock_moved(folder / "clock"),
    }


Found = Callable[[str, int], dict[str, object]]


@pytest.fixture(scope="module")
def reported(shim: Path, tmp_path_factory: pytest.TempPathFactory) -> Found:
    """What a play reported, by its name and the number of messages."""

    @functools.cache
    def run(messages: int) -> dict[str, dict[str, object]]:
        return played(shim, tmp_path_factory.mktemp("faults"), messages)

    return lambda name, messages: run(messages)[name]


FEW = 3


@pytest.mark.parametrize("messages", [FEW, pytest.param(50, marks=pytest.mark.soak)])
def test_a_stalled_fsync_does_not_stall_the_loop(reported: Found, messages: int) -> None:
    """While each fsync takes 200 ms longer the loop lags less than 20 ms (p99, trap 17)."""
    found = reported("stalled", messages)
    print(f"fsync stalled 200 ms, {messages} messages in {found['took_s']:.1f} s: {found}")

    assert found["sent"] == messages + 1
    assert float(str(found["took_s"])) > 0.6, "the disk was never slow"
    assert float(str(found["p99_ms"])) < LAG_P99_MS


def test_a_clock_that_is_moved_under_the_program(reported: Found) -> None:
    """A day ahead, right, a day behind, right: all on record in order, nothing hangs.

    A clock that is a day ahead makes every message look a day old, so that one is left alone.
    """
    found = reported("clock_moved", FEW)

    assert found["sent"] == ["p0", "p2", "p3", "p4"]
    assert found["gates"] == {
        **dict.fromkeys(("m0", "m2", "m3", "m4")),
        "m1": Gate.STALE,
    }
    assert found["order"] == [1, 2, 3, 4, 5]
    assert float(str(found["took_s"])) < 20


if __name__ == "__main__":
    where, number = sys.argv[1:]
    print(json.dumps(asyncio.run(both(Path(where), int(number)))))
