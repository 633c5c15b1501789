"""The bot at work: everything wired together, run until it ends, and closed in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import structlog

from cli.progress import TerminalProgress
from cli.signals import signalled
from engine.mood import Mood
from handlers.audit.log import AuditLog
from handlers.audit.retention import Retention
from handlers.audit.schema import Run
from handlers.breaker import State
from handlers.exchange import Exchange
from handlers.pipeline import Pipeline
from handlers.reply import Personas
from health.metrics import Start
from health.watch import Watch
from moderation.lines import Lines
from service.bot import Bot
from service.stores import Stores
from version import VERSION
from wechat.account import Account

if TYPE_CHECKING:
    import socket

    from engine.engine import Engine
    from settings import Settings
    from wechat.channel import Channel

log = structlog.get_logger()


async def serve(
    config: Settings,
    channel: Channel,
    engine: Engine,
    personas: Personas,
    lines: Lines,
    bound: socket.socket | None,
) -> None:
    """Answer until the channel ends or a signal comes.

    Args:
        bound: Where a supervisor asks; None for nowhere.

    Raises:
        AuditError: The audit log cannot be opened.
        GatewayRefused: The gateway does not accept the token.
    """
    config = _at_home(config, channel)
    async with await AuditLog.open(config.audit, run_of(config, channel, engine)) as audit:
        watch: Watch

        def done(exchange: Exchange) -> None:
            watch.ended(exchange)
            channel.ended(exchange)

        stores = await Stores.of(audit)
        bot = await Bot.of(config, channel, engine, personas, lines, stores, done)
        await bot.group.moderator.restore()
        watch = Watch(
            Start(VERSION, engine.facts.name, engine.facts.precision, channel.kind),
            model=engine,
            account=bot.account,
            pipeline=bot.pipeline,
            governor=bot.limits.governor,
            ledger=audit,
            is_breaker_open=lambda: bot.mind.state is State.OPEN,
            reply_timeout_s=config.engine.reply_timeout_s,
        )
        async with watch.kept(bound):
            await warm(engine, personas)
            stopped = asyncio.create_task(signalled())
            watch.warm()
            log.info("bot.ready", channel=channel.kind, **asdict(audit.recovered))
            async with beside(
                warm=engine.warm(personas.all(), Mood),
                voice=bot.voice.run(),
                keep=Retention(audit, config.audit.keep_days).run(),
                remind=bot.desk.reminders.run(),
                digest=bot.group.daily.run(),
                resume=bot.group.resume(bot.mind),
                ask=bot.desk.assistant.warm(),
                study=engine.study(personas.all()),
            ):
                try:
                    drain_s = config.deliver.drain_s
                    await live(bot.account, channel, bot.pipeline, stopped, drain_s=drain_s)
                    await bot.group.carrier.settled()
                finally:
                    bot.limits.governor.close()


def _at_home(config: Settings, channel: Channel) -> Settings:
    """In the console whoever sits there is the owner, where the settings name nobody."""
    if config.account.owner or not channel.owner:
        return config
    account = config.account.model_copy(update={"owner": channel.owner})
    return config.model_copy(update={"account": account})


async def warm(engine: Engine, personas: Personas) -> None:
    """Have the model know every persona in its neutral mood, with progress."""
    with TerminalProgress().task("Warming up", None):
        await engine.warm(personas.all(), [Mood.NEUTRAL])


@asynccontextmanager
async def beside(**works: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Have these run meanwhile, each under its name; what is not done at the end is cancelled."""
    tasks = [asyncio.create_task(work, name=name) for name, work in works.items()]
    for task in tasks:
        task.add_done_callback(tell)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()


def tell(ended: asyncio.Task[None]) -> None:
    """What runs beside the messages is not in their way where it breaks, but is to be known."""
    if not ended.cancelled() and (error := ended.exception()):
        log.error("beside.failed", task=ended.get_name(), exc_info=error)


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


def run_of(config: Settings, channel: Channel, engine: Engine) -> Run:
    facts = engine.facts
    return Run(
        model=facts.name,
        fingerprint=facts.fingerprint,
        precision=facts.precision,
        prompt_version=f"{facts.prompt_version}, moods by {facts.mood_reader}",
        settings_digest=config.digest,
        version=VERSION,
        channel=channel.kind,
    )
