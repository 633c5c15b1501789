"""The keys of the audit log, all made from the one secret in the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import lru_cache

from handlers.audit.errors import AuditError
from settings import AUDIT_KEY

MIN_CHARS = 16
#: The same for every log, so that the keys can be had before a database is opened: ``audit verify``
#: needs the chain's for a file that may be damaged. Hence a secret of one's own for each log.
_SALT = b"yixin audit log 1"


@dataclass(frozen=True, slots=True)
class Keys:
    """What the secret opens; no use of it lends itself to another, and none shows the secret.

    Attributes:
        seal: 64 bytes, AES-256-SIV: encrypts texts and names.
        chain: 32 bytes, HMAC-SHA256: seals the journal.
        codes: 32 bytes, HMAC-SHA256: makes ids into pseudonyms.
        mark: What a log keeps to know its key again; tells nothing of it.
    """

    seal: bytes = field(repr=False)
    chain: bytes = field(repr=False)
    codes: bytes = field(repr=False)
    mark: str = field(repr=False)


def keys_from_environment() -> Keys | None:
    """The keys made from ``YIXIN_AUDIT_KEY``; None where it is not set, or empty.

    Raises:
        AuditError: It is too short to be a secret.
    """
    secret = os.environ.get(AUDIT_KEY, "").strip()  # a file's last line end comes along
    return keys_from(secret) if secret else None


@lru_cache(maxsize=4)
def keys_from(secret: str) -> Keys:
    """The keys made from a secret: scrypt against guessing (32 MB, 0.1 s), then HKDF for each use.

    Raises:
        AuditError: It has fewer than 16 characters.
    """
    if len(secret) < MIN_CHARS:
        raise AuditError(
            f"{AUDIT_KEY} has {len(secret)} characters and needs {MIN_CHARS} at least; make one "
            "with python -c 'import secrets; print(secrets.token_hex(32))', and keep a copy of it"
        )
    # Not at the top: 20 ms that a log without a key need not wait for.
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
    from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand  # noqa: PLC0415
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt  # noqa: PLC0415

    root = Scrypt(_SALT, length=32, n=2**15, r=8, p=1).derive(
        secret.encode("utf-8", "surrogateescape")  # as the bytes came, whatever the locale made
    )

    def made(use: str, length: int = 32) -> bytes:
        return HKDFExpand(SHA256(), length, use.encode()).derive(root)

    return Keys(made("seal", 64), made("chain"), made("codes"), made("mark", 16).hex())
