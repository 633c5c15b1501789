"""What a chat template writes around one message."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Frame:
    """The tokens a template writes around a message: its reusable prefix, and what closes it."""

    head: tuple[int, ...]
    tail: tuple[int, ...]

    @property
    def digest(self) -> str:
        """Tells prompts apart."""
        return hashlib.sha256(str(self).encode()).hexdigest()[:12]


def common(one: Sequence[int], other: Sequence[int]) -> tuple[int, ...]:
    """What both begin with."""
    pairs = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    return tuple(left for left, _ in pairs)
