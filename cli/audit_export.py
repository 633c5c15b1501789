"""The audit log as lines of JSON or CSV, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from enum import StrEnum
from pathlib import Path
from typing import TextIO

import typer

from cli.audit_view import visible
from handlers.audit.reader import Record
from handlers.audit.stored import Stored


class Format(StrEnum):
    JSONL = "jsonl"
    CSV = "csv"


@contextmanager
def output(out: Path | None, format_: Format) -> Iterator[TextIO]:
    """Where an export goes: a file for this user's eyes only, or standard output."""
    # Excel reads UTF-8 only behind a byte order mark.
    encoding = "utf-8-sig" if out and format_ is Format.CSV else "utf-8"
    if out:
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w", encoding=encoding, newline="") as file:
            yield file
    else:
        buffer = typer.get_binary_stream("stdout")
        file = io.TextIOWrapper(buffer, encoding, newline="", write_through=True)
        try:
            yield file
        finally:
            file.detach()


_NAMES = tuple(field.name for field in fields(Record))


def write(records: Iterator[Record], file: TextIO, format_: Format) -> int:
    """Writes the records; returns how many."""
    count = 0
    writer = csv.writer(file, lineterminator="\n")
    if format_ is Format.CSV:
        writer.writerow(_NAMES)
    for record in records:
        row = {name: getattr(record, name) for name in _NAMES}
        if format_ is Format.CSV:
            writer.writerow(_cell(value) for value in row.values())
        else:
            file.write(json.dumps(row) + "\n")  # ASCII: U+2028 would end a line for some readers
        count += 1
    return count


def write_stored(rows: Iterator[Stored], file: TextIO) -> int:
    """Writes rows of any table, the table's name first; returns how many."""
    count = 0
    for stored in rows:
        file.write(json.dumps({"table": stored.table, **stored.row}) + "\n")
        count += 1
    return count


def _cell(value: object) -> object:
    """A value for a spreadsheet: no text of it is run as a formula, none spans lines.

    Excel takes the full-width signs too, where it is set to Chinese or Japanese
    (OWASP, CSV injection).
    """
    if isinstance(value, Mapping):
        return json.dumps(value)
    if not isinstance(value, str):
        return value
    text = visible(value)
    return f"'{text}" if text.lstrip().startswith(tuple("=+-@＝＋－＠")) else text
