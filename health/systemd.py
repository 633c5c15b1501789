"""Tells systemd that the bot is ready, and that it is alive: its notification protocol.

One datagram a word (sd_notify(3)). The packages for it want systemd's headers to be built, or have
not been touched for years.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping

import structlog

from health.checks import Checks

log = structlog.get_logger()

READY, ALIVE = "READY=1", "WATCHDOG=1"


class Systemd:
    """The service manager that started this process; says nothing where there is none.

    Args:
        environment: ``NOTIFY_SOCKET`` names the manager's socket, ``WATCHDOG_USEC`` the
            microseconds without a sign of life after which it ends and restarts the bot.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        self._every_s = float(environment.get("WATCHDOG_USEC", 0)) / 1e6 / 2

    def tell(self, word: str) -> None:
        """Never raises: a bot that answers is worth more than one that is watched."""
        if not self._address:
            return
        # A leading @ stands for the NUL of an address that is no file.
        address = self._address.replace("@", "\0", 1) if self._address[0] == "@" else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
                channel.setblocking(False)
                channel.sendto(word.encode(), address)
        except OSError as error:
            log.warning("systemd.unreachable", word=word, error=error.strerror)

    async def watch(self, live: Checks) -> None:
        """A sign of life twice in the time that systemd waits for one, while there is life.

        Ends at once where nobody waits for any.
        """
        while self._address and self._every_s:
            if faults := await live.faults():
                log.error("health.stuck", **faults)
            else:
                self.tell(ALIVE)
            await asyncio.sleep(self._every_s)
