"""The bot at work: everything wired together, run until it ends, and closed in order."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import structlog

from cli.progress import TerminalProgress
from cli.signals import signalled
from engine.mood import Mood
from handlers.address import address, overheard
from handlers.admit import admit, in_time
from handlers.audit.log import AuditLog
from handlers.audit.retention import Retention
from handlers.audit.schema import Run
from handlers.breaker import State
from handlers.commands import Commands, command
from handlers.deliver import Deliverer
from handlers.excuse import excuse
from handlers.limits import Limits
from handlers.mind import SteadyMind
from handlers.mood import mood as mood_stage
from handlers.notices import Notices
from handlers.pipeline import Pipeline, Stage
from handlers.policy import anger, judge
from handlers.reply import Personas, ReplyStage
from handlers.sanitize import sanitize
from handlers.status import StatusBoard
from handlers.voice import Voice
from health.metrics import Start
from health.watch import Watch
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
    bound: socket.socket | None,
) -> None:
    """Answer until the channel ends or a signal comes.

    Args:
        bound: Where a supervisor asks; None for nowhere.

    Raises:
        AuditError: The audit log cannot be opened.
        GatewayRefused: The gateway does not accept the token.
    """
    run = run_of(config, channel, engine)
    pipeline: Pipeline
    watch: Watch
    async with await AuditLog.open(config.audit, run) as audit:
        # The account hands messages to the pipeline, and the pipeline hands replies to the account.
        notices = Notices(
            lambda message: pipeline.submit(message),  # noqa: PLW0108 - not there yet
            lambda exchange: pipeline.say(exchange),  # noqa: PLW0108
            owner=config.account.owner,
            welcome=config.channel.welcome,
        )
        account = Account(channel.puppet, config.channel, config.account, notices)
        mind = SteadyMind(engine, config.engine, changed=notices.model_changed)
        limits = await limits_of(config, channel, audit, notices)
        board = StatusBoard(engine.facts, lambda: pipeline.num_waiting)
        named, oldest_s = config.account.name, config.answer.max_age_s
        voice = Voice(audit, engine, config.reply, bot_name=named, max_age_s=oldest_s)
        pipeline = Pipeline(
            read=read_stages(config, mind, audit, board, voice, limits),
            write=write_stage(config, mind, audit, personas),
            deliverer=Deliverer(
                account,
                audit,
                channel.pace,
                split_chars=config.reply.split_chars,
                governor=limits.governor,
                owner=config.account.owner,
            ),
            ledger=audit,
            pace=channel.pace,
            burst_s=channel.burst_s,
            is_spare=overheard(config.answer, config.account.name),
            done=(
                *(board.note, notices.ended, voice.ended, limits.ended),
                lambda exchange: watch.ended(exchange),  # noqa: PLW0108
                channel.ended,
            ),
        )
        facts = engine.facts
        watch = Watch(
            Start(VERSION, facts.name, facts.precision, channel.kind),
            model=engine,
            account=account,
            pipeline=pipeline,
            governor=limits.governor,
            ledger=audit,
            is_breaker_open=lambda: mind.state is State.OPEN,
            reply_timeout_s=config.engine.reply_timeout_s,
        )
        async with watch.kept(bound):
            num_pairs = sum(len(persona.pairs) for persona in personas.all())
            with TerminalProgress().task("Warming up", num_pairs or None, "examples") as advance:
                await engine.warm(personas.all(), [Mood.NEUTRAL], advance)
            stopped = asyncio.create_task(signalled())
            watch.warm()
            log.info("bot.ready", channel=channel.kind, **asdict(audit.recovered))
            async with beside(
                warm=engine.warm(personas.all(), Mood),
                voice=voice.run(),
                keep=Retention(audit, config.audit.keep_days).run(),
            ):
                try:
                    await live(account, channel, pipeline, stopped, drain_s=config.deliver.drain_s)
                finally:
                    limits.governor.close()


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


def read_stages(
    config: Settings,
    mind: SteadyMind,
    audit: AuditLog,
    board: StatusBoard,
    voice: Voice,
    limits: Limits,
) -> dict[str, Stage]:
    """What every message goes through, in this order, until one stage ends its way.

    Mood comes before the question whether a message is for the bot: in a group, those that are
    not are exactly the ones to moderate.
    """
    owner = config.account.owner
    addressed = address(config.answer, config.account.name)
    return {
        **limits.first,
        "admit": voice.door(admit(max_age_s=config.answer.max_age_s, clock=time.time)),
        "excuse": excuse(audit, addressed, clock=time.time),
        "sanitize": sanitize,
        "mood": voice.ear(mood_stage(mind)),
        "judge": judge([anger()], owner=owner),
        "address": addressed,
        **limits.addressed,
        "command": command(Commands(board, owner=owner)),
    }


def write_stage(config: Settings, mind: SteadyMind, audit: AuditLog, personas: Personas) -> Stage:
    still = admit(max_age_s=config.answer.max_age_s, clock=time.time)
    return in_time(still, ReplyStage(mind, audit, personas, config.reply))


async def limits_of(
    config: Settings, channel: Channel, audit: AuditLog, notices: Notices
) -> Limits:
    if not channel.is_governed:
        return Limits.none(channel.pace.gap_s)
    past = await audit.past(config.reply.split_chars)
    return Limits.of(channel.pace, past, notices, owner=config.account.owner)


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
