"""audit list, show and export: what the bot did with every message, for people and programs."""

from __future__ import annotations

from itertools import chain, islice
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from cli.audit_door import audit_of, reported
from cli.audit_erase import erase_people
from cli.audit_export import Format, output, write, write_stored
from cli.audit_proof import backup_log, verify_log
from cli.audit_report import report_steps
from cli.audit_view import cells, explanation, listing
from cli.moments import Since
from engine.mood import Mood
from handlers.audit.reader import Query, select, show
from handlers.audit.stored import stored
from handlers.exchange import Gate, Outcome

app = typer.Typer(help="What the bot did with every message, and why.", no_args_is_help=True)
app.command("verify")(verify_log)
app.command("backup")(backup_log)
app.command("erase")(erase_people)
app.command("report")(report_steps)


Chat = Annotated[str | None, typer.Option(help="Id of a chat, or part of its name.")]
Talker = Annotated[str | None, typer.Option(help="Id of who wrote, or part of the name.")]
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
    person: Annotated[
        str | None,
        typer.Option(metavar="PERSON", help="All about one person, by id or name; jsonl."),
    ] = None,
) -> None:
    """Every exchange with all its columns, a line each, oldest first. Times are unix seconds.

    With --person: what they wrote and the private chat with them, the labels given by them or to
    their texts, what was learnt in that chat, and evidence, steps, orders, alerts and reminders
    that name them; each line begins with its table.

    In csv, control characters are written as escapes, and a text that a spreadsheet would run as
    a formula begins with an apostrophe; jsonl holds every text as it is in the log.
    """
    query = Query(chat, talker, since, gate, mood, outcome)
    if person is not None:
        if query != Query() or format_ is not Format.JSONL:
            raise typer.BadParameter("--person is all about one person, as jsonl: name --out alone")
        _export_person(ctx, person, out)
        return
    with reported():
        records = select(audit_of(ctx), query)
        first = list(islice(records, 1))  # an unreadable log must not cost an existing file
        with output(out, format_) as file:
            count = write(chain(first, records), file, format_)
    typer.echo(f"{count} exchanges" + (f" written to {out}" if out else ""), err=True)


def _export_person(ctx: typer.Context, person: str, out: Path | None) -> None:
    with reported():
        rows = stored(audit_of(ctx), person)
        first = list(islice(rows, 1))
        with output(out, Format.JSONL) as file:
            count = write_stored(chain(first, rows), file)
    typer.echo(f"{count} rows" + (f" written to {out}" if out else ""), err=True)
