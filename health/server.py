"""Pages for a supervisor, on this machine's own address only.

Hypercorn, because wechaty has loaded it already: 4 ms and 60 kB on top of the bot, against 0.7 ms
and 40 kB of a server of our own, which would have to learn about slow and broken clients first.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Self

import structlog
from hypercorn.asyncio import serve
from hypercorn.config import Config
from hypercorn.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope, Scope

from health.errors import PortTaken

log = structlog.get_logger()

HOST = "127.0.0.1"
#: Names this machine has for itself. A page in a browser that has its own name resolved to
#: 127.0.0.1 (DNS rebinding) asks under another.
NAMES = frozenset({HOST, "localhost"})
#: Seconds for whoever is still being answered when the bot leaves.
LEAVE_S = 1.0


@dataclass(frozen=True, slots=True)
class Page:
    status: int
    content_type: str
    body: bytes


Ask = Callable[[], Awaitable[Page]]


def bind(port: int) -> socket.socket:
    """Take the port before the model loads, so that a busy one costs no minute.

    Not listened on yet: until the bot can answer, whoever asks is refused at once.

    Args:
        port: 0 takes any that is free.

    Raises:
        PortTaken: Somebody else has it, or this user may not take it.
    """
    taken = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # elsewhere this would take the port from a bot that runs
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((HOST, port))
    except OSError as error:
        taken.close()
        raise _taken(port, error) from None
    return taken


class HealthServer:
    """Serves pages by their path while it is entered.

    Args:
        bound: See ``bind``; closed with the server.
        pages: Asked anew at every request. One that raises is a 500, and a line in the log.
    """

    def __init__(self, bound: socket.socket, pages: Mapping[str, Ask]) -> None:
        self._bound, self._pages = bound, pages
        self._leave = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Raises PortTaken where another program, bound at the same moment, listened first."""
        port = self._bound.getsockname()[1]
        try:
            self._bound.listen()
        except OSError as error:
            self._bound.close()
            raise _taken(port, error) from None
        config = Config()
        config.bind = [f"fd://{self._bound.detach()}"]
        config.accesslog = config.errorlog = None
        config.include_server_header = False
        config.graceful_timeout = LEAVE_S
        self._task = asyncio.create_task(
            serve(self._answer, config, shutdown_trigger=self._leave.wait), name="health"
        )
        self._task.add_done_callback(_tell)
        log.info("health.listening", host=HOST, port=port)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is None:
            return
        self._leave.set()
        # From Python 3.12 on, hypercorn waits for every open connection without an end.
        await asyncio.wait([self._task], timeout=2 * LEAVE_S)
        self._task.cancel()
        await asyncio.wait([self._task], timeout=LEAVE_S)

    async def _answer(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        """Hypercorn's view of this class (ASGI)."""
        if scope["type"] != "http":
            return  # no start-up of its own, no web sockets
        page = await self._page(scope)
        headers = [
            (b"content-type", page.content_type.encode()),
            (b"content-length", str(len(page.body)).encode()),
            (b"cache-control", b"no-store"),
        ]
        await send(
            {
                "type": "http.response.start",
                "status": page.status,
                "headers": headers,
                "trailers": False,
            }
        )
        await send({"type": "http.response.body", "body": page.body, "more_body": False})

    async def _page(self, scope: HTTPScope) -> Page:
        if _host(scope) not in NAMES:
            return _plain(421, f"ask by one of {', '.join(sorted(NAMES))}")
        if scope["method"] not in ("GET", "HEAD"):
            return _plain(405, "only GET and HEAD")
        ask = self._pages.get(scope["path"])
        if ask is None:
            return _plain(404, f"there are {', '.join(self._pages)}")
        try:
            return await ask()
        except Exception:  # Hypercorn's own log is off: it would print what was asked
            log.exception("health.failed", page=scope["path"])
            return _plain(500, "see health.failed in the log")


def _taken(port: int, error: OSError) -> PortTaken:
    return PortTaken(
        f"health.port is {port}, and {HOST}:{port} cannot be listened on ({error.strerror}); "
        "stop what is there, or give another port, or 0 for none"
    )


def _tell(ended: asyncio.Task[None]) -> None:
    """A bot whose pages fail goes on answering people."""
    if not ended.cancelled() and (error := ended.exception()):
        log.error("health.ended", error=str(error))


def _host(scope: HTTPScope) -> str:
    """The name that was asked for, without a port."""
    hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
    return hosts[0].rsplit(":", 1)[0].lower() if len(hosts) == 1 else ""


def _plain(status: int, text: str) -> Page:
    return Page(status, "text/plain; charset=utf-8", f"{text}\n".encode())
