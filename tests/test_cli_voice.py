"""voice list and erase, as a person and a program see them."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.voice import app
from engine.bank import Pair
from engine.mood import Mood
from handlers.audit.log import AuditLog
from handlers.audit.schema import Run
from handlers.audit.voice import listed
from tests.command_line import Answer, CommandLine

ROOT = Path(__file__).resolve().parent.parent
RUN = Run("bundled-small", "1d9614638d18", "bf16", "prompts-1", "0123456789ab", "0.1.0")
PAIRS = (
    Pair("在吗", Mood.NEUTRAL, "在的在的", "wxid_ming"),
    Pair("太好了！", Mood.HAPPY, "[red]那必须的\x1b[31m", "wxid_ming"),
    Pair("晚安", Mood.NEUTRAL, "好梦", "wxid_hong"),
)


class Bot(CommandLine):
    """``voice`` of a bot whose audit log is in ``folder``."""

    def __init__(self, folder: Path) -> None:
        super().__init__(app, "voice", folder)

    def ids(self) -> list[int]:
        return [one.id for one in listed(self.place)]


@pytest.fixture
def bot(tmp_path: Path) -> Bot:
    """Has learnt three pairs."""
    bot = Bot(tmp_path / "audit")

    async def main() -> None:
        async with await AuditLog.open(bot.place, RUN, clock=lambda: 1_777_000_000.0) as log:
            for pair in PAIRS:
                await log.learn(pair.text, pair, limit=9)

    asyncio.run(main())
    return bot


def test_list_on_a_pipe_is_one_line_a_pair(bot: Bot) -> None:
    """Number, time, chat, message, mood and answer between tabs; nothing steers the terminal."""
    lines = [line.split("\t") for line in bot("list").out.splitlines()]

    assert [["1", "wxid_ming", "在吗", "neutral", "在的在的"]] == [
        [id_, *rest] for id_, _, *rest in lines[:1]
    ]
    assert "[red]那必须的\\x1b[31m" == lines[1][-1]
    assert 3 == len(lines)


def test_list_in_a_terminal_is_a_table(bot: Bot) -> None:
    """In a terminal the pairs stand under headings, markup in them as it was typed."""
    shown = bot("list", terminal=120).out

    assert "your answer" in shown.splitlines()[0]
    assert "[red]那必须的" in shown


def test_list_as_json(bot: Bot) -> None:
    """With --json a pair is an object a line, and --chat narrows it to one chat."""
    [line] = bot("list", "--json", "--chat", "wxid_hong").out.splitlines()

    assert json.loads(line) == {
        "id": 3,
        "chat": "wxid_hong",
        "seen_at": 1_777_000_000.0,
        "text": "晚安",
        "mood": "neutral",
        "reply": "好梦",
    }


def test_nothing_learnt_is_said(bot: Bot) -> None:
    """Without a pair there is a word on stderr, and with --json silence."""
    assert Answer("", "nothing was learnt in chat nobody\n") == bot("list", "--chat", "nobody")
    assert Answer("", "") == bot("list", "--chat", "nobody", "--json")


@pytest.mark.parametrize(
    ("arguments", "said", "left"),
    [
        (["--all"], "erased 3 pairs", []),
        (["--chat", "wxid_ming"], "erased 2 pairs", [3]),
        (["3"], "erased 1 pair;", [1, 2]),
        (["1", "2"], "erased 2 pairs", [3]),
        (["--chat", "nobody"], "erased 0 pairs", [1, 2, 3]),
    ],
)
def test_erase_takes_what_is_named(
    bot: Bot, arguments: list[str], said: str, left: list[int]
) -> None:
    """On a pipe it erases without asking, and tells how many."""
    assert said in bot("erase", *arguments).out
    assert left == bot.ids()


def test_a_number_that_is_not_there_is_named(bot: Bot) -> None:
    """The others are erased all the same: in the end none of those named is there."""
    answer = bot("erase", "9", "1", "7")

    assert ("no pair 7, 9\n", [2, 3]) == (answer.err, bot.ids())
    assert "erased 1 pair;" in answer.out


@pytest.mark.parametrize("arguments", [[], ["--all", "1"], ["--all", "--chat", "x"], ["0x1"]])
def test_erase_asks_for_one_way_of_naming(bot: Bot, arguments: list[str]) -> None:
    """Nothing named, two ways at once, or no number: exit code 2 and nothing erased."""
    bot("erase", *arguments, exit_code=2)

    assert [1, 2, 3] == bot.ids()


async def test_a_running_bot_is_named_with_the_way_out(bot: Bot) -> None:
    """While the bot writes, the list is shown and erasing refused in one line, exit code 1."""
    async with await AuditLog.open(bot.place, RUN):
        listed_ = bot("list").out
        refused = bot("erase", "--all", exit_code=1).err

    assert 3 == len(listed_.splitlines())
    assert refused.startswith("voice: nothing was erased: the bot is running")
    assert refused.endswith("start it again\n")
    assert [1, 2, 3] == bot.ids()


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals")
@pytest.mark.parametrize(("typed", "left"), [(b"n\n", [1, 2, 3]), (b"y\n", [])])
def test_a_person_is_asked_first(bot: Bot, typed: bytes, left: list[int]) -> None:
    """In a terminal the whole program asks before it erases, and does as it is told."""
    keyboard, stdin = os.openpty()
    try:
        os.write(keyboard, typed)
        done = subprocess.run(
            [sys.executable, str(ROOT / "bot.py"), "voice", "erase", "--all"],
            stdin=stdin,
            capture_output=True,
            env=os.environ | {"YIXIN_AUDIT__FOLDER": bot.place.folder},
            text=True,
            check=False,
        )
    finally:
        os.close(stdin)
        os.close(keyboard)

    assert "Erase 3 pairs?" in done.stderr
    assert (left, 1 if left else 0) == (bot.ids(), done.returncode)
