"""audit report: what moderation did or would have done, and how often that was right."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.audit_door import audit_of, reported
from cli.audit_view import visible
from cli.moments import Since, moment
from handlers.audit.marks import GOAL, LEAST, Precision
from handlers.audit.report import Judged, Line, Report, RoomReport, report
from handlers.conduct import StepState

_COLUMNS = ("step", "rule", "who", "would", "done", "due", "failed", "right", "wrong")
_STATES = (StepState.WOULD, StepState.DONE, StepState.DUE, StepState.FAILED)
_LATELY = "7d"
#: Columns: nothing is folded for who reads a line at a time.
_ON_A_PIPE = 400


def report_steps(
    ctx: typer.Context,
    *,
    room: Annotated[str | None, typer.Option(help="Id of a room, or part of its name.")] = None,
    since: Since = None,
    as_json: Annotated[bool, typer.Option("--json", help="All figures, for programs.")] = False,
) -> None:
    """Per room: steps taken, or in shadow what would have been; marks; precision; a threshold.

    Of the last 7 days, unless --since says otherwise; also while the bot runs. "would" counts what
    was only noted, "done", "due" and "failed" what was to be carried out. Right and wrong are the
    admins' marks. A note accuses nobody, so precision, with Wilson's interval, is of the others.

    The threshold is the lowest number of points such that of the marked steps with at least so
    many, 95 % were right; it needs 20 of them. It holds for the past: a guide for warn_at.
    """
    with reported():
        found = report(audit_of(ctx), moment(_LATELY) if since is None else since, room)
    if as_json:
        print(json.dumps(_plain(found), ensure_ascii=False, indent=2))
        return
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _ON_A_PIPE
    since_when = f"{datetime.fromtimestamp(found.since).astimezone():%Y-%m-%d %H:%M}"
    if not found.rooms:
        typer.echo(f"nothing was noticed in any room since {since_when}", err=True)
    for each in found.rooms:
        _show(console, each, since_when)
    if len(found.rooms) > 1:
        console.print(Text("all rooms", style="bold"))
        _show_judged(console, found.judged)


def _show(console: Console, room: RoomReport, since: str) -> None:
    name = visible(room.name or room.room_id)
    console.print(Text.assemble((name, "bold"), f", since {since}"), soft_wrap=True)
    forgiven = f", {room.num_forgiven} of them forgiven" if room.num_forgiven else ""
    console.print(f"{room.num_messages} messages, {room.num_noticed} noticed{forgiven}")
    if room.lines:
        console.print(_table(room.lines))
    _show_judged(console, room.judged)
    console.print()


def _table(lines: tuple[Line, ...]) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold")
    for number, name in enumerate(_COLUMNS):
        table.add_column(name, justify="left" if number < 3 else "right", overflow="fold")
    for line in lines:
        states = (line.states.get(state, 0) for state in _STATES)
        counts = [str(count or "") for count in (*states, line.right, line.wrong)]
        table.add_row(*map(Text, (line.action, visible(line.rule), visible(line.person), *counts)))
    return table


def _show_judged(console: Console, judged: Judged) -> None:
    for line in _told(judged):
        console.print(line, soft_wrap=True)


def _told(judged: Judged) -> Iterator[str]:
    yield f"precision: {_share(judged.precision)}"
    found = judged.threshold
    if found is not None:
        share = _share(found.precision)
        yield f"{GOAL:.0%} right from {found.points:.2f} points on: {share}"
    elif judged.num_missing:
        yield (
            f"{GOAL:.0%} right: too few marks to say from how many points on; "
            f"{judged.num_missing} more at least, by /right and /wrong"
        )
    else:
        yield f"{GOAL:.0%} right: from no number of points on that {LEAST} marked steps have"


def _share(precision: Precision) -> str:
    share, interval = precision.share, precision.interval
    if share is None or interval is None:
        return "no step was marked yet"
    low, high = interval
    return (
        f"{precision.right} of {precision.marked} marked steps right, "
        f"{share:.0%} ({low:.0%} to {high:.0%})"
    )


def _plain(found: Report) -> dict[str, Any]:
    """All figures as JSON has them; times are unix seconds."""
    plain = asdict(found)
    for part, judged in ((plain, found.judged), *zip(plain["rooms"], _of(found), strict=True)):
        part["judged"]["precision"] |= _derived(judged.precision)
        if judged.threshold is not None:
            part["judged"]["threshold"]["precision"] |= _derived(judged.threshold.precision)
    return plain


def _of(found: Report) -> Iterator[Judged]:
    return (room.judged for room in found.rooms)


def _derived(precision: Precision) -> dict[str, Any]:
    return {"share": precision.share, "interval": precision.interval}
