"""The whole program at a gateway, ended at any moment: nothing is lost and nothing said twice.

The gateway does what puppets do after a restart: it replays what it has delivered before.
"""

from __future__ import annotations

import asyncio
import random
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from wechaty_grpc.wechaty.puppet import EventType

from handlers.exchange import Gate, Outcome
from tests.gateway_fake import FakeGateway
from tests.program import Home, Running, run, running
from wechat.endpoint import ENDPOINT, TOKEN

#: Nothing waits and nothing is refused; what is tested is the end, not the pace.
AT_ONCE = {
    "ENGINE__THREADS": "1",  # two on a busy machine wait for each other (trap 9)
    "CHANNEL__KIND": "wechaty",
    "CHANNEL__RECONNECT_MAX_S": "0.2",
    "DELIVER__DELAY_MIN_S": "0",
    "DELIVER__DELAY_MAX_S": "0",
    "DELIVER__DELAY_PER_CHAR_S": "0",
    "DELIVER__GAP_S": "0",
    "DELIVER__PER_MINUTE_CHAT": "1000000",
    "DELIVER__PER_MINUTE": "1000000",
    "DELIVER__PER_DAY": "1000000",
    "DELIVER__PER_DAY_CHAT": "1000000",
    "DELIVER__WARMUP_DAYS": "0",
    "ANSWER__BURST_S": "0",
    "ANSWER__MAX_AGE_S": "86400",
    "REPLY__SPLIT_CHARS": "2000",
    "REPLY__CANDIDATES": "1",
    "LOG__FORMAT": "json",
}
#: A pace at which most replies still wait when the stop comes.
SLOW = AT_ONCE | {"DELIVER__DELAY_MIN_S": "0.2", "DELIVER__DELAY_MAX_S": "30"}
OUT_WITHIN_S = 15.0
CLOSED = {Outcome.SILENT, Outcome.SENT, Outcome.UNCERTAIN, Outcome.FAILED}
LEFT = {Outcome.SENT, Outcome.UNCERTAIN}
PRESENT = 60


