"""Which keys a database was written with, and whether those at hand are the same."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path

import sqlalchemy as sa

from handlers.audit.columns import Keeping, keep
from handlers.audit.errors import ELSEWHERE, AuditError
from handlers.audit.keys import Keys
from handlers.audit.schema import schema
from handlers.audit.sealed import Codes, Seal
from settings import AUDIT_KEY, Audit

#: In the log's folder; makes the codes of a log without ``YIXIN_AUDIT_KEY``.
CODES_FILE = "pseudonyms.key"
#: Bytes of that key.
_LENGTH = 32


def settle(
    connection: sa.Connection, settings: Audit, keys: Keys | None, place: str, *, is_writer: bool
) -> None:
    """Has the database keep texts and ids by these keys, once they are known to be its own.

    The writer notes a key that the database did not have: what is written from then on is
    encrypted, what was before stays as it is. The codes' key is a file beside the log where there
    is no other; once made, it goes on, or the codes of old rows and new ones would not match.

    Raises:
        AuditError: The log was written with a key, and this is another or none.
    """
    known, coded = _checks(connection)
    _require_key(known, keys, place)
    code_key = _code_key(settings, keys, coded, place, may_make=is_writer)
    codes = Codes(code_key) if code_key else None
    if coded and codes and codes.mark != coded:
        raise AuditError(
            f"{place}: the key at hand ({AUDIT_KEY}, or the file {CODES_FILE}) is not the one that "
            f"made the codes in this log; bring that back, or {ELSEWHERE}"
        )
    seal = Seal(keys.seal) if keys else None
    is_from_file = code_key is not None and (keys is None or code_key != keys.codes)
    veil = Seal(_veil_key(code_key)) if code_key and is_from_file else seal
    is_coded = settings.pseudonyms and codes is not None
    keep(connection.dialect, Keeping(seal, codes, is_coded, veil))
    if is_writer:
        now = keys.mark if keys else None, codes.mark if codes and is_coded else coded
        if now != (known, coded):
            connection.execute(sa.update(schema).values(key_check=now[0], codes_check=now[1]))


def _checks(connection: sa.Connection) -> tuple[str | None, str | None]:
    """What the log knows its keys by; None and None where an earlier Yixin wrote it."""
    names = {column["name"] for column in sa.inspect(connection).get_columns(schema.name)}
    if schema.c.key_check.name not in names:
        return None, None
    known, coded = connection.execute(sa.select(schema.c.key_check, schema.c.codes_check)).one()
    return known, coded


def _require_key(known: str | None, keys: Keys | None, place: str) -> None:
    if known is None or (keys and hmac.compare_digest(known, keys.mark)):
        return
    what = "is not the key that it was written with" if keys else "is not set"
    raise AuditError(
        f"{place}: this audit log is encrypted, and {AUDIT_KEY} {what}; set it to that key, "
        f"without which its texts are lost, or {ELSEWHERE}"
    )


def _code_key(
    settings: Audit, keys: Keys | None, coded: str | None, place: str, *, may_make: bool
) -> bytes | None:
    """The key of the codes: the file's, else the secret's; a new file's where one is needed.

    Raises:
        AuditError: The log has codes, and their key is gone or unreadable.
    """
    file = settings.path / CODES_FILE
    if file.exists():
        return _read(file)
    if keys:
        return keys.codes
    if coded:
        raise AuditError(
            f"{place}: ids in this log are codes, and the key that made them is gone: "
            f"bring back {file}, or {ELSEWHERE}"
        )
    return _make(file) if settings.pseudonyms and may_make else None


def _read(file: Path) -> bytes:
    with suppress(ValueError):
        key = bytes.fromhex(file.read_text(encoding="ascii").strip())
        if len(key) == _LENGTH:
            return key
    raise AuditError(f"{file}: this is no key; bring back the one that was made")


def _make(file: Path) -> bytes:
    key = secrets.token_bytes(_LENGTH)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = file.with_name(file.name + ".new")  # a full disk must not leave half a key
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(key.hex() + "\n")
        out.flush()
        os.fsync(out.fileno())  # before the first code that only it can make
    new.replace(file)
    return key


def _veil_key(code_key: bytes) -> bytes:
    return hmac.digest(code_key, b"veil", hashlib.sha512)
