"""Logs: one line an event, secrets masked, whatever the fields hold."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

import settings
from cli import logs

HOSTILE = ("a\r\nb", "\x1b[2J", "\u2028\u2029", "{0.__class__} %s", "\ud83d", "\x00")


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """What a test logs; logging is put back afterwards."""
    before = logging.root.handlers[:]
    yield io.StringIO()
    logging.root.handlers[:] = before
    structlog.reset_defaults()


def set_up(stream: io.StringIO, **log: str) -> None:
    logs.set_up(settings.Settings(log=settings.Log.model_validate(log)), stream)


def test_a_thousand_hostile_fields_are_a_thousand_lines(stream: io.StringIO) -> None:
    """Line breaks, escapes and separators in fields never make or break a line."""
    set_up(stream, level="info", format="json")
    for n in range(1000):
        structlog.get_logger().info("event", n=n, field=HOSTILE[n % len(HOSTILE)])
    lines = stream.getvalue().split("\n")[:-1]

    assert [json.loads(line)["n"] for line in lines] == list(range(1000))
    assert stream.getvalue().isascii()


def test_secrets_are_masked_wherever_they_turn_up(
    stream: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gateway's token never reaches the log, in a field, an error or a library's line."""
    monkeypatch.setenv("WECHATY_PUPPET_SERVICE_TOKEN", "puppet_secret_1")
    set_up(stream, level="info", format="json")
    structlog.get_logger().info("connect", url="http://puppet_secret_1@host")
    try:
        raise ValueError("refused puppet_secret_1")
    except ValueError:
        structlog.get_logger().exception("failed")
    logging.getLogger("library").error("with puppet_secret_1 inside")

    assert "puppet_secret_1" not in stream.getvalue()
    assert stream.getvalue().count(logs.MASK) >= 3


def test_libraries_are_heard_only_when_they_fail(stream: io.StringIO) -> None:
    """Their INFO holds message texts, so it is dropped at every level of ours."""
    set_up(stream, level="debug", format="text")
    logging.getLogger("wechaty").info("a private text")
    logging.getLogger("wechaty").error("broken")

    assert "a private text" not in stream.getvalue()
    assert "broken" in stream.getvalue()


@pytest.mark.parametrize(("kind", "heard"), [("console", False), ("wechaty", True)])
def test_the_console_is_quiet_by_default(stream: io.StringIO, kind: str, heard: bool) -> None:
    """Level auto: info for an account, warnings only where lines would stand between answers."""
    channel = settings.Channel.model_validate({"kind": kind})
    logs.set_up(settings.Settings(channel=channel), stream)
    structlog.get_logger().info("exchange.ended")

    assert heard == ("exchange.ended" in stream.getvalue())
