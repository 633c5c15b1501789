"""audit erase: people, taken out of the audit log for good."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from cli.audit_door import audit_of, reported
from cli.progress import TerminalProgress
from handlers.audit.erase import counted, erase
from handlers.audit.footprint import Erased


def erase_people(
    ctx: typer.Context,
    people: Annotated[
        list[str], typer.Argument(metavar="PERSON", help="Ids, or names that only one has.")
    ],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase people: all they wrote, the private chats with them, and their words in quotations.

    With it go evidence and steps about them, orders for them, alerts and reminders.

    Empty rows stay, with times and outcomes, so that 'audit verify' still holds.

    Backups and exports are files of yours: erase there too.

    The bot must be stopped: it alone writes while it runs.
    """
    progress = TerminalProgress()
    with reported():
        if not yes:
            typer.echo(f"would go: {_told(counted(audit_of(ctx), people, progress))}", err=True)
            if not sys.stdin.isatty():
                raise typer.BadParameter("nobody is there to ask; --yes erases without asking")
            typer.confirm("Erase for good?", abort=True, err=True)
        gone = erase(audit_of(ctx), people, progress)
    typer.echo(f"erased: {_told(gone)}")


def _told(erased: Erased) -> str:
    return (
        f"{erased.exchanges} exchanges, their words in {erased.repeats} messages of others, "
        f"{erased.labels} labels, {erased.pairs} learnt pairs, {erased.conduct} rows of evidence "
        f"and steps, {erased.orders} orders, {erased.alerts} alerts, {erased.reminders} reminders"
    )
