"""audit list, show and export: what the bot did with every message, for people and programs."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from cli.audit_export import Format, output, write
from cli.audit_view import cells, explanation, listing
from engine.mood import Mood
from handlers.audit.errors import AuditError
from handlers.audit.reader import Query, select, show
from handlers.exchange import Gate, Outcome
from settings import Audit, Settings

app = typer.Typer(help="What the bot did with every message, and why.", no_args_is_help=True)


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
    with reported():
        records = list(select(audit_of(ctx), query))
    console = Console(highlight=False)
    if not records:
        typer.echo("no exchange in the audit log matches", err=True)
    elif console.is_terminal:
        console.print(listing(records))
    else:
        for record in records:
            print("\t".join(cells(record)))


@app.command("show")
def show_exchange(
    ctx: typer.Context,
    id_: Annotated[str, typer.Argument(metavar="ID", help="Beginning of its id, or message id.")],
) -> None:
    """One exchange in full: what came, what was read, what was decided and why, what was sent."""
    with reported():
        entry = show(audit_of(ctx), id_)
    console = Console(highlight=False)
    for label, value in explanation(entry):
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
    with reported():
        records = select(audit_of(ctx), query)
        first = list(islice(records, 1))  # an unreadable log must not cost an existing file
        with output(out, format_) as file:
            count = write(chain(first, records), file, format_)
    typer.echo(f"{count} exchanges" + (f" written to {out}" if out else ""), err=True)


def audit_of(ctx: typer.Context) -> Audit:
    """Where the settings keep the audit log."""
    settings = ctx.find_object(Settings)
    if settings is None:
        raise TypeError("the parent command must set ctx.obj to the loaded settings")
    return settings.audit


@contextmanager
def reported(command: str = "audit") -> Iterator[None]:
    """One line and exit code 1 for what the person can mend."""
    try:
        yield
    except AuditError as error:
        typer.echo(f"{command}: {error}", err=True)
        raise typer.Exit(1) from None
    except BrokenPipeError:  # the reader had enough, as in "audit export | head"
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(1) from None
    except OSError as error:
        typer.echo(f"{command}: {error.filename or 'output'}: {error.strerror}", err=True)
        raise typer.Exit(1) from None
