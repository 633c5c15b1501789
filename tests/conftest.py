from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from cli.progress import TerminalProgress
from engine.model import Model
from engine.weights import Weights, locate
from settings import Settings


@pytest.fixture(scope="session")
def small_weights() -> Weights:
    """The smaller bundled model, in the user's own cache: fetched once, then there for good."""
    cache = Settings().engine.cache_path
    return locate("bundled-small", cache=cache, progress=TerminalProgress())


@pytest.fixture(scope="session")
def small_model(small_weights: Weights) -> Model:
    """It in bf16, or in fp32 without AVX-512: emulated, a reading in bf16 outlasts its timeout."""
    fast = torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return Model(small_weights, precision="bf16" if fast else "fp32", threads=0)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 96 MB of its own; mounting it takes root on Linux."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", str(disk)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs the right to mount a small disk (root on Linux)")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)
