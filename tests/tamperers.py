"""What somebody with a hand on the files can do to an audit log, and what must be found of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random


@dataclass(frozen=True, slots=True)
class Wrong:
    """What a finding has to name.

    Attributes:
        of: ``exchange``, ``journal entry``, ``run``, ``journal`` or ``anchor``.
        names: The exchange's id, or the number of the entry or run; any of them where two rows
            were swapped. Empty: it has no name.
    """

    of: str
    names: tuple[str | int, ...] = ()


@dataclass(frozen=True, slots=True)
class Files:
    """The files of a log, and a hand on them."""

    folder: Path
    random: Random
    connection: sqlite3.Connection

    def ask(self, sql: str, *values: object) -> list[tuple[str | int, ...]]:
        return self.connection.execute(sql, values).fetchall()

    def pick(self, table: str, key: str, count: int = 1) -> list[tuple[str | int, ...]]:
        """Rows, by chance; the row's key first."""
        rows = self.ask(f"SELECT {key} FROM {table}")  # noqa: S608
        return self.random.sample(rows, count)

    def columns(self, table: str, *but: str) -> list[str]:
        found = self.ask("SELECT name FROM pragma_table_info(?)", table)
        return [str(name) for (name,) in found if name not in but]

    def edit(self, table: str, key: str, value: object) -> str:
        """Another value in a column by chance; which column."""
        column = self.random.choice(self.columns(table, key))
        [(old,)] = self.ask(f"SELECT {column} FROM {table} WHERE {key} = ?", value)  # noqa: S608
        new: object = old + 1000 if isinstance(old, int | float) else f"{old or ''}x"
        self.ask(f"UPDATE {table} SET {column} = ? WHERE {key} = ?", new, value)  # noqa: S608
        return column

    def swap(self, table: str, key: str, one: object, other: object, columns: list[str]) -> None:
        """What two rows have in these columns, exchanged between them."""
        names = ", ".join(columns)
        both = [
            self.ask(f"SELECT {names} FROM {table} WHERE {key} = ?", name)[0]  # noqa: S608
            for name in (one, other)
        ]
        rowids = [
            self.ask(f"SELECT rowid FROM {table} WHERE {key} = ?", name)[0][0]  # noqa: S608
            for name in (one, other)
        ]
        marks = ", ".join(f"{name} = ?" for name in columns)
        for values in ([f"-{number}-" for number, _ in enumerate(columns)], both[0]):
            self.ask(f"UPDATE {table} SET {marks} WHERE rowid = ?", *values, rowids[1])  # noqa: S608
            if values is not both[0]:
                self.ask(f"UPDATE {table} SET {marks} WHERE rowid = ?", *both[1], rowids[0])  # noqa: S608


def edited(files: Files) -> Wrong:
    [(id_,)] = files.pick("exchanges", "id")
    files.edit("exchanges", "id", id_)
    return Wrong("exchange", (id_,))


def renamed(files: Files) -> Wrong:
    [(id_,)] = files.pick("exchanges", "id")
    files.ask("UPDATE exchanges SET id = 'another' WHERE id = ?", id_)
    return Wrong("exchange", (id_,))


def deleted(files: Files) -> Wrong:
    [(id_,)] = files.pick("exchanges", "id")
    files.ask("DELETE FROM exchanges WHERE id = ?", id_)
    return Wrong("exchange", (id_,))


def inserted(files: Files) -> Wrong:
    """A copy of another row, with what must be unique changed."""
    [(id_,)] = files.pick("exchanges", "id")
    own = {
        "id": "'planted'",
        "message_id": "'planted'",
        "seq": "(SELECT max(seq) + 1 FROM exchanges)",
    }
    chosen = ", ".join(own.get(name, name) for name in files.columns("exchanges"))
    files.ask(f"INSERT INTO exchanges SELECT {chosen} FROM exchanges WHERE id = ?", id_)  # noqa: S608
    return Wrong("exchange", ("planted",))


def swapped(files: Files) -> Wrong:
    """A column of two rows, or all but their ids."""
    (one,), (other,) = files.pick("exchanges", "id", 2)
    everything = files.columns("exchanges", "id")
    whole = files.random.random() < 0.3
    columns = everything if whole else [files.random.choice(["seq", "salt", "message_id", "id"])]
    files.swap("exchanges", "id", one, other, columns)
    return Wrong("exchange", (one, other))


def rows_cut(files: Files) -> Wrong:
    [(seq, id_)] = files.pick("exchanges", "seq, id")
    files.ask("DELETE FROM exchanges WHERE seq >= ?", seq)
    return Wrong("exchange", (id_,))


def entry_edited(files: Files) -> Wrong:
    [(n,)] = files.pick("journal", "n")
    files.edit("journal", "n", n)
    return Wrong("journal entry", (n,))


def entry_deleted(files: Files) -> Wrong:
    (first, last), *_ = files.ask("SELECT min(n), max(n) FROM journal")
    [(n,)] = files.pick("journal", "n")
    files.ask("DELETE FROM journal WHERE n = ?", n)
    return Wrong("journal") if n in (first, last) else Wrong("journal entry", (n,))


def entries_swapped(files: Files) -> Wrong:
    (one,), (other,) = sorted(files.pick("journal", "n", 2))
    files.swap("journal", "n", one, other, files.columns("journal", "n"))
    return Wrong("journal entry", (one,))


def entry_added(files: Files) -> Wrong:
    (n,), *_ = files.ask("SELECT max(n) + 1 FROM journal")
    last = "SELECT ?, at, kind, exchange_id, number, digest, link FROM journal WHERE n = ?"
    files.ask(f"INSERT INTO journal {last}", n, int(n) - 1)
    return Wrong("journal entry", (n,))


def head_cut(files: Files) -> Wrong:
    [(n,)] = files.pick("journal", "n")
    files.ask("DELETE FROM journal WHERE n <= ?", n)
    left = files.ask("SELECT count(*) FROM journal")
    return Wrong("journal") if left else Wrong("anchor")


def tail_cut(files: Files) -> Wrong:
    """With the rows that nothing would vouch for any more: only the anchor knows."""
    [(n,)] = files.pick("journal", "n")
    gone = "SELECT exchange_id FROM journal WHERE n >= ?"
    files.ask(f"DELETE FROM exchanges WHERE id IN ({gone})", n)  # noqa: S608
    files.ask("DELETE FROM journal WHERE n >= ?", n)
    return Wrong("journal")


def run_edited(files: Files) -> Wrong:
    [(id_,)] = files.pick("runs", "id")
    files.edit("runs", "id", id_)
    return Wrong("run", (id_,))


def run_deleted(files: Files) -> Wrong:
    [(id_,)] = files.pick("runs", "id")
    files.ask("DELETE FROM runs WHERE id = ?", id_)
    return Wrong("run", (id_,))


def anchor_gone(files: Files) -> Wrong:
    (files.folder / "audit.anchor").unlink()
    return Wrong("anchor")


ALL: tuple[Callable[[Files], Wrong], ...] = (
    edited,
    renamed,
    deleted,
    inserted,
    swapped,
    rows_cut,
    entry_edited,
    entry_deleted,
    entries_swapped,
    entry_added,
    head_cut,
    tail_cut,
    run_edited,
    run_deleted,
    anchor_gone,
)


def tamper(folder: Path, how: Callable[[Files], Wrong], random: Random) -> Wrong:
    """Has it done to the log in ``folder``; what must be found."""
    with closing(sqlite3.connect(folder / "audit.db")) as connection, connection:
        return how(Files(folder, random, connection))
