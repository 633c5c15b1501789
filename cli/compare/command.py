"""``compare`` as it is typed."""

from __future__ import annotations

import sys
from pathlib import Path

import typer
from rich.console import Console

from cli.child.process import ChildFailed
from cli.compare import pairs
from cli.compare.messages import TAKES, MessagesRefused, read_messages
from cli.compare.pairs import latest
from cli.compare.session import Session, told
from cli.compare.ways import ways
from cli.progress import TerminalProgress
from settings import Settings

#: Exit code of a program that Ctrl-C ended.
INTERRUPTED = 130


def compare(
    config: Settings, settings_file: Path, file: Path | None, marks: Path | None, *, seed: int
) -> None:
    """Answer, show and ask; with a file of marks alone, tally it.

    Raises:
        InputRefused: A file is not what it should be.
        EngineError, PersonaError: This way cannot answer.
    """
    console = Console(highlight=False)
    if file is None:
        told(latest(_marks(marks)), console)
        return
    texts = read_messages(file)
    is_asked = console.is_terminal and sys.stdin.isatty()
    # Not input(): it writes its prompt to stderr where readline is not loaded.
    session = Session(file, marks, console, console.input if is_asked else None)
    try:
        answerers = ways(config, settings_file, seed=seed, progress=TerminalProgress())
        session.run(texts, answerers, seed)
    except ChildFailed as error:
        typer.echo(f"yixin: the article's recipe: {error}", err=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        typer.echo("yixin: stopped; the same command goes on where it was", err=True)
        raise typer.Exit(INTERRUPTED) from None


def _marks(path: Path | None) -> list[pairs.Marked]:
    if path is None:
        raise MessagesRefused(f"compare takes a FILE of messages ({TAKES}), or --marks FILE")
    found = pairs.journal(path).read()
    if not found:
        raise MessagesRefused(f"{path}: no marks there; compare FILE asks for them")
    return found
