"""audit verify and backup, as a person and a program see them."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from cli.audit import app
from handlers.audit.log import AuditLog
from handlers.audit.schema import Run
from handlers.exchange import Exchange
from tests.command_line import CommandLine
from tests.fakes import message

RUN = Run("bundled-small", "1d9614638d18", "bf16", "prompts-1", "0123456789ab", "0.1.0")
NOW = 1_777_000_000.0


class Bot(CommandLine):
    """``audit`` of a bot whose audit log is in ``folder``."""

    def __init__(self, folder: Path) -> None:
        super().__init__(app, "audit", folder)

    def keep(self, num: int) -> None:
        async def main() -> None:
            async with await AuditLog.open(self.place, RUN, clock=lambda: NOW) as log:
                for _ in range(num):
                    await log.receive(Exchange(message()))

        asyncio.run(main())

    def change(self, sql: str) -> None:
        with closing(sqlite3.connect(self.place.path / "audit.db")) as connection, connection:
            connection.execute(sql)


@pytest.fixture
def bot(tmp_path: Path) -> Bot:
    return Bot(tmp_path / "audit")


def test_a_whole_log_is_one_line(bot: Bot) -> None:
    """How many exchanges and entries, and since when; exit code 0, nothing on stderr."""
    bot.keep(3)

    answer = bot("verify")

    local = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(NOW))
    assert f"3 exchanges, 4 entries, chain intact since {local}\n" == answer.out
    assert "" == answer.err


def test_the_first_bad_row_is_named(bot: Bot) -> None:
    """Its number and id, as 'audit show' takes them, and what was done; exit code 1."""
    bot.keep(3)
    bot.change("UPDATE exchanges SET text = '改' WHERE seq >= 2")

    answer = bot("verify", exit_code=1)

    assert re.fullmatch(
        r"exchange 2 \(id [0-9a-f]{32}\): changed after it was written\n", answer.out
    )


def test_what_somebody_planted_cannot_steer_the_terminal(bot: Bot) -> None:
    """An id with escape sequences is shown as what it is."""
    bot.keep(1)
    bot.change("UPDATE exchanges SET id = char(27) || '[2J' || char(10), seq = -1")
    bot.change("DELETE FROM journal WHERE n = 2")

    answer = bot("verify", exit_code=1)

    assert "\x1b" not in answer.out
    assert 1 == answer.out.count("\n")


def test_without_a_log_there_is_nothing_to_verify(bot: Bot) -> None:
    """One line on stderr says so."""
    answer = bot("verify", exit_code=1)

    assert "" == answer.out
    assert "no audit log here yet" in answer.err


def test_backup_names_its_files(bot: Bot, tmp_path: Path) -> None:
    """On stdout the files, a line each, for the program that takes them elsewhere."""
    bot.keep(2)

    answer = bot("backup", str(tmp_path / "copy.db"))
    again = bot("backup", str(tmp_path / "copy.db"), exit_code=1)

    assert [str(tmp_path / name) for name in ("copy.db", "copy.anchor")] == answer.out.splitlines()
    assert "2 exchanges copied\n" == answer.err
    assert "is there already" in again.err
