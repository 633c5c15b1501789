"""The ways in which a log keeps texts and ids; what is asked of a store holds in each of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from handlers.audit.schema import Run
from settings import AUDIT_KEY, Audit

RUN = Run("bundled-small", "1d9614638d18", "bf16", "p1", "0123456789ab", "0.1.0")
#: As they are; ids as codes, by a key in a file; those and all texts sealed, by the secret.
WAYS = ("plain", "coded", "sealed")


def place_of(way: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Audit:
    """Settings of a log in ``folder`` that keeps texts and ids in that way."""
    if way == "sealed":
        monkeypatch.setenv(AUDIT_KEY, "a secret for the tests of stores")
    return Audit(folder=str(folder / "audit"), pseudonyms=way != "plain")


def in_files(place: Audit, *words: str) -> set[str]:
    """Those of the words that stand in any file of the log."""
    files = b"".join(path.read_bytes() for path in place.path.iterdir())
    return {word for word in words if word.encode() in files}
