"""The whole program as a supervisor sees it: its pages, its port, its words to systemd."""

from __future__ import annotations

import json
import os
import signal
import socket
from contextlib import closing
from pathlib import Path

import pytest

from health.server import HOST
from health.systemd import ALIVE, READY
from tests.program import Home, run, running
from tests.test_health import ask, hear

LOGGED = {"LOG__LEVEL": "info", "LOG__FORMAT": "json"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home.furnish(tmp_path_factory.mktemp("home"))


def free_port() -> int:
    with closing(socket.create_server((HOST, 0))) as taken:
        return int(taken.getsockname()[1])


async def test_a_running_bot_answers_its_supervisor(home: Home, tmp_path: Path) -> None:
    """Live, ready and measured; systemd hears READY, then signs of life; it leaves on SIGTERM."""
    port = free_port()
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.setblocking(False)
        os.environ |= {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "200000"}
        try:
            overrides = LOGGED | {"HEALTH__PORT": str(port)}
            async with running(home, overrides) as program:
                heard = [await hear(manager, 90)]
                while READY not in heard:
                    heard.append(await hear(manager, 90))
                live = await ask(port, "/live")
                is_ready = await ask(port, "/ready")
                while is_ready.status != 200:
                    is_ready = await ask(port, "/ready")
                figures = await ask(port, "/metrics")
                heard.append(await hear(manager))
                program.signal(signal.SIGTERM)
                code = await program.ended()
        finally:
            del os.environ["NOTIFY_SOCKET"], os.environ["WATCHDOG_USEC"]

    assert 0 == code
    assert (200, 200, 200) == (live.status, is_ready.status, figures.status), is_ready.body
    assert {"ready": True, "missing": {}} == json.loads(is_ready.body)
    assert "yixin_online 1.0" in figures.body
    assert 'yixin_start_info{channel="console",model="tiny",precision="fp32"' in figures.body
    assert ALIVE == heard[-1]


async def test_a_busy_port_ends_it_before_the_model_loads(home: Home) -> None:
    """Exit code 1, the port and the setting by name, and no time lost on the model."""
    with closing(socket.create_server((HOST, 0))) as taken:
        port = str(taken.getsockname()[1])
        ended = await run(home, overrides={"HEALTH__PORT": port, "ENGINE__MODEL": "no/such-model"})

    assert 1 == ended.code
    assert f"health.port is {port}" in ended.err
    assert "Traceback" not in ended.err
