"""audit list, show and export: what the bot did with every message, for people and programs."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sys
import time
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime
from enum import StrEnum
from itertools import chain, islice
from pathlib import Path
from typing import Annotated, TextIO

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from engine.mood import Mood
from handlers.audit import AuditError, Entry, Query, Record, select, show
from handlers.exchange import Gate, Outcome, Source
from settings import Audit, Settings

app = typer.Typer(help="What the bot did with every message, and why.", no_args_is_help=True)


class Format(StrEnum):
    JSONL = "jsonl"
    CSV = "csv"


_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def _moment(text: str) -> float:
    """Unix seconds of ``2h`` (ago) or an ISO date, by the local clock where it names no zone."""
    if match := re.fullmatch(r"(\d{1,9})([smhdw])", text):
        return time.time() - int(match[1]) * _UNITS[match[2]]
    try:
        return datetime.fromisoformat(text).astimezone().timestamp()
    except (ValueError, OverflowError, OSError):
        raise typer.BadParameter(
            f"{text!r} is neither an age such as 30m, 2h or 3d nor a date such as 2026-05-01"
        ) from None


Chat = Annotated[str | None, typer.Option(help="Id of a chat, or part of its name.")]
Talker = Annotated[str | None, typer.Option(help="Id of who wrote, or part of the name.")]
Since = Annotated[
    float | None,
    typer.Option(parser=_moment, metavar="AGE|DATE", help="2h, 3d, or a date: 2026-05-01."),
]
OfGate = Annotated[Gate | None, typer.Option("--gate", help="What kept the bot silent.")]
OfMood = Annotated[Mood | None, typer.Option("--mood", help="The mood that was read.")]
OfOutcome = Annotated[Outcome | None, typer.Option("--outcome", help="How far it got.")]


@app.command("list")
def list_exchanges(
    ctx: typer.Context,
    *,
    chat: Chat = None,
    talker: Talker = None,
    since: Since = None,
    gate: OfGate = None,
    mood: OfMood = None,
    outcome: OfOutcome = None,
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 50,
) -> None:
    """The newest exchanges, the last at the bottom; tab-separated and uncut on a pipe.

    A dash as chat is a private one; a question mark behind the mood, a reading that is unsure.
    """
    query = Query(chat, talker, since, gate, mood, outcome, limit)
    with _reported():
        records = list(select(_audit(ctx), query))
    console = Console(highlight=False)
    if not records:
        typer.echo("no exchange in the audit log matches", err=True)
    elif console.is_terminal:
        console.print(_table(records))
    else:
        for record in records:
            print("\t".join(_cells(record)))


@app.command("show")
def show_exchange(
    ctx: typer.Context,
    id_: Annotated[str, typer.Argument(metavar="ID", help="Beginning of its id, or message id.")],
) -> None:
    """One exchange in full: what came, what was read, what was decided and why, what was sent."""
    with _reported():
        entry = show(_audit(ctx), id_)
    console = Console(highlight=False)
    for label, value in _explanation(entry):
        for number, line in enumerate(value.split("\n")):
            head = "" if number else label
            console.print(Text.assemble((f"{head:<10}", "bold cyan"), line), soft_wrap=True)


@app.command("export")
def export(  # noqa: PLR0913 (typer: a parameter is an option)
    ctx: typer.Context,
    *,
    format_: Annotated[Format, typer.Option("--format", help="jsonl or csv.")] = Format.JSONL,
    out: Annotated[Path | None, typer.Option(help="File to write; else standard output.")] = None,
    chat: Chat = None,
    talker: Talker = None,
    since: Since = None,
    gate: OfGate = None,
    mood: OfMood = None,
    outcome: OfOutcome = None,
) -> None:
    """Every exchange with all its columns, a line each, oldest first. Times are unix seconds.

    In csv, control characters are written as escapes, and a text that a spreadsheet would run as
    a formula begins with an apostrophe; jsonl holds every text as it is in the log.
    """
    query = Query(chat, talker, since, gate, mood, outcome)
    with _reported():
        records = select(_audit(ctx), query)
        first = list(islice(records, 1))  # an unreadable log must not cost an existing file
        with _output(out, format_) as file:
            count = _write(chain(first, records), file, format_)
    typer.echo(f"{count} exchanges" + (f" written to {out}" if out else ""), err=True)


def _audit(ctx: typer.Context) -> Audit:
    settings = ctx.find_object(Settings)
    if settings is None:
        raise TypeError("the parent command must set ctx.obj to the loaded settings")
    return settings.audit


@contextmanager
def _reported() -> Iterator[None]:
    """One line and exit code 1 for what the person can mend."""
    try:
        yield
    except AuditError as error:
        typer.echo(f"audit: {error}", err=True)
        raise typer.Exit(1) from None
    except BrokenPipeError:  # the reader had enough, as in "audit export | head"
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(1) from None
    except OSError as error:
        typer.echo(f"audit: {error.filename or 'output'}: {error.strerror}", err=True)
        raise typer.Exit(1) from None


def visible(text: str) -> str:
    """``text`` on one line, with all that would steer a terminal shown as its escape.

    Controls (ESC, CR, C1), line separators, and invisible format characters (bidi, zero-width,
    tags); the joiners that emoji and Indic scripts are made with stay.
    """
    if text.isprintable():
        return text
    return "".join(
        char.encode("unicode_escape").decode()
        if unicodedata.category(char) in _STEERING and char not in "\u200c\u200d"
        else char
        for char in text
    )


_STEERING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def _cells(record: Record) -> tuple[str, ...]:
    """Time, id, chat, who, text, mood, gate or reply, outcome, milliseconds."""
    unsure = "?" if record.unsure else ""
    return (
        _local(record.received_at),
        visible(record.id[:8]),
        visible(record.room_name) if record.room_name is not None else "—",
        visible(record.talker_name),
        visible(record.cleaned or record.text or f"({record.kind})"),
        f"{record.mood} {record.confidence:.2f}{unsure}" if record.mood else "",
        visible(f"[{record.gate}]" if record.gate else record.reply or ""),
        record.outcome,
        f"{sum(record.stage_ms.values()):.0f}",
    )


_MOOD_STYLES: Mapping[str | None, str] = {
    Mood.HAPPY: "green",
    Mood.ANGRY: "bold red",
    Mood.SAD: "blue",
    Mood.FEAR: "magenta",
    Mood.SURPRISE: "yellow",
}


#: The columns of a table, their least widths, and their shares of what is left beyond those.
_COLUMNS = (
    ("time", 11, None),
    ("id", 8, None),
    ("chat", 6, 2),
    ("who", 4, 2),
    ("text", 10, 6),
    ("mood", 10, None),
    ("gate or reply", 10, 5),
    ("outcome", 7, None),
    ("ms", 4, None),
)


def _table(records: list[Record]) -> Table:
    # Expanded, because only then the shares hold and long texts leave room for the rest.
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold", expand=True)
    for name, least, share in _COLUMNS:
        table.add_column(name, no_wrap=True, overflow="ellipsis", min_width=least, ratio=share)
    for record in records:
        _, *cells = _cells(record)
        cells.insert(0, _local(record.received_at, "%m-%d %H:%M"))
        styles = ["dim", "cyan", "", "", "", _MOOD_STYLES.get(record.mood, "")]
        styles += ["yellow" if record.gate else "green", "", "dim"]
        # Text, never markup: "[red]" in a message is what somebody wrote.
        table.add_row(*map(Text, cells, styles))
    return table


GATES: Mapping[str, str] = {
    Gate.SEEN: "this message had come before",
    Gate.OWN: "the account wrote it itself",
    Gate.OFFICIAL: "it came from an official or service account, or one not known to be a person's",
    Gate.STALE: "it was too old when it arrived",
    Gate.NOT_TEXT: "it was no text",
    Gate.EMPTY: "cleaning left nothing of it",
    Gate.NOT_ALLOWED: "the settings allow no answer in this chat",
    Gate.NOT_ADDRESSED: "it was not addressed to the bot",
    Gate.MERGED: "it was answered together with the exchange named here",
    Gate.OVERLOADED: "too many messages were waiting",
    Gate.STOPPING: "the bot was stopping",
    Gate.INTERRUPTED: "the bot ended before this was done; how far it was",
    Gate.ERROR: "something failed",
}
OUTCOMES: Mapping[str, str] = {
    Outcome.RECEIVED: "received, nothing decided yet",
    Outcome.SILENT: "no answer was sent",
    Outcome.DECIDED: "answer written, not sent yet",
    Outcome.SENDING: "answer on its way",
    Outcome.SENT: "answer sent",
    Outcome.FAILED: "sending failed, nothing left",
    Outcome.UNCERTAIN: "answer handed over, arrival not confirmed; it is never sent again",
}
SOURCES: Mapping[str, str] = {
    Source.MODEL: "written by the model",
    Source.CANNED: "a prepared line",
    Source.COMMAND: "the answer to a command",
    Source.NOTICE: "a notice of the bot",
}


def _explanation(entry: Entry) -> Iterator[tuple[str, str]]:
    """Label and words of each thing known about an exchange, in the order it happened."""
    record, run = entry.record, entry.run
    yield "exchange", visible(f"{record.id}, message {record.message_id}, {record.kind}")
    private = record.room_name is None
    yield "chat", _named("private" if private else record.room_name, record.chat_id)
    yield "from", _named(record.talker_name, record.talker_id)
    yield "arrived", f"{_local(record.received_at)}, sent {_local(record.sent_at)}"
    yield "raw", _quoted(record.raw)
    if record.cleaned != record.raw:
        yield "read as", _quoted(record.cleaned)
    if record.quoted:
        yield "quoting", _quoted(record.quoted)
    yield "mood", _mood(record)
    if record.rule is not None:
        yield "rules", visible(f"{record.action} by rule {record.rule}: {record.rule_detail}")
    yield "outcome", OUTCOMES.get(record.outcome, record.outcome)
    if record.gate is not None:
        detail = f": {record.detail}" if record.detail else ""
        yield "why", visible(f"{record.gate}, {GATES.get(record.gate, '')}{detail}")
    elif record.detail:
        yield "detail", visible(record.detail)
    if record.reply is not None:
        yield "reply", f"{_origin(record)}\n{_quoted(record.reply)}"
    yield "stages", _stages(record)
    yield "changed", _local(record.updated_at)
    yield "model", visible(f"{run.model} ({run.fingerprint}), precision {run.precision}")
    yield (
        "run",
        visible(
            f"{record.run_id}, started {_local(entry.started_at)}, Yixin {run.version}, "
            f"prompts {run.prompt_version}, settings {run.settings_digest}"
        ),
    )


def _mood(record: Record) -> str:
    if record.mood is None:
        return "not read"
    scores = sorted((record.scores or {}).items(), key=lambda item: -item[1])
    offence = "not read" if record.offence is None else f"{record.offence:.2f}"
    return visible(
        f"{record.mood} {record.confidence:.2f}{', unsure' if record.unsure else ''}; "
        f"{record.sentiment}, polarity {record.polarity:+.2f}, offence {offence}; "
        f"read in {record.mood_ms:.0f} ms"
    ) + visible("" if not scores else " (" + ", ".join(f"{m} {p:.2f}" for m, p in scores) + ")")


def _origin(record: Record) -> str:
    name = f" ({record.reply_name})" if record.reply_name else ""
    words = SOURCES.get(record.reply_source or "", record.reply_source)
    return visible(f"{words}{name}, {record.reply_tokens} tokens, attempt {record.reply_attempts}")


def _stages(record: Record) -> str:
    if not record.stage_ms:
        return "not timed"
    times = ", ".join(f"{name} {ms:.1f}" for name, ms in record.stage_ms.items())
    return visible(f"{times}; {sum(record.stage_ms.values()):.1f} ms in all")


def _named(name: str | None, id_: str) -> str:
    return visible(f"{name} ({id_})")


def _quoted(text: str) -> str:
    """A text behind a bar on every line, so that none of it can pass for a line of the report."""
    return "\n".join(f"│ {visible(line)}" for line in text.split("\n"))


def _local(unix: float, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    try:
        return datetime.fromtimestamp(unix).astimezone().strftime(form)
    except (ValueError, OverflowError, OSError):  # a platform's clock is not ours to trust
        return f"@{unix:g}"


@contextmanager
def _output(out: Path | None, format_: Format) -> Iterator[TextIO]:
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


def _write(records: Iterator[Record], file: TextIO, format_: Format) -> int:
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
