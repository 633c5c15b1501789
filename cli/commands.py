"""Commands that need the model and the settings, but no account.

torch takes seconds to import; ``audit list`` and ``--help`` do without, so what needs it is
imported by the command that does.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()

AsJson = Annotated[bool, typer.Option("--json", help="JSON on stdout and nothing else.")]

LABELLED = typer.Argument(metavar="FILE.jsonl…", help="Lines with text and label.")


@app.command()
def mood(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Read the mood of each line on stdin."""
    from cli.lines import read_moods  # noqa: PLC0415

    read_moods(ctx.obj, as_json=as_json)


@app.command()
def calibrate(
    ctx: typer.Context,
    files: Annotated[list[Path] | None, LABELLED] = None,
    corrections: Annotated[
        bool, typer.Option("--corrections", help="Also the labels that people gave in chats.")
    ] = False,
    afresh: Annotated[
        bool, typer.Option("--afresh", help="Fit from nothing, not from the head shipped.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Write the head there, not to the cache.")
    ] = None,
) -> None:
    """Fit the mood reading of the model in use on labelled messages."""
    from cli.calibrate import calibrate  # noqa: PLC0415

    calibrate(ctx.obj, files or [], with_corrections=corrections, afresh=afresh, out=out)


@app.command(name="eval")
def evaluate(
    ctx: typer.Context, files: Annotated[list[Path], LABELLED], as_json: AsJson = False
) -> None:
    """Measure the mood reading on labelled messages."""
    from cli.evaluate import evaluate  # noqa: PLC0415

    evaluate(ctx.obj, files, as_json=as_json)


@app.command()
def reply(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Write a reply to each line on stdin, each by itself."""
    from cli.lines import write_replies  # noqa: PLC0415

    write_replies(ctx.obj, as_json=as_json)


@app.command()
def compare(
    ctx: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="Messages: lines, or JSON with text.")
    ] = None,
    marks: Annotated[
        Path | None, typer.Option(help="Where the marks are kept: FILE.marks.jsonl.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Which answer is A hangs on it.")] = 0,
) -> None:
    """Show this way's answers beside the article's recipe's, unlabelled, and tally your marks."""
    from cli.compare.command import compare  # noqa: PLC0415

    compare(ctx.obj, ctx.find_root().params["settings"], file, marks, seed=seed)


@app.command()
def doctor(ctx: typer.Context) -> None:
    """Check settings, model, memory, gateway, audit store and clock. Exit code 0 or 1."""
    from cli.doctor import report  # noqa: PLC0415

    raise typer.Exit(0 if report(ctx.obj) else 1)
