"""The pages for a supervisor: what they say, whom they answer, and what they keep to themselves."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from handlers.audit.errors import AuditError
from health.checks import STUCK_S, Checks, live, ready
from health.errors import PortTaken
from health.server import HOST, HealthServer, Page, bind
from health.systemd import ALIVE, READY, Systemd


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: str
    body: str


async def ask(port: int, path: str, *, method: str = "GET", host: str = HOST) -> Answer:
    """One question in the words of HTTP, as any supervisor puts it."""
    return await say(port, f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")


async def say(port: int, words: str) -> Answer:
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        writer.write(words.encode("latin-1"))
        head, _, body = (await asyncio.wait_for(reader.read(), 10)).decode().partition("\r\n\r\n")
    finally:
        writer.close()
        await writer.wait_closed()
    return Answer(int(head.split()[1]), head.lower(), body)


def page(text: str = "ok") -> Callable[[], Awaitable[Page]]:
    async def ask() -> Page:
        return Page(200, "text/plain", text.encode())

    return ask


@dataclass(slots=True)
class Bot:
    """What the checks ask, as one bot would answer."""

    is_warm: bool = True
    is_online: bool = True
    is_breaker_open: bool = False
    is_resting: bool = False
    is_stopping: bool = False
    disk: Exception | float = field(default=0.0)

    async def touch(self) -> None:
        if isinstance(self.disk, Exception):
            raise self.disk
        await asyncio.sleep(self.disk)

    def ready(self) -> Checks:
        return ready(
            is_warm=lambda: self.is_warm,
            is_online=lambda: self.is_online,
            is_breaker_open=lambda: self.is_breaker_open,
            is_resting=lambda: self.is_resting,
            is_stopping=lambda: self.is_stopping,
            touch=self.touch,
        )


# -- checks ----------------------------------------------------------------------------


async def test_a_bot_with_everything_in_place_is_ready() -> None:
    """200, and an object that says so."""
    got = await Bot().ready().page()

    assert 200 == got.status
    assert {"ready": True, "missing": {}} == json.loads(got.body)


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        ({"is_warm": False}, "model"),
        ({"is_breaker_open": True}, "breaker"),
        ({"is_online": False}, "account"),
        ({"is_resting": True}, "rest"),
        ({"disk": AuditError("/home/zhang/audit.db: disk full")}, "audit"),
        ({"is_stopping": True}, "stop"),
    ],
)
async def test_what_is_missing_is_named(fault: dict[str, object], name: str) -> None:
    """503, and an object that names what is missing, that alone, and nobody's path."""
    got = await replace(Bot(), **fault).ready().page()  # type: ignore[arg-type]
    said = json.loads(got.body)

    assert 503 == got.status
    assert (False, [name]) == (said["ready"], list(said["missing"]))
    assert b"zhang" not in got.body


async def test_a_stalled_disk_does_not_stall_the_answer() -> None:
    """A write that hangs is a fault of its own after its patience, not a page that never comes."""
    bot = Bot(disk=60)
    checks = Checks("ready", {"audit": lambda: told(bot.touch())}, patience_s=0.05)

    async def told(touch: Awaitable[None]) -> str:
        await touch
        return ""

    assert {"audit": "no answer within 0.05 s"} == await checks.faults()


@pytest.mark.parametrize(("stood", "status"), [(0.0, 200), (60 + STUCK_S, 200), (91.0, 503)])
async def test_a_thread_that_does_not_come_back_is_not_alive(stood: float, status: int) -> None:
    """Alive up to 30 s beyond the deadline of a reply; then a restart is all that helps."""
    got = await live(lambda: stood, reply_timeout_s=60).page()

    assert status == got.status
    assert (status == 200) == json.loads(got.body)["live"]


# -- server ----------------------------------------------------------------------------


async def test_pages_are_asked_anew_each_time() -> None:
    """A page is what its source says at the moment of the question, and is not to be kept."""
    said = iter(("one", "two"))

    async def count() -> Page:
        return Page(200, "text/plain", next(said).encode())

    bound = bind(0)
    port = bound.getsockname()[1]
    async with HealthServer(bound, {"/count": count}):
        answers = [await ask(port, "/count") for _ in range(2)]

    assert ["one", "two"] == [answer.body for answer in answers]
    assert all("cache-control: no-store" in answer.headers for answer in answers)


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ({"path": "/live"}, 200),
        ({"path": "/live?verbose=1"}, 200),
        ({"path": "/live", "method": "HEAD"}, 200),
        ({"path": "/live", "host": "localhost:9000"}, 200),
        ({"path": "/"}, 404),
        ({"path": "/%2e%2e/settings.yaml"}, 404),
        ({"path": "/live", "method": "POST"}, 405),
        ({"path": "/live", "host": "evil.example"}, 421),
        ({"path": "/broken"}, 500),
    ],
)
async def test_each_question_has_its_status(words: dict[str, str], status: int) -> None:
    """Unknown paths, other methods, other names for this machine, a page that fails: each is said.

    A page in a browser whose name resolves to 127.0.0.1 (DNS rebinding) reads nothing.
    """

    async def broken() -> Page:
        raise RuntimeError("身份证号四四零一")

    bound = bind(0)
    port = bound.getsockname()[1]
    async with HealthServer(bound, {"/live": page(), "/broken": broken}):
        answer = await ask(port, words.pop("path"), **words)

    assert status == answer.status
    assert "身份证" not in answer.body


