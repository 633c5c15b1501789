"""audit verify and backup: whether the log is whole, and a copy for when it is not."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.audit_door import audit_of, reported
from cli.audit_view import visible
from cli.progress import TerminalProgress
from handlers.audit.backup import backup
from handlers.audit.verify import verify


def verify_log(ctx: typer.Context) -> None:
    """Whether every exchange is as the bot wrote it; exit code 1 names the first that is not.

    Finds what was changed, deleted, inserted, swapped or cut off, also while the bot runs. Without
    YIXIN_AUDIT_KEY that is only what somebody did who left the journal as it was; and never finds
    that the whole folder was put back as it once was: for that, keep copies of audit.anchor.
    """
    with reported():
        found = verify(audit_of(ctx), progress=TerminalProgress())
    if found.finding:
        typer.echo(visible(str(found.finding)))
        raise typer.Exit(1)
    since = datetime.fromtimestamp(found.since).astimezone() if found.since else None
    intact = f", chain intact since {since:%Y-%m-%d %H:%M:%S}" if since else ""
    typer.echo(f"{found.exchanges} exchanges, {found.entries} entries{intact}")


def backup_log(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to; must not exist.")],
) -> None:
    """Copy the log while the bot runs, with what belongs to it beside the copy.

    To restore: stop the bot, empty the audit folder, and put the copies there as audit.db,
    audit.anchor and, if there is one, pseudonyms.key. A log with a key needs YIXIN_AUDIT_KEY too.
    """
    with reported():
        copied = backup(audit_of(ctx), file, TerminalProgress())
    for each in copied.files:
        typer.echo(each)
    typer.echo(f"{copied.exchanges} exchanges copied", err=True)
