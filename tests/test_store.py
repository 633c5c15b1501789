from __future__ import annotations

import errno
import json
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.errors import CacheUnusable
from engine.store import (
    MANIFEST,
    UNFINISHED,
    alone,
    built,
    is_whole,
    make_private,
    room_for,
    tidy,
    watched,
)
from tests.steps import StepProgress

SOURCE = "sha256 abc, converter 1"
FILL = """
import sys
from pathlib import Path
from engine.store import alone, built
from tests.steps import StepProgress

folder = Path(sys.argv[1])
print("ready", flush=True)
with alone(folder.parent, StepProgress()), built(folder, "v1") as empty:
    for number in range(200):
        (empty / f"{number}.bin").write_bytes(bytes([number]) * 20_000)
"""


def build(folder: Path, content: bytes = b"weights", made_from: str = SOURCE) -> None:
    with alone(folder.parent, StepProgress()), built(folder, made_from) as empty:
        (empty / "a.bin").write_bytes(content)


def test_built_folder_is_whole(tmp_path: Path) -> None:
    """A finished folder is whole for what it was made from, and for nothing else."""
    folder = tmp_path / "models" / "a"

    assert not is_whole(folder, SOURCE)
    build(folder)

    assert is_whole(folder, SOURCE)
    assert not is_whole(folder, "sha256 abc, converter 2")
    assert (folder / "a.bin").read_bytes() == b"weights"


def shorten(folder: Path) -> None:
    (folder / "a.bin").write_bytes(b"weight")


def lose(folder: Path) -> None:
    (folder / "a.bin").unlink()


def garble(folder: Path) -> None:
    (folder / MANIFEST).write_text('{"made_from": ')


def empty_manifest(folder: Path) -> None:
    (folder / MANIFEST).write_text(json.dumps([]))