@pytest.mark.parametrize(
    "words", ["\r\n\r\n", "hello\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\0" * 99]
)
async def test_garbage_harms_nobody(words: str) -> None:
    """Whatever is sent to the port, the next question is answered."""
    bound = bind(0)
    port = bound.getsockname()[1]
    async with HealthServer(bound, {"/live": page()}):
        _, writer = await asyncio.open_connection(HOST, port)
        writer.write(words.encode())
        await writer.drain()
        answer = await ask(port, "/live")
        writer.close()

    assert "ok" == answer.body


async def test_the_bot_leaves_though_somebody_holds_a_connection() -> None:
    """An idle connection, and one in the middle of a word, delay a stop by 3 s at most."""
    bound = bind(0)
    port = bound.getsockname()[1]
    loop = asyncio.get_running_loop()
    async with HealthServer(bound, {"/live": page()}):
        _, idle = await asyncio.open_connection(HOST, port)
        _, half = await asyncio.open_connection(HOST, port)
        half.write(b"GET /live HT")
        await half.drain()
        began = loop.time()
    took = loop.time() - began
    for writer in (idle, half):
        writer.close()

    assert took < 3.5


async def test_the_port_is_free_again_at_once() -> None:
    """A bot that is restarted takes the port it had, whatever the kernel still remembers of it."""
    bound = bind(0)
    port = bound.getsockname()[1]
    async with HealthServer(bound, {"/live": page()}):
        await ask(port, "/live")
    async with HealthServer(bind(port), {"/live": page("again")}):
        answer = await ask(port, "/live")

    assert "again" == answer.body


def test_a_busy_port_is_named_with_its_setting() -> None:
    """The error says which port, which setting, and the ways out."""
    with closing(socket.create_server((HOST, 0))) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortTaken, match=rf"health\.port is {port}.*another port, or 0"):
            bind(port)


async def test_two_that_bind_at_the_same_moment_are_told_apart() -> None:
    """Both may bind; the second to listen gets the same clear error, not a traceback."""
    first = bind(0)
    port = first.getsockname()[1]
    second = bind(port)

    async with HealthServer(first, {}):
        with pytest.raises(PortTaken, match=str(port)):
            async with HealthServer(second, {}):
                pass


async def test_nobody_but_this_machine_is_listened_to() -> None:
    """The socket is bound to 127.0.0.1, not to all addresses."""
    with closing(bind(0)) as bound:
        assert HOST == bound.getsockname()[0]


# -- systemd ---------------------------------------------------------------------------


async def test_systemd_is_told_as_long_as_there_is_life(tmp_path: Path) -> None:
    """READY once, WATCHDOG while the checks are fine, silence from the moment they are not."""
    stood = 0.0
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.setblocking(False)
        supervisor = Systemd({"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "20000"})
        supervisor.tell(READY)
        watching = asyncio.create_task(supervisor.watch(live(lambda: stood, reply_timeout_s=1)))
        heard = [await hear(manager) for _ in range(4)]
        stood = 99.0
        await asyncio.sleep(0.05)
        while await hear(manager, within_s=0.05):
            pass
        after = await hear(manager, within_s=0.1)
        watching.cancel()

    assert [READY, ALIVE, ALIVE, ALIVE] == heard
    assert "" == after


async def hear(manager: socket.socket, within_s: float = 5) -> str:
    """The next word, empty where none comes."""
    try:
        async with asyncio.timeout(within_s):
            return (await asyncio.get_running_loop().sock_recv(manager, 99)).decode()
    except TimeoutError:
        return ""


async def test_where_there_is_no_systemd_nothing_is_told() -> None:
    """Without a socket, or with one that is gone, telling is quiet and watching ends by itself."""
    Systemd({}).tell(READY)
    Systemd({"NOTIFY_SOCKET": "@yixin-not-there"}).tell(READY)
    await asyncio.wait_for(Systemd({}).watch(live(lambda: 0.0, reply_timeout_s=1)), 1)
