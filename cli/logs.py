"""Logs: an event name plus fields, one line each, secrets masked, never the text of a message."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

import settings

#: Values of variables with such names are masked wherever they turn up in a line.
SECRET_NAMES = ("TOKEN", "SECRET", "PASSWORD", "KEY")
MASK = "***"
#: Shorter values are words that turn up by chance ("1", "yes").
LEAST_SECRET = 6


def set_up(config: settings.Settings, stream: TextIO | None = None) -> None:
    """Send structlog's and the libraries' lines to ``stream`` (stderr), as text or as JSON."""
    log, stream = config.log, stream or sys.stderr
    as_json = log.format == "json" or (log.format == "auto" and not stream.isatty())
    shared: list[structlog.types.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=False),
        structlog.processors.format_exc_info,
        _mask_secrets,
    ]
    # JSON is ASCII-escaped: a line stays one line whatever its fields hold (log injection).
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(colors=stream.isatty())
    )
    quiet = log.level == "auto" and config.channel.kind == "console"
    name = {"auto": "warning" if quiet else "info"}.get(log.level, log.level)
    level = getattr(logging, name.upper())
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(stream),
    )
    # Libraries write texts and tokens at lower levels (wechaty's INFO prints messages).
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            foreign_pre_chain=shared,
        )
    )
    logging.basicConfig(level=logging.ERROR, handlers=[handler], force=True)


def _secrets() -> list[str]:
    return [
        value
        for name, value in os.environ.items()
        if len(value) >= LEAST_SECRET and any(word in name.upper() for word in SECRET_NAMES)
    ]


def _mask_secrets(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    secrets = _secrets()
    for name, value in event.items():
        if isinstance(value, str):
            for secret in secrets:
                value = value.replace(secret, MASK)  # noqa: PLW2901
            event[name] = value
    return event
