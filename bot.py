"""Yixin 一心: reads the mood of every message and answers, with one small model on the CPU."""

from __future__ import annotations

import asyncio
import io
import sys
from pathlib import Path
from typing import Annotated

import typer

import cli.audit
import cli.commands
import cli.voice
from cli import logs
from cli.commands import AsJson
from cli.progress import TerminalProgress
from engine.errors import EngineError, InputRefused
from engine.persona import PersonaError
from handlers.audit.errors import AuditError
from handlers.audit.keys import keys_from_environment
from handlers.reply import Personas
from health.errors import HealthError
from moderation.lines import Lines, LinesError
from settings import Settings, SettingsError, load

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
SETTINGS = Path(__file__).resolve().parent / "settings.yaml"


@app.callback(invoke_without_command=True, help=__doc__)
def main(
    ctx: typer.Context,
    settings: Annotated[Path, typer.Option(help="Settings file.")] = SETTINGS,
) -> None:
    """Start the bot; with a command, do only that."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a pipe on Windows would be in the old code page
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        ctx.obj = load(settings)
    except SettingsError as error:
        typer.echo(error, err=True)
        raise typer.Exit(2) from None
    logs.set_up(ctx.obj)
    if ctx.invoked_subcommand is None:
        run(ctx.obj)


@app.command()
def bench(
    ctx: typer.Context,
    as_json: AsJson = False,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Draw the figure there too.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Without fp32 and without how figures grow.")
    ] = False,
    rounds: Annotated[
        int | None, typer.Option(min=1, help="Times each figure is measured: 3, quick 1.")
    ] = None,
    gguf: Annotated[
        Path | None, typer.Option(help="The same weights as a GGUF file, for llama.cpp.")
    ] = None,
) -> None:
    """Measure this engine, the article's recipe and llama.cpp, in turns, on the same weights."""
    from cli.bench.command import bench  # noqa: PLC0415

    settings_file = ctx.parent.params["settings"] if ctx.parent else SETTINGS
    bench(
        ctx.obj,
        settings_file,
        gguf=gguf,
        rounds=rounds or (1 if quick else 3),
        is_quick=quick,
        as_json=as_json,
        picture=plot,
    )


app.add_typer(cli.commands.app)
app.add_typer(cli.audit.app, name="audit")
app.add_typer(cli.voice.app, name="voice")


def run(config: Settings) -> None:
    """Load the model, then answer until the channel ends or a signal comes."""
    from health.server import bind  # noqa: PLC0415

    bound = bind(config.health.port) if config.health.port else None  # before seconds of imports
    from engine.engine import Engine  # noqa: PLC0415
    from service import serve  # noqa: PLC0415
    from wechat.channel import open_channel  # noqa: PLC0415
    from wechat.errors import WechatError  # noqa: PLC0415

    keys_from_environment()  # a key that is none is told before the model loads
    personas, lines = Personas.load(config), Lines.load(config.moderation.lines)
    try:
        channel = open_channel(config)
        engine = Engine.open(config, TerminalProgress())
        try:
            asyncio.run(serve(config, channel, engine, personas, lines, bound))
        finally:
            engine.close()
    except WechatError as error:
        sys.exit(f"yixin: {error}")


if __name__ == "__main__":
    try:
        app()
    except InputRefused as error:
        typer.echo(f"yixin: {error}", err=True)
        sys.exit(2)
    except (EngineError, PersonaError, LinesError, AuditError, HealthError) as error:
        sys.exit(f"yixin: {error}")
