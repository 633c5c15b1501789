"""The two channels: a WeChat account behind a gateway, or this terminal. One loop for both."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from wechaty_puppet import Puppet

import settings
from handlers.exchange import Exchange
from wechat.connection import ReconnectingPuppet
from wechat.console import YOU, Console
from wechat.endpoint import from_environment
from wechat.puppet import InProcessPuppet


@dataclass(frozen=True, slots=True)
class Channel:
    """Where messages come from, and how quickly they may be answered there.

    Attributes:
        pace: How replies leave; at once in the console, where nobody can be restricted.
        burst_s: Seconds in which messages of one person are answered together; 0: each by itself.
        run: Ends when the channel has no more messages; on WeChat, never.
        ended: Told of each exchange when it has ended.
        owner: Who is the account's owner where the settings name nobody: whoever sits at the
            terminal.
        is_governed: Whether budgets, quiet hours and the loop breaker apply; not in the console,
            where a person types what a bot would.
    """

    kind: str
    puppet: Puppet
    pace: settings.Deliver
    burst_s: float
    run: Callable[[], Coroutine[Any, Any, None]]
    ended: Callable[[Exchange], None]
    owner: str = ""
    is_governed: bool = True


def open_channel(config: settings.Settings) -> Channel:
    """The channel that the settings name; nothing is connected yet.

    Raises:
        GatewayMisconfigured: The environment or the settings do not say how to reach a gateway.
    """
    if config.channel.kind == "console":
        return _console(config)
    puppet = ReconnectingPuppet(from_environment(config.channel), config.channel)
    return Channel(
        kind="wechaty",
        puppet=puppet,
        pace=config.deliver,
        burst_s=config.answer.burst_s,
        run=_forever,
        ended=lambda exchange: None,
    )


def _console(config: settings.Settings) -> Channel:
    puppet = InProcessPuppet(name=config.account.name)
    console = Console(puppet, config.account.name)
    no_wait = {"delay_min_s": 0.0, "delay_max_s": 0.0, "delay_per_char_s": 0.0, "gap_s": 0.0}
    pace = config.deliver.model_copy(update=no_wait)
    return Channel(
        kind="console",
        puppet=puppet,
        pace=pace,
        burst_s=0.0,
        run=console.run,
        ended=console.ended,
        owner=YOU,
        is_governed=False,
    )


async def _forever() -> None:
    await asyncio.Event().wait()
