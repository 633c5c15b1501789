"""``python -m tests.endurance FOLDER MESSAGES``: a long day of the bot, in a process of its own.

Prints one JSON object: what the process held after every few hundred messages.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from cli import logs
from settings import Log, Settings
from tests import house
from tests.house import Scene
from wechat.puppet import InProcessPuppet

#: People who write, and messages that are on their way at once.
PEOPLE, AT_ONCE = 100, 50
EVERY = 100


@dataclass(frozen=True, slots=True)
class Mark:
    """What the process held after so many messages.

    Attributes:
        rss: Resident memory in bytes; tells little over a few hundred messages.
        objects: Objects that Python's collector knows; tells of a leak at once.
    """

    messages: int
    rss: int
    objects: int
    files: int
    threads: int
    tasks: int


def mark(messages: int) -> Mark:
    gc.collect()
    process = psutil.Process()
    with process.oneshot():
        rss, files, threads = (
            process.memory_info().rss,
            process.num_fds(),
            process.num_threads(),
        )
    objects = len(gc.get_objects())
    return Mark(messages, rss, objects, files, threads, len(asyncio.all_tasks()))


@dataclass(frozen=True, slots=True)
class Day:
    """What a day left: its marks, the rows in the log, and the seconds it took."""

    marks: list[Mark]
    rows: int
    took_s: float


class Forgetful(InProcessPuppet):
    """A gateway that forgets what is over; it remembers thousands of messages otherwise."""

    def forget(self) -> None:
        self._messages.clear()


async def day(folder: Path, messages: int) -> Day:
    """Private chats and groups, answered and not, replays among them."""
    settings, marks, start = house.config(folder), list[Mark](), time.monotonic()
    puppet = Forgetful(name="一心")

    async def play(scene: Scene) -> None:
        puppet.add_room("room", "同学群", ["bot"])
        marks.append(mark(0))
        for first in range(0, messages, AT_ONCE):
            ids = [one_of(scene, n) for n in range(first, first + AT_ONCE)]
            await scene.until_ended(*ids)
            scene.forget()
            puppet.forget()
            if (done := first + AT_ONCE) % EVERY == 0:
                marks.append(mark(done))

    await house.live(settings, play, puppet=puppet)
    return Day(marks, len(house.records(settings)), time.monotonic() - start)


def one_of(scene: Scene, n: int) -> str:
    """One message of the day: three of four private, one of them twice."""
    who, room = f"p{n % PEOPLE}", "" if n % 4 else "room"
    identity = scene.write(who, f"今天第{n}句话，说点什么好呢", room_id=room, message_id=f"m{n}")
    if n % 10 == 0:
        scene.write(who, "重复", room_id=room, message_id=f"m{max(0, n - 1000)}")
    return identity


if __name__ == "__main__":
    where, number = sys.argv[1:]
    logs.set_up(Settings(log=Log(level="error")))
    print(json.dumps(asdict(asyncio.run(day(Path(where), int(number))))))
