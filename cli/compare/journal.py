"""A file of records that is only added to: an interruption costs nothing that was written."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from engine.errors import InputRefused

T = TypeVar("T")


class JournalRefused(InputRefused):
    """A journal cannot be read or written, or has a line that is no record of it."""


class Journal(Generic[T]):
    """JSON Lines, one record each.

    Args:
        path: Made by the first record that is added.
        kind: A dataclass; a line has its fields. Others, such as a note of its reader, are let be.
        example: A line as it should be, for whoever edited one.
    """

    def __init__(self, path: Path, kind: type[T], example: T) -> None:
        self.path = path
        self._adapter = TypeAdapter(kind)
        self._example = example

    def read(self) -> list[T]:
        """All records, in the order they were added; none where there is no file yet.

        Raises:
            JournalRefused: The file cannot be read, or a line is no record.
        """
        try:
            rows = self.path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return []
        except OSError as error:
            raise JournalRefused(f"{self.path}: {error.strerror}") from None
        return [self._record(row, number) for number, row in enumerate(rows, 1) if row.strip()]

    def add(self, record: T) -> None:
        """Raises JournalRefused: It cannot be written."""
        try:
            with self.path.open("ab+") as file:
                if file.tell():
                    file.seek(-1, os.SEEK_END)
                    if file.read() != b"\n":  # somebody's editor left it so
                        file.write(b"\n")
                file.write(self._line(record) + b"\n")
        except OSError as error:
            raise JournalRefused(f"{self.path}: {error.strerror}") from None

    def _record(self, row: bytes, number: int) -> T:
        try:
            return self._adapter.validate_json(row)
        except ValidationError as error:
            [first, *_] = error.errors()
            field = ".".join(map(str, first["loc"]))
            raise JournalRefused(
                f"{self.path} line {number}: {f'{field}: ' if field else ''}{first['msg']}; "
                f"a line is {self._line(self._example).decode()}"
            ) from None

    def _line(self, record: T) -> bytes:
        return self._adapter.dump_json(record)
