"""Folders of weights that are either whole or absent, whatever ends the program meanwhile.

A folder is built under another name, brought to the disk, and renamed last. Whether it can be used
is decided by its manifest: what it was made from, and how long each of its files must be.
"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from engine.errors import CacheUnusable
from engine.progress import Progress

MANIFEST = "manifest.json"
LOCK = "yixin.lock"
#: Unmistakable, because folders of this name are deleted, perhaps in a folder the user has chosen.
UNFINISHED = ".yixin-unfinished"
#: Room for what stands beside the weights (a tokenizer has 11 MB), and for the file system itself.
SPARE_BYTES = 64 << 20
POLL_S = 0.25
NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


def is_whole(folder: Path, made_from: str) -> bool:
    """Whether ``folder`` was finished, out of exactly this, and still has all of its bytes."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return bool(manifest["made_from"] == made_from) and all(
            (folder / name).stat().st_size == size for name, size in manifest["files"].items()
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


@contextmanager
def alone(root: Path, progress: Progress) -> Iterator[None]:
    """The folder ``root`` for this process alone, cleared of what killed ones left unfinished.

    A second process waits here and says so. The system ends the lock with the process that holds
    it, so that a killed one keeps nobody waiting.

    Raises:
        CacheUnusable: The folder cannot be made or written; also where the block finds that out.
    """
    with _explained(root):
        make_private(root)
        with _locked(root, progress):
            _sweep(root)
            yield


def tidy(root: Path) -> None:
    """Deletes what killed processes left in ``root``, unless one is at work there right now."""
    if any(root.glob(f"*{UNFINISHED}")):
        with suppress(OSError, Timeout), FileLock(root / LOCK, timeout=0):
            _sweep(root)


@contextmanager
def built(folder: Path, made_from: str) -> Iterator[Path]:
    """An empty folder to fill; it becomes ``folder`` if the block ends well, else it is deleted.

    To be used inside ``alone``. What stood at ``folder`` before is deleted first.
    """
    shutil.rmtree(folder, ignore_errors=True)
    unfinished = Path(tempfile.mkdtemp(UNFINISHED, f"{folder.name}.", folder.parent))  # mode 0700
    try:
        yield unfinished
        files = {file.name: file.stat().st_size for file in sorted(unfinished.iterdir())}
        manifest = json.dumps({"made_from": made_from, "files": files}, indent=2)
        (unfinished / MANIFEST).write_text(manifest, encoding="utf-8")
        for name in (*files, MANIFEST):
            to_disk(unfinished / name)
        to_disk(unfinished)
        unfinished.rename(folder)
        to_disk(folder.parent)
    except BaseException:  # Ctrl-C too: what is left would be gigabytes of no use to anyone
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


@contextmanager
def room_for(folder: Path, num_bytes: int, *, what: str) -> Iterator[None]:
    """Raises CacheUnusable where the disk is too full: before the block, or while it writes."""
    if shutil.disk_usage(folder).free < num_bytes + SPARE_BYTES:
        raise CacheUnusable(_full(folder, num_bytes, what))
    try:
        yield
    except OSError as error:
        if error.errno not in NO_SPACE:
            raise
        raise CacheUnusable(_full(folder, num_bytes, what)) from error


def os_error(error: Exception) -> OSError | None:
    """What libraries written in Rust say of a full disk: in the text, without a number."""
    told = re.search(r"\(os error (\d+)\)", str(error))
    return OSError(int(told[1]), str(error)) if told else None


def make_private(folder: Path) -> None:
    """The folder with its parents, each new one for this user alone (``parents=True`` is not)."""
    for path in reversed([folder, *folder.parents]):
        if not path.is_dir():
            path.mkdir(mode=0o700, exist_ok=True)


def write_whole(path: Path, content: bytes) -> None:
    """Write a small file so that a kill or a full disk leaves the old one or the new one.

    Raises:
        CacheUnusable: The folder is not writable, or its disk is full.
    """
    unfinished = path.with_name(f"{path.name}{UNFINISHED}")
    try:
        make_private(path.parent)
        unfinished.write_bytes(content)
        to_disk(unfinished)
        unfinished.replace(path)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink()
        raise CacheUnusable(f"cannot write {path}: {error.strerror}") from error


def to_disk(path: Path) -> None:
    """Waits until a file, or the names in a folder, would survive a loss of power."""
    if os.name == "nt":
        return  # it cannot open a folder, and syncs a file only through a handle that writes
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def watched(measure: Callable[[], int], advance: Callable[[int], None]) -> Iterator[None]:
    """Reports how ``measure`` grows, in bytes, while another program or library does the work."""
    stop = threading.Event()

    def watch() -> None:
        seen = 0
        while not stop.wait(POLL_S):
            now = max(seen, measure())
            advance(now - seen)
            seen = now

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        stop.set()
        watcher.join()


def _sweep(root: Path) -> None:
    for leftover in list(root.glob(f"*{UNFINISHED}")):
        shutil.rmtree(leftover)


@contextmanager
def _locked(root: Path, progress: Progress) -> Iterator[None]:
    lock = FileLock(root / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        with progress.task(f"Waiting for another process that fills {root}", None) as advance:
            while not lock.is_locked:
                advance(0)
                with suppress(Timeout):
                    lock.acquire(timeout=POLL_S)
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _explained(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CacheUnusable(
            f"the cache folder {root} cannot be used: {error}; set engine.cache_dir "
            f"(YIXIN_ENGINE__CACHE_DIR) to a folder that you may write to"
        ) from error


def _full(folder: Path, num_bytes: int, what: str) -> str:
    free = shutil.disk_usage(folder).free
    return (
        f"no room in {folder} for {what}: {num_bytes + SPARE_BYTES:,} bytes needed, {free:,} free; "
        f"free some, or set engine.cache_dir (YIXIN_ENGINE__CACHE_DIR) to a folder on a larger disk"
    )
