"""The kinds of text that the log's columns hold: plain, sealed by the key, or codes for ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from handlers.audit.errors import AuditError
from handlers.audit.sealed import SEALED, Codes, Seal
from settings import AUDIT_KEY


@dataclass(frozen=True, slots=True)
class Keeping:
    """How one database keeps what its columns are given.

    Attributes:
        seal: Encrypts texts and names; None where there is no key.
        codes: Makes codes of ids; also where no new ones are made, to find what has one.
        is_coded: Whether new rows have codes for ids, and no names.
        veil: Encrypts the ids that must come back, and be found by; see ``Veiled``.
    """

    seal: Seal | None = None
    codes: Codes | None = None
    is_coded: bool = False
    veil: Seal | None = None


PLAIN = Keeping()
#: Tables are the same for all databases, keys are not; what SQLAlchemy hands to a column's type is
#: the dialect, and each engine has its own.
_KEPT: WeakKeyDictionary[sa.Dialect, Keeping] = WeakKeyDictionary()


def keep(dialect: sa.Dialect, keeping: Keeping) -> None:
    """From now on the database of this dialect keeps its texts and ids so."""
    _KEPT[dialect] = keeping


def keeping_of(dialect: sa.Dialect) -> Keeping:
    return _KEPT.get(dialect, PLAIN)


class StorableText(sa.types.TypeDecorator[str]):
    """Text that every database takes and every reader sees.

    A lone surrogate is no UTF-8 (sqlite3 raises on it, trap 12), and a NUL ends the text for
    SQLite's own functions and is refused by PostgreSQL. They are stored as what ``repr`` shows of
    them, ``\\ud83d`` and ``\\x00``; all other text comes back as it went in. One way on purpose:
    escaping the backslash too would be reversible and spoil every ``¯\\_(ツ)_/¯``.
    """

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        return None if value is None else storable(value)


class Sealed(StorableText):
    """Text that is encrypted where there is a key; what was written before there was one is read.

    An empty text stays one: that nothing was said shows in ``kind`` too, and SQL asks for it.

    Args:
        column: Where it stands; a sealed text opens nowhere else.
        same: Equal texts become equal, for columns that SQL compares.
    """

    cache_ok = True

    def __init__(self, column: str, same: bool = False) -> None:
        super().__init__()
        self.column, self.same = column, same

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        text = value and storable(value)
        if not text:
            return text
        if seal := self.seal_of(keeping_of(dialect)):
            return seal.close(text, self.column, same=self.same)
        # A person may type what would be taken for a sealed text.
        return f"\\x{ord(text[0]):02x}{text[1:]}" if text.startswith(SEALED) else text

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> str | None:
        if not value or not value.startswith(SEALED):
            return value
        if seal := self.seal_of(keeping_of(dialect)):
            return seal.open(value, self.column, same=self.same)
        raise AuditError(f"texts of this audit log are encrypted; set {AUDIT_KEY} to read it")

    def seal_of(self, keeping: Keeping) -> Seal | None:
        return keeping.seal


class Name(Sealed):
    """A name that people see, sealed; left empty where ids are codes."""

    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        if value and keeping_of(dialect).is_coded:
            return ""
        return super().process_bind_param(value, dialect)


class Veiled(Sealed):
    """An id that is found by and must come back: encrypted alike where there is a key or a code."""

    cache_ok = True

    def __init__(self, column: str) -> None:
        super().__init__(column, same=True)

    def seal_of(self, keeping: Keeping) -> Seal | None:
        return keeping.veil


class Id(StorableText):
    """The id of a person, a chat or a message: its code with ``audit.pseudonyms``, also in WHERE.

    Args:
        always: The code also where new rows have none, to find old ones that do.
    """

    cache_ok = True

    def __init__(self, always: bool = False) -> None:
        super().__init__()
        self.always = always

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        keeping = keeping_of(dialect)
        if value is None or keeping.codes is None or not (self.always or keeping.is_coded):
            return super().process_bind_param(value, dialect)
        return keeping.codes.code(value)


def is_meant(column: sa.ColumnElement[str], id_: str) -> sa.ColumnElement[bool]:
    """Whether it is that id, in whichever form: pseudonyms may have come or gone since."""
    other = column.type if isinstance(column.type, Veiled) else Id(always=True)
    plain = sa.type_coerce(column, StorableText()) == id_
    return plain | (sa.type_coerce(column, other) == id_)


def is_any(
    column: sa.Column[str], texts: Sequence[str], dialect: sa.Dialect
) -> sa.ColumnElement[bool]:
    """Whether it is one of the texts, sealed alike or from before there was a key.

    One IN of both: SQLite looks at no index for two of them joined by OR.
    """
    seal = keeping_of(dialect).seal
    sealed = [seal.close(text, str(column), same=True) for text in texts] if seal else []
    return sa.type_coerce(column, StorableText()).in_([*texts, *sealed])


def storable(text: str) -> str:
    """``text`` as the log keeps it; idempotent."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\x00", "\\x00")