@pytest.mark.parametrize("harm", [shorten, lose, garble, empty_manifest])
def test_harmed_folder_is_not_whole(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    """A file that lost bytes or is gone, or an unreadable manifest, makes the folder be rebuilt."""
    folder = tmp_path / "a"
    build(folder)

    harm(folder)

    assert not is_whole(folder, SOURCE)
    build(folder, b"again")
    assert is_whole(folder, SOURCE)
    assert (folder / "a.bin").read_bytes() == b"again"


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_interrupted(tmp_path: Path, error: type[BaseException]) -> None:
    """Ctrl-C or an error while building leaves nothing behind and is raised again."""

    def interrupted() -> None:
        with alone(tmp_path, StepProgress()), built(tmp_path / "a", SOURCE) as empty:
            (empty / "a.bin").write_bytes(b"half")
            raise error

    with pytest.raises(error):
        interrupted()

    assert {entry.name for entry in tmp_path.iterdir()} == {"yixin.lock"}


def test_killed_at_random_points(tmp_path: Path) -> None:
    """kill -9 while a folder is built: it is whole with every byte, or not taken for whole."""
    folder, chance = tmp_path / "models" / "a", random.Random(5)  # noqa: S311 (no secret)
    num_unfinished = 0
    for _ in range(12):
        process = subprocess.Popen(
            [sys.executable, "-c", FILL, str(folder)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        with process.stdout:
            process.stdout.readline()
            time.sleep(chance.uniform(0, 0.06))
            process.kill()
        process.wait()
        num_unfinished += len(list(tmp_path.rglob(f"*{UNFINISHED}")))
        if is_whole(folder, "v1"):
            for number in range(200):
                assert (folder / f"{number}.bin").read_bytes() == bytes([number]) * 20_000
            shutil.rmtree(folder)

    assert num_unfinished > 0  # or else the kills came too early or too late to show anything
    build(folder)
    assert list(tmp_path.rglob(f"*{UNFINISHED}")) == []


def test_second_process_waits(tmp_path: Path) -> None:
    """Who comes second says that it waits, and goes on when the first is done."""
    progress, order = StepProgress(), []
    inside, leave = threading.Event(), threading.Event()

    def first() -> None:
        with alone(tmp_path, StepProgress()):
            inside.set()
            leave.wait(10)
            order.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    inside.wait(10)
    threading.Timer(0.3, leave.set).start()
    with alone(tmp_path, progress):
        order.append("second")
    thread.join()

    assert order == ["first", "second"]
    assert list(progress.done) == [f"Waiting for another process that fills {tmp_path}"]


def test_what_others_call_unfinished_is_left_alone(tmp_path: Path) -> None:
    """Only what this project left is swept, and only in the folder itself."""
    theirs = tmp_path / "models" / "thesis.unfinished"
    below = tmp_path / "models" / "below" / f"a{UNFINISHED}"
    ours = tmp_path / "models" / f"a{UNFINISHED}"
    for folder in (theirs, below, ours):
        folder.mkdir(parents=True)

    with alone(tmp_path / "models", StepProgress()):
        pass

    assert [folder.exists() for folder in (theirs, below, ours)] == [True, True, False]


def test_tidy(tmp_path: Path) -> None:
    """What was left unfinished is deleted, but never under the hands of a process at work."""
    build(tmp_path / "a")
    (tmp_path / f"b{UNFINISHED}").mkdir()

    with alone(tmp_path, StepProgress()), built(tmp_path / "c", SOURCE) as at_work:
        tidy(tmp_path)
        assert at_work.exists()
    (tmp_path / f"b{UNFINISHED}").mkdir()
    tidy(tmp_path)

    assert {"a", "c", "yixin.lock"} == {entry.name for entry in tmp_path.iterdir()}


def test_new_folders_are_private(tmp_path: Path) -> None:
    """Each folder that is created is for its owner alone; one that was there keeps its mode."""
    (tmp_path / "there").mkdir(mode=0o755)

    make_private(tmp_path / "there" / "a" / "b")
    build(tmp_path / "there" / "a" / "b" / "c")

    folders = ["there", "there/a", "there/a/b", "there/a/b/c"]
    modes = [(tmp_path / folder).stat().st_mode & 0o777 for folder in folders]
    assert modes == [0o755, 0o700, 0o700, 0o700]


def test_file_in_place_of_the_folder(tmp_path: Path) -> None:
    """A cache folder that cannot be made is named, with the setting that moves it."""
    (tmp_path / "cache").write_text("a file")

    with pytest.raises(CacheUnusable) as caught:
        build(tmp_path / "cache" / "models" / "a")

    assert str(tmp_path / "cache" / "models") in str(caught.value)
    assert "engine.cache_dir" in str(caught.value)


def test_read_only_disk(small_disk: Path) -> None:
    """On a disk that is mounted read-only the message says that, and what is there still serves."""
    build(small_disk / "models" / "a")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)

    with pytest.raises(CacheUnusable, match=r"Read-only.*engine\.cache_dir"):
        build(small_disk / "models" / "b")

    assert is_whole(small_disk / "models" / "a", SOURCE)


def test_too_little_room(small_disk: Path) -> None:
    """Where the disk is too small, that is said before anything is written, with all figures."""
    with (
        pytest.raises(CacheUnusable) as caught,
        room_for(small_disk, 500_000_000, what="the weights of tiny"),
    ):
        pytest.fail("the block ran")

    free = shutil.disk_usage(small_disk).free
    assert f"no room in {small_disk} for the weights of tiny" in str(caught.value)
    assert f"567,108,864 bytes needed, {free:,} free" in str(caught.value)


def test_disk_fills_up(small_disk: Path) -> None:
    """A disk that fills up meanwhile gives the same message, and the half folder is deleted."""

    def overfill() -> None:
        with (
            alone(small_disk / "models", StepProgress()),
            built(small_disk / "models" / "a", SOURCE) as empty,
            room_for(empty, 1_000_000, what="the weights of tiny"),
        ):
            (empty / "a.bin").write_bytes(bytes(200_000_000))

    with pytest.raises(CacheUnusable, match=r"the weights of tiny: 68,108,864 bytes needed"):
        overfill()

    assert [entry.name for entry in (small_disk / "models").iterdir()] == ["yixin.lock"]


def test_other_errors_pass_through_room_for(tmp_path: Path) -> None:
    """Only a full disk is reported as one."""
    with pytest.raises(OSError, match="Input/output") as caught, room_for(tmp_path, 1, what="a"):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    assert caught.value.errno == errno.EIO


def test_watched_reports_growth() -> None:
    """What another program writes is reported as it grows, and never backwards."""
    sizes = iter([100, 300, 250, 400])
    amounts: list[int] = []
    seen_all = threading.Event()

    def measure() -> int:
        return next(sizes, 400)

    def advance(amount: int) -> None:
        amounts.append(amount)
        if sum(amounts) == 400:
            seen_all.set()

    with watched(measure, advance):
        seen_all.wait(10)

    assert amounts[:4] == [100, 200, 0, 100]
