"""``doctor``: is everything the bot needs there, and what to do where it is not."""

from __future__ import annotations

import asyncio
import platform
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import psutil
from rich.console import Console
from rich.text import Text

from cli.progress import TerminalProgress
from engine.engine import Engine
from engine.errors import EngineError
from engine.persona import PersonaError
from engine.weights import num_bytes_to_fetch
from handlers.audit import check as audit_check
from handlers.audit.errors import AuditError, AuditInUse
from handlers.reply import Personas
from moderation.lines import Lines, LinesError
from settings import Settings
from version import RELEASED, VERSION
from wechat.endpoint import from_environment
from wechat.errors import WechatError
from wechat.probe import probe

#: Free disk under which the audit log is about to stop the bot.
LEAST_FREE_MB = 200


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found; ``way_out`` says what to do where it is not fine."""

    name: str
    detail: str
    way_out: str = ""

    @property
    def is_fine(self) -> bool:
        return not self.way_out


def report(config: Settings) -> bool:
    """Print each finding as it is made; returns whether all is fine."""
    terminal = Console(highlight=False, soft_wrap=True)
    findings = []
    for finding in examine(config):
        findings.append(finding)
        mark = Text("✔ ", "green") if finding.is_fine else Text("✘ ", "bold red")
        terminal.print(mark, Text(f"{finding.name}: {finding.detail}"), sep="")
        if not finding.is_fine:
            terminal.print(Text(f"  → {finding.way_out}", "yellow"))
    return all(finding.is_fine for finding in findings)


def examine(config: Settings) -> Iterator[Finding]:
    """Findings, one after the other: a check may take seconds."""
    yield Finding("yixin", f"{VERSION}, Python {platform.python_version()}, {platform.platform()}")
    yield Finding(
        "settings",
        f"channel {config.channel.kind}, model {config.engine.model}, digest {config.digest}",
    )
    checks: tuple[Callable[[Settings], Finding], ...] = (
        _personas,
        _moderation,
        _memory,
        _model,
        _audit,
        _gateway,
        _clock,
    )
    for check in checks:
        yield check(config)


def _personas(config: Settings) -> Finding:
    try:
        names = sorted({persona.name for persona in Personas.load(config).all()})
    except PersonaError as error:
        return Finding("personas", str(error), "mend the file, or name another in reply.persona")
    return Finding("personas", ", ".join(names))


def _moderation(config: Settings) -> Finding:
    own, owner = config.moderation, config.account.owner
    try:
        Lines.load(own.lines)
    except LinesError as error:
        return Finding("moderation", str(error), "mend the file, or leave moderation.lines empty")
    admins = {owner, *own.admins, *(admin for room in own.rooms.values() for admin in room.admins)}
    detail = f"mode {own.mode}, groups named {len(own.rooms)}, admins {len(admins - {''})}"
    if own.mode in ("warn", "enforce") and admins == {""}:
        way_out = "set account.owner or moderation.admins: nobody could be told, or decide"
        return Finding("moderation", detail, way_out)
    return Finding("moderation", detail)


def _memory(config: Settings) -> Finding:
    free = psutil.virtual_memory().available / 2**30
    needed = {"bundled": 1.6, "bundled-small": 0.8}.get(config.engine.model, 1.0)
    detail = f"{free:.1f} GB free, the model takes {needed:.1f} or, where there is room, more"
    if free < needed:
        return Finding("memory", detail, "close programs, or set engine.model: bundled-small")
    return Finding("memory", detail)


def _model(config: Settings) -> Finding:
    cache = config.engine.cache_path
    if missing := num_bytes_to_fetch(config.engine.model, cache=cache):
        detail = f"not fetched yet; the first start fetches {missing / 1e6:.0f} MB into {cache}"
        return Finding("model", detail)
    try:
        engine = Engine.open(config, TerminalProgress())
    except EngineError as error:
        return Finding("model", str(error), "see engine.model in settings.yaml")
    try:
        asyncio.run(engine.read_moods(["你好"]))
        [reading] = asyncio.run(engine.read_moods(["今天真开心"]))
    except EngineError as error:
        return Finding("model", str(error), "try engine.precision: int4, or fp32")
    finally:
        engine.close()
    facts = engine.facts
    return Finding(
        "model",
        f"{facts.name} {facts.fingerprint} in {facts.precision} reads 今天真开心 as "
        f"{reading.mood} ({reading.confidence:.2f}, by {facts.mood_reader}) in {reading.ms:.0f} ms",
    )


def _audit(config: Settings) -> Finding:
    try:
        detail = audit_check.check(config.audit)
    except AuditInUse:
        detail = "in use by a running Yixin"
    except AuditError as error:
        return Finding("audit", str(error), "give another folder in audit.folder")
    if not config.audit.url:
        free = shutil.disk_usage(config.audit.path).free / 2**20
        detail = f"{detail}, {free / 1024:.1f} GB free"
        if free < LEAST_FREE_MB:
            return Finding("audit", detail, "free some disk: without room no answer leaves")
    return Finding("audit", detail)


def _gateway(config: Settings) -> Finding:
    if config.channel.kind == "console":
        return Finding("gateway", "none needed, the channel is the console")
    try:
        endpoint = from_environment(config.channel)
        asyncio.run(probe(endpoint, config.channel))
    except WechatError as error:
        return Finding("gateway", str(error), "start the gateway, or mend what is named here")
    return Finding("gateway", f"{endpoint} answers and takes the token")


def _clock(config: Settings) -> Finding:
    """A clock that is years off makes every message look stale or new."""
    now = datetime.now(UTC).astimezone()
    detail = now.isoformat(timespec="seconds")
    if time.time() < RELEASED:
        return Finding("clock", f"{detail} is before this version came out", "set the clock")
    return Finding("clock", detail)
