"""Where the chain ended, kept outside the database: alone, a chain does not show a cut tail."""

from __future__ import annotations

import hmac
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

import structlog

from handlers.audit.chain import KEYED, Head, seal

log = structlog.get_logger()

SUFFIX = ".anchor"
#: Bytes of the file: always the same, so that writing it never needs room on the disk.
_LENGTH = 256
_LINK = re.compile(f"{KEYED}?[0-9a-f]{{64}}")


@dataclass(frozen=True, slots=True)
class Known:
    """What an anchor says.

    Attributes:
        is_sealed: With the key; one that is not does not vouch for a chain that is.
    """

    head: Head
    is_sealed: bool

    def vouches_for(self, head: Head) -> bool:
        """Whether this is an anchor for a chain that ends so, whatever it names."""
        return self.is_sealed or not head.is_keyed


class Anchor:
    """A small file beside the database that names the last entry of the chain.

    Written after each commit: a crash between the two leaves it behind the chain, never ahead.
    Written over in place, in one block, and not synced, since it costs each message: 0.02 ms, where
    to replace the file took 0.6 (ext4 then flushes it), and could leave it empty in a power cut.

    It does not help against somebody who puts back an older copy of database and anchor together;
    only a copy of the anchor on another machine does.
    """

    def __init__(self, path: Path, key: bytes | None) -> None:
        self.path = path
        self._key = key
        self._failed = False

    def write(self, head: Head) -> None:
        """Names the head; failing is logged and no error, for the next write may succeed."""
        said: dict[str, int | str] = {"n": head.n, "link": head.link}
        if self._key:
            said["seal"] = _seal(head, self._key)
        try:
            file = os.open(self.path, os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                os.write(file, json.dumps(said).ljust(_LENGTH).encode())
                os.ftruncate(file, _LENGTH)
            finally:
                os.close(file)
        except OSError as error:
            if not self._failed:
                log.warning("audit.anchor_behind", path=str(self.path), error=error.strerror)
            self._failed = True
        else:
            self._failed = False

    def read(self) -> Known | None:
        """What was named last; None where there is no anchor, or one that this key did not seal."""
        try:
            said = json.loads(steady(self.path)[:_LENGTH])
            head = Head(int(said["n"]), str(said["link"]))
            if not (0 <= head.n < 2**63 and _LINK.fullmatch(head.link)):
                return None
            sealed = str(said.get("seal", "")).encode()
        except (OSError, ValueError, OverflowError, KeyError, TypeError, AttributeError):
            return None
        if self._key is None or not sealed:
            return Known(head, is_sealed=False)
        is_ours = hmac.compare_digest(sealed, _seal(head, self._key).encode())
        return Known(head, is_sealed=True) if is_ours else None


def steady(file: Path) -> bytes:
    """What a file holds while nobody is writing it."""
    last = file.read_bytes()
    while (content := file.read_bytes()) != last:
        last = content
    return last


def _seal(head: Head, key: bytes) -> str:
    return seal(f"anchor {head.n} {head.link}".encode(), key)
