"""``bench`` as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

import typer
from rich.console import Console

from cli.bench import plot, table
from cli.bench.run import RunFailed, run
from cli.progress import TerminalProgress
from settings import Settings

#: A table of this width stays whole on a pipe, where rich would cut it to 80.
PIPE_WIDTH = 150


def bench(
    config: Settings,
    settings_file: Path,
    *,
    gguf: Path | None,
    rounds: int,
    is_quick: bool,
    as_json: bool,
    picture: Path | None,
) -> None:
    """Measure, print the table or the JSON object, and draw the figure."""
    if picture and (reason := plot.lacks(picture)):
        typer.echo(f"yixin: {reason}", err=True)
        raise typer.Exit(2)
    try:
        results = run(
            config,
            settings_file.resolve(),
            gguf=gguf,
            rounds=rounds,
            is_quick=is_quick,
            progress=TerminalProgress(),
        )
    except RunFailed as error:
        typer.echo(f"yixin: {error}", err=True)
        raise typer.Exit(1) from None
    if as_json:
        print(json.dumps(results.as_json()))
    else:
        console = Console()
        table.show(results, console if console.is_terminal else Console(width=PIPE_WIDTH))
    if picture:
        plot.draw(results, picture)