@dataclass
class Town:
    """A gateway and people who write once each, so that a reply is known by its chat."""

    home: Home
    gateway: FakeGateway = field(default_factory=FakeGateway)
    asked: dict[str, str] = field(default_factory=dict)
    sends: Counter[str] = field(default_factory=Counter)
    taken: asyncio.Event = field(default_factory=asyncio.Event)

    async def take_slowly(self) -> None:
        """What the gateway does before it answers a send, so that there is time to be killed."""
        self.taken.set()
        await asyncio.sleep(0.05)

    def write(self) -> None:
        who = f"p{len(self.asked)}"
        self.gateway.add_contact(who, who)
        self.asked[self.gateway.receive(who, f"你好，我是{who}")] = who

    def replay(self, last: int | None = None) -> None:
        """Deliver the last messages once more, all of them unless it is said how many."""
        for identity in list(self.asked)[-last if last else 0 :]:
            self.gateway.emit(EventType.EVENT_TYPE_MESSAGE, messageId=identity)

    async def bustle(self) -> None:
        """New messages and old ones again, some ten a second, for as long as anybody lets it."""
        self.replay(PRESENT)
        while True:
            self.write()
            await asyncio.sleep(0.1)

    def rows(self) -> dict[str, Outcome]:
        """Outcome of each message, as plain SQLite, no code of ours, says of the file."""
        if not (self.home.audit / "audit.db").exists():
            return {}
        with closing(sqlite3.connect(self.home.audit / "audit.db")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            query = "SELECT message_id, outcome FROM exchanges WHERE message_id IN (%s)"
            marks = ",".join("?" * len(self.asked))
            rows = connection.execute(query % marks, list(self.asked)).fetchall()
        assert len({message for message, _ in rows}) == len(rows), "a message has two rows"
        return {message: Outcome(outcome) for message, outcome in rows}

    def count_sends(self) -> Counter[str]:
        """Replies that the gateway took, by the message they answer."""
        of_chat = {who: identity for identity, who in self.asked.items()}
        while not self.gateway.sent.empty():
            chat_id, _, _ = self.gateway.sent.get_nowait()
            self.sends[of_chat[chat_id]] += 1
        return self.sends

    async def settled(self) -> dict[str, Outcome]:
        """Rows once every message has one and none is open."""
        async with asyncio.timeout(PRESENT):
            while True:
                rows = self.rows()
                if rows.keys() == self.asked.keys() and set(rows.values()) <= CLOSED:
                    return rows
                await asyncio.sleep(0.05)


@asynccontextmanager
async def bot_in(town: Town, overrides: dict[str, str]) -> AsyncIterator[Running]:
    where = {TOKEN: "token", ENDPOINT: f"127.0.0.1:{town.gateway.port}"}
    async with running(town.home, overrides | where) as program:
        yield program


async def busy(town: Town, program: Running, moment_s: float, *, has_said: bool = False) -> None:
    """Have the bot in the middle of things: online, with messages coming in, for ``moment_s``.

    Args:
        has_said: Count that from when the gateway begins to take the first reply.
    """
    town.taken.clear()
    await program.logged("account.online")
    bustle = asyncio.create_task(town.bustle())
    try:
        if has_said:
            await asyncio.wait_for(town.taken.wait(), PRESENT)
        await asyncio.sleep(moment_s)
    finally:
        bustle.cancel()


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home.furnish(tmp_path_factory.mktemp("home"))


@pytest.fixture
def town(furnished: Home, tmp_path: Path) -> Town:
    return Town(furnished.with_audit(tmp_path / "audit"))


def faults(rows: dict[str, Outcome], sends: Counter[str]) -> dict[str, Sequence[str]]:
    """What must never be: said twice, said without a row, or a row that claims what was not."""
    left = {message for message, outcome in rows.items() if outcome in LEFT}
    sent = {message for message, outcome in rows.items() if outcome is Outcome.SENT}
    found = {
        "said twice": [message for message, times in sends.items() if times > 1],
        "said, no row says so": sorted(sends.keys() - left),
        "sent by its row, not said": sorted(sent - sends.keys()),
    }
    return {fault: messages for fault, messages in found.items() if messages}


@pytest.mark.parametrize(
    "kills", [2, pytest.param(200, marks=[pytest.mark.soak, pytest.mark.timeout(1500)])]
)
async def test_a_killed_program_loses_and_doubles_nothing(town: Town, kills: int) -> None:
    """kill -9 at random points of start and work: a row a message, no reply twice (trap 16)."""
    chance, interrupted, uncertain = random.Random(kills), 0, 0  # noqa: S311
    town.gateway.on_sent = town.take_slowly
    async with town.gateway.serving():
        for n in range(kills):
            before = town.rows()
            async with bot_in(town, AT_ONCE) as program:
                if n % 5 == 2:  # in the middle of the start and of what it settles
                    await asyncio.sleep(chance.uniform(0, 0.3))
                elif n % 5 == 1:
                    await busy(town, program, chance.uniform(0, 0.6))
                else:
                    await busy(town, program, chance.uniform(0, 0.2), has_said=True)
                program.signal(signal.SIGKILL)
                await program.ended()
            rows = town.rows()
            open_ = Counter(outcome for outcome in rows.values() if outcome not in CLOSED)
            interrupted += open_[Outcome.RECEIVED] + open_[Outcome.DECIDED]
            uncertain += open_[Outcome.SENDING]

            assert before.keys() <= rows.keys(), "rows were lost"
        async with bot_in(town, AT_ONCE) as program:
            await program.logged("account.online")
            town.replay()
            rows = await town.settled()
            program.signal(signal.SIGTERM)
            code = await program.ended()
    sends, proof = town.count_sends(), await run(town.home, "audit", "verify")
    print(
        f"{kills} kills: {len(town.asked)} messages, {len(rows)} rows, {sends.total()} replies; "
        f"open when killed: {interrupted} before a send, {uncertain} in one; "
        f"{sum(times > 1 for times in sends.values())} doubled"
    )

    assert code == 0
    assert proof.code == 0, proof.out
    assert faults(rows, sends) == {}
    assert sends


@pytest.mark.parametrize(
    ("stops", "drain_s"),
    [(1, 1.0), pytest.param(50, 12.0, marks=[pytest.mark.soak, pytest.mark.timeout(1500)])],
)
async def test_a_stop_under_load_accounts_for_everything(
    town: Town, stops: int, drain_s: float
) -> None:
    """SIGTERM among messages: out within 15 s, exit code 0, no row left open (trap 21)."""
    chance, took = random.Random(stops), list[float]()  # noqa: S311
    async with town.gateway.serving():
        for n in range(stops):
            pace = (SLOW if n % 10 == 1 else AT_ONCE) | {"DELIVER__DRAIN_S": str(drain_s)}
            async with bot_in(town, pace) as program:
                await busy(town, program, chance.uniform(0.1, 1.0))
                asked_at = time.monotonic()
                program.signal(signal.SIGTERM)
                code = await program.ended()
                took.append(time.monotonic() - asked_at)
            rows = town.rows()

            assert code == 0, program.log
            assert "Traceback" not in program.log
            assert set(rows.values()) <= CLOSED
            assert faults(rows, town.count_sends()) == {}
    took.sort()
    print(f"{stops} stops: {len(rows)} rows, slowest out after {took[-1]:.1f} s")

    assert took[-1] < OUT_WITHIN_S


async def test_a_second_signal_leaves_at_once(town: Town) -> None:
    """Out within two seconds of it, code 130; the next start accounts for what was under way."""
    async with town.gateway.serving():
        async with bot_in(town, SLOW) as program:
            await busy(town, program, 0.5)
            program.signal(signal.SIGTERM)
            await program.logged("stopping")
            asked_at = time.monotonic()
            program.signal(signal.SIGTERM)
            code = await program.ended()
            took = time.monotonic() - asked_at
        left_open = set(town.rows().values()) - CLOSED
        async with bot_in(town, AT_ONCE) as program:
            await program.logged("account.online")
            town.replay()
            rows = await town.settled()
    gates = {row.gate for row in town.home.records() if row.outcome == Outcome.SILENT}

    assert code == 130
    assert took < 2
    assert left_open
    assert Gate.INTERRUPTED in gates
    assert faults(rows, town.count_sends()) == {}
