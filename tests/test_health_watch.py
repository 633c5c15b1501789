"""What the composition root opens for a supervisor, on a bot of which only the surface is there."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from engine.mood import Mood
from handlers.exchange import Exchange, Outcome
from health.metrics import Start
from health.server import bind
from health.systemd import READY
from health.watch import Watch
from tests.fakes import message, reading
from tests.test_health import ask, hear


@dataclass(slots=True)
class Surface:
    """Engine, account, pipeline, governor and audit log in one: all that a watch looks at."""

    num_waiting: int = 3
    step_s: float = 0.0
    online: bool = True
    is_stopping: bool = False
    is_resting: bool = False

    def used(self) -> Mapping[str, tuple[int, int]]:
        return {"per_day": (41, 500)}

    async def touch(self) -> None:
        pass


def watch(bot: Surface) -> Watch:
    return Watch(
        Start(version="0.1.0", model="tiny", precision="fp32", channel="wechaty"),
        model=bot,
        account=bot,
        pipeline=bot,
        governor=bot,
        ledger=bot,
        is_breaker_open=lambda: False,
        reply_timeout_s=60,
    )


async def test_a_bot_becomes_ready_works_and_stops() -> None:
    """Not ready before it is warm nor once it is about to stop; live all along; counted."""
    bot = Surface()
    watching, bound = watch(bot), bind(0)
    port = bound.getsockname()[1]
    async with watching.kept(bound):
        before = await ask(port, "/ready")
        watching.warm()
        said = Exchange(message("你好"), reading=reading(Mood.HAPPY), outcome=Outcome.SENT)
        watching.ended(said)
        during = await ask(port, "/ready")
        figures = await ask(port, "/metrics")
        bot.is_stopping = True
        after = await ask(port, "/ready")
        live = await ask(port, "/live")

    assert [503, 200, 503, 200] == [a.status for a in (before, during, after, live)]
    assert [["model"], [], ["stop"]] == [
        list(json.loads(answer.body)["missing"]) for answer in (before, during, after)
    ]
    for line in (
        'yixin_messages_total{gate="",outcome="sent"} 1.0',
        'yixin_moods_total{mood="happy"} 1.0',
        'yixin_waiting{queue="messages"} 3.0',
        'yixin_sends{budget="per_day"} 41.0',
        'yixin_sends_limit{budget="per_day"} 500.0',
        "yixin_online 1.0",
    ):
        assert f"\n{line}\n" in figures.body


async def test_a_thread_that_stands_still_is_seen() -> None:
    """/live is 503 and names the inference thread."""
    watching, bound = watch(replace(Surface(), step_s=120.0)), bind(0)
    port = bound.getsockname()[1]
    async with watching.kept(bound):
        answer = await ask(port, "/live")

    assert 503 == answer.status
    assert {"inference": "one step has taken 120 s"} == json.loads(answer.body)["missing"]


async def test_without_a_port_there_is_no_page_and_systemd_is_told_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pages are off by default; systemd is told when the bot is warm, and not before."""
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.setblocking(False)
        watching = watch(Surface())
        async with watching.kept(None):
            before = await hear(manager, within_s=0.05)
            watching.warm()
            after = await hear(manager)

    assert ("", READY) == (before, after)
