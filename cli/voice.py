"""voice list and erase: what the bot learnt from the owner's own answers."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.audit_door import audit_of, reported
from cli.audit_view import visible
from handlers.audit.voice import Chosen, Learnt, erase, listed

app = typer.Typer(help="What was learnt from your own answers.", no_args_is_help=True)

Chat = Annotated[str | None, typer.Option("--chat", metavar="ID", help="Only of this chat.")]


@app.command("list")
def list_pairs(
    ctx: typer.Context,
    *,
    chat: Chat = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Every message and your answer to it, the newest at the bottom; tab-separated on a pipe."""
    with reported("voice"):
        learnt = listed(audit_of(ctx), Chosen(chat))
        console = Console(highlight=False)
        if as_json:
            for one in learnt:
                print(json.dumps(_fields(one)))
        elif not learnt:
            typer.echo(
                "nothing was learnt" + (f" in chat {visible(chat)}" if chat else ""), err=True
            )
        elif console.is_terminal:
            console.print(_table(learnt))
        else:
            for one in learnt:
                print("\t".join(_cells(one)))


@app.command("erase")
def erase_pairs(
    ctx: typer.Context,
    ids: Annotated[
        list[int] | None, typer.Argument(metavar="[ID]…", help="Numbers that 'list' shows.")
    ] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All there is.")] = False,
    chat: Chat = None,
) -> None:
    """Forget pairs for good. The bot must be stopped: it alone writes while it runs."""
    if sum((bool(ids), everything, chat is not None)) != 1:
        raise typer.BadParameter("name the ids to erase, or one of --chat ID and --all")
    chosen = Chosen(chat, frozenset(ids) if ids else None)
    with reported("voice"):
        meant = listed(audit_of(ctx), chosen)
        if missing := sorted(set(ids or ()) - {one.id for one in meant}):
            typer.echo(f"no pair {', '.join(map(str, missing))}", err=True)
        if meant and sys.stdin.isatty():
            typer.confirm(f"Erase {_counted(len(meant))}?", abort=True, err=True)
        count = erase(audit_of(ctx), chosen) if meant else 0
    typer.echo(f"erased {_counted(count)}; the messages themselves stay in the audit log")


def _counted(count: int) -> str:
    return f"{count} pair" + ("" if count == 1 else "s")


def _fields(one: Learnt) -> dict[str, object]:
    pair = one.pair
    return {
        "id": one.id,
        "chat": pair.chat,
        "seen_at": one.seen_at,
        "text": pair.text,
        "mood": pair.mood,
        "reply": pair.reply,
    }


def _cells(one: Learnt) -> tuple[str, ...]:
    """Number, time, chat, message, mood, answer."""
    time = datetime.fromtimestamp(one.seen_at).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    pair = one.pair
    return (
        str(one.id),
        time,
        visible(pair.chat),
        visible(pair.text),
        pair.mood,
        visible(pair.reply),
    )


def _table(learnt: Sequence[Learnt]) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold", expand=True)
    for name, share in (("id", None), ("time", None), ("chat", 2), ("message", 5), ("mood", None)):
        table.add_column(name, ratio=share, overflow="fold")
    table.add_column("your answer", ratio=5, overflow="fold")
    for one in learnt:
        # Text, never markup: "[red]" in a message is what somebody wrote.
        table.add_row(*map(Text, _cells(one)))
    return table
