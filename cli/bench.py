"""``bench``: how long mood, reply and the whole path take, measured on the program itself."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from cli.progress import TerminalProgress
from handlers.audit.reader import Query, Record, select
from settings import Audit

BOT = Path(__file__).resolve().parent.parent / "bot.py"

MESSAGES = (
    "在吗",
    "今天的实验终于成功了，太棒了！",
    "加班到现在，人都麻了",
    "你们这个破软件又崩了，烦死了",
    "周末去爬山吗",
    "我猫生病了，好担心",
    "哈哈哈哈笑死我了",
    "明天下午三点开会，别忘了",
    "什么？他居然辞职了？",
    "How was your day?",
)
STAGES = ("mood", "reply", "whole path")


def measure(settings_file: Path, *, rounds: int, as_json: bool) -> None:
    """Send messages through the console channel and print p50 and p95 of what they took."""
    with tempfile.TemporaryDirectory() as folder:
        ready_s = _run_bot(settings_file, folder, MESSAGES * rounds)
        records = list(select(Audit(folder=folder), Query()))
    figures = _figures(records) | {"messages": len(records), "first_answer_s": ready_s}
    if as_json:
        print(json.dumps(figures))
    else:
        Console().print(_table(figures))


def _run_bot(settings_file: Path, folder: str, messages: Sequence[str]) -> float:
    """Have a bot of its own answer the messages; returns seconds from its start to its first line.

    Its audit log has the time of every stage, so what is measured is what users wait for.
    """
    own = {"YIXIN_CHANNEL__KIND": "console", "YIXIN_AUDIT__FOLDER": folder, "YIXIN_AUDIT__URL": ""}
    start, first = time.monotonic(), 0.0
    with (
        TerminalProgress().task("Answering", len(messages), "messages") as advance,
        subprocess.Popen(  # noqa: S603 - this program itself
            [sys.executable, str(BOT), "--settings", str(settings_file)],
            env=os.environ | own,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as bot,
    ):
        assert bot.stdin is not None  # noqa: S101 - both are pipes
        assert bot.stdout is not None  # noqa: S101
        for message in messages:
            bot.stdin.write(f"{message}\n".encode())
            bot.stdin.flush()
            if not bot.stdout.readline():
                break
            first = first or time.monotonic() - start
            advance(1)
        bot.stdin.close()
    if bot.returncode:
        raise typer.Exit(bot.returncode)
    return round(first, 2)


def _figures(records: Sequence[Record]) -> dict[str, Any]:
    taken: dict[str, list[float]] = {stage: [] for stage in STAGES}
    for record in records:
        taken["whole path"].append(sum(record.stage_ms.values()))
        for stage in ("mood", "reply"):
            if stage in record.stage_ms:
                taken[stage].append(record.stage_ms[stage])
    return {
        f"{stage.replace(' ', '_')}_ms": {"p50": _percentile(ms, 50), "p95": _percentile(ms, 95)}
        for stage, ms in taken.items()
        if ms
    }


def _percentile(values: Sequence[float], percent: int) -> float:
    """Of all values, not of a fitted curve; one value is each of its percentiles."""
    if len(values) == 1:
        return round(values[0], 1)
    return round(statistics.quantiles(values, n=100, method="inclusive")[percent - 1], 1)


def _table(figures: dict[str, Any]) -> Table:
    title = f"{figures['messages']} messages, first answer after {figures['first_answer_s']} s"
    table = Table("", "p50 ms", "p95 ms", title=title)
    for stage in STAGES:
        taken = figures.get(f"{stage.replace(' ', '_')}_ms")
        if taken:
            table.add_row(stage, f"{taken['p50']:.0f}", f"{taken['p95']:.0f}")
    return table
