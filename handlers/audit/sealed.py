"""Texts that only the key opens, and codes in the place of ids."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re

from handlers.audit.errors import AuditError

#: What a sealed text begins with; a plain one that does so too is stored with its first letter
#: escaped, as ``storable`` escapes what cannot be stored.
SEALED = "sealed1:"
_NONCE = 16
_STANDING = re.compile(r"(?:code|erased):[0-9a-f]{32}")


class Seal:
    """AES-256-SIV (RFC 5297) of single texts, bound to the column that they stand in.

    Chosen over GCM because one cipher serves both ways: with a random nonce, equal texts look
    different, however many are sealed under one key; without, they look the same, which is what
    equality in SQL needs, and gives away nothing else. Lengths show in either.
    """

    def __init__(self, key: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESSIV  # noqa: PLC0415

        self._cipher = AESSIV(key)

    def close(self, text: str, column: str, *, same: bool = False) -> str:
        """``text`` sealed; ``same``: equal texts become equal."""
        nonce = b"" if same else os.urandom(_NONCE)
        closed = self._cipher.encrypt(text.encode(), [column.encode(), nonce])
        return SEALED + base64.urlsafe_b64encode(nonce + closed).decode()

    def open(self, stored: str, column: str, *, same: bool = False) -> str:
        """The text that was sealed.

        Raises:
            AuditError: It was sealed with another key or for another column, or was changed.
        """
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415

        try:
            data = base64.urlsafe_b64decode(stored.removeprefix(SEALED))
            nonce, closed = (b"", data) if same else (data[:_NONCE], data[_NONCE:])
            return self._cipher.decrypt(closed, [column.encode(), nonce]).decode()
        except (InvalidTag, ValueError):
            raise AuditError(
                f"a text in {column} was changed behind the audit log's back and cannot be opened; "
                "'audit verify' names the row"
            ) from None


class Codes:
    """Codes for ids: the same for the same id, and back only by trying every id with the key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    @property
    def mark(self) -> str:
        """What a log keeps to know the key again; tells nothing of it."""
        return self._digest("mark")

    def code(self, id_: str) -> str:
        """The code of an id. What is one already stays: people copy them from ``audit list``.

        No platform deals ids of that form; who could choose one would share rows with the person
        whose code it is.
        """
        return id_ if not id_ or _STANDING.fullmatch(id_) else f"code:{self._digest('id ' + id_)}"

    def _digest(self, text: str) -> str:
        return hmac.digest(self._key, text.encode("utf-8", "backslashreplace"), hashlib.sha256)[
            :16
        ].hex()


def erased_id() -> str:
    """An id for a row whose own was erased: nobody's, and never the same twice."""
    return f"erased:{os.urandom(16).hex()}"
