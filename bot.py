"""Yixin 一心: reads the mood of every message and answers, with one small model on the CPU."""

from __future__ import annotations

import asyncio
import io
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import structlog
import typer

import cli.audit
import cli.commands
import cli.voice
from cli import logs
from cli.commands import AsJson
from cli.progress import TerminalProgress
from cli.signals import signalled
from engine.errors import EngineError, InputRefused
from engine.mood import Mood
from engine.persona import PersonaError
from handlers.address import address
from handlers.admit import admit
from handlers.audit.errors import AuditError
from handlers.audit.log import AuditLog
from handlers.audit.schema import Run
from handlers.commands import Commands, command
from handlers.deliver import Deliverer
from handlers.excuse import excuse
from handlers.mood import mood as mood_stage
from handlers.notices import Notices
from handlers.pipeline import Pipeline, Stage
from handlers.policy import anger, judge
from handlers.reply import Personas, ReplyStage
from handlers.sanitize import sanitize
from handlers.status import StatusBoard
from handlers.voice import Voice
from settings import Settings, SettingsError, load
from version import VERSION

if TYPE_CHECKING:
    from engine.engine import Engine
    from wechat.account import Account
    from wechat.channel import Channel

log = structlog.get_logger()
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
    from engine.engine import Engine  # noqa: PLC0415
    from wechat.channel import open_channel  # noqa: PLC0415
    from wechat.errors import WechatError  # noqa: PLC0415

    personas = Personas.load(config)
    try:
        channel = open_channel(config)
        engine = Engine.open(config, TerminalProgress())
        try:
            asyncio.run(serve(config, channel, engine, personas))
        finally:
            engine.close()
    except WechatError as error:
        sys.exit(f"yixin: {error}")


async def serve(config: Settings, channel: Channel, engine: Engine, personas: Personas) -> None:
    """Wire everything together and run it."""
    from wechat.account import Account  # noqa: PLC0415

    async with await AuditLog.open(config.audit, run_of(config, engine)) as audit:
        # The account hands messages to the pipeline, and the pipeline hands replies to the account.
        notices = Notices(
            lambda message: pipeline.submit(message),  # noqa: PLW0108 - not there yet
            lambda exchange: pipeline.say(exchange),  # noqa: PLW0108
            owner=config.account.owner,
            welcome=config.channel.welcome,
        )
        account = Account(channel.puppet, config.channel, config.account, notices)
        board = StatusBoard(engine.facts, lambda: pipeline.num_waiting)
        named, oldest_s = config.account.name, config.answer.max_age_s
        voice = Voice(audit, engine, config.reply, bot_name=named, max_age_s=oldest_s)
        pipeline = Pipeline(
            read=read_stages(config, engine, audit, board, voice),
            write=write_stage(config, engine, audit, personas),
            deliverer=Deliverer(account, audit, channel.pace, split_chars=config.reply.split_chars),
            ledger=audit,
            pace=channel.pace,
            burst_s=channel.burst_s,
            done=(board.note, notices.ended, voice.ended, channel.ended),
        )
        with TerminalProgress().task("Warming up", None):
            await engine.warm(personas.all(), [Mood.NEUTRAL])
        stopped = asyncio.create_task(signalled())
        log.info("bot.ready", channel=channel.kind, **asdict(audit.recovered))
        warming = asyncio.create_task(engine.warm(personas.all(), Mood))
        learning = asyncio.create_task(voice.run())
        try:
            await live(account, channel, pipeline, stopped, drain_s=config.deliver.drain_s)
        finally:
            warming.cancel()
            learning.cancel()


async def live(
    account: Account,
    channel: Channel,
    pipeline: Pipeline,
    stopped: asyncio.Task[bool],
    *,
    drain_s: float,
) -> None:
    """Run until the channel ends or a signal comes; then stop, wait, abort, close, in that order.

    Raises:
        GatewayRefused: The gateway does not accept the token.
    """
    tasks = [asyncio.create_task(account.run()), asyncio.create_task(channel.run()), stopped]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        await pipeline.drain(drain_s)
    finally:
        await account.close()
        await asyncio.wait(tasks[:1])
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result


def read_stages(
    config: Settings, engine: Engine, audit: AuditLog, board: StatusBoard, voice: Voice
) -> dict[str, Stage]:
    """What every message goes through, in this order, until one stage ends its way.

    Mood comes before the question whether a message is for the bot: in a group, those that are
    not are exactly the ones to moderate.
    """
    owner = config.account.owner
    addressed = address(config.answer, config.account.name)
    return {
        "admit": voice.door(admit(max_age_s=config.answer.max_age_s, clock=time.time)),
        "excuse": excuse(audit, addressed, clock=time.time),
        "sanitize": sanitize,
        "mood": voice.ear(mood_stage(engine)),
        "judge": judge([anger()], owner=owner),
        "address": addressed,
        "command": command(Commands(board, owner=owner)),
    }


def write_stage(
    config: Settings, engine: Engine, audit: AuditLog, personas: Personas
) -> ReplyStage:
    return ReplyStage(engine, audit, personas, config.reply)


def run_of(config: Settings, engine: Engine) -> Run:
    facts = engine.facts
    return Run(
        model=facts.name,
        fingerprint=facts.fingerprint,
        precision=facts.precision,
        prompt_version=f"{facts.prompt_version}, moods by {facts.mood_reader}",
        settings_digest=config.digest,
        version=VERSION,
    )


if __name__ == "__main__":
    try:
        app()
    except InputRefused as error:
        typer.echo(f"yixin: {error}", err=True)
        sys.exit(2)
    except (EngineError, PersonaError, AuditError) as error:
        sys.exit(f"yixin: {error}")
