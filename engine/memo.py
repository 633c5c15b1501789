"""Results of the model that do not change from start to start, kept on the disk.

Reading the prompts' prefixes again at every start made the second start of the larger bundled
model wait 10 s for what is 7 MB to read. Nothing here is about a user: prefixes are the wording
of the prompts and the personas, without any message.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import structlog
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from engine.store import make_private

log = structlog.get_logger()

#: Files kept; edited personas leave theirs behind, and the oldest go.
MAX_FILES = 256


class Memo:
    """Tensors by the token ids they were computed from.

    Losing a file costs the time to compute it again, so nothing here ever raises.

    Args:
        folder: Made on first need; None remembers nothing.
        made_by: All that the results depend on beside the ids: weights, precision, versions.
    """

    def __init__(self, folder: Path | None, made_by: str) -> None:
        self._folder, self._made_by = folder, made_by

    def recall(self, ids: Sequence[int]) -> dict[str, torch.Tensor] | None:
        """What was remembered for these ids, or None."""
        if self._folder is None:
            return None
        path = self._path(self._folder, ids)
        try:
            tensors: dict[str, torch.Tensor] = load_file(path)
            os.utime(path)
        except (OSError, SafetensorError):
            return None
        return tensors

    def remember(self, ids: Sequence[int], tensors: Mapping[str, torch.Tensor]) -> None:
        """Keep tensors for the next start; a full or read-only disk is not worth an error."""
        if self._folder is None:
            return
        try:
            make_private(self._folder)
            unfinished = Path(tempfile.mkstemp(dir=self._folder)[1])
            save_file({name: t.contiguous() for name, t in tensors.items()}, unfinished)
            unfinished.replace(self._path(self._folder, ids))
            self._forget_oldest(self._folder)
        except (OSError, SafetensorError) as error:
            log.info("memo.not_kept", reason=str(error))

    def _path(self, folder: Path, ids: Sequence[int]) -> Path:
        key = hashlib.sha256(f"{self._made_by} {list(ids)}".encode()).hexdigest()[:24]
        return folder / f"{key}.safetensors"

    def _forget_oldest(self, folder: Path) -> None:
        files = sorted(folder.iterdir(), key=lambda file: file.stat().st_mtime, reverse=True)
        for file in files[MAX_FILES:]:
            with suppress(OSError):
                file.unlink()
