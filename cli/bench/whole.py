"""Messages through the whole program in the console: what users wait for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cli.bench.figures import percentile
from cli.child.process import ROOT, ChildFailed
from engine.progress import Progress
from handlers.audit.reader import Query, Record, select
from settings import Audit

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
#: Of the examples that replies are judged by, so many are one message here.
EVERY = 8
STAGES = ("mood", "reply", "whole path")


def whole_path(settings_file: Path, progress: Progress) -> dict[str, Any]:
    """p50 and p95 of each stage in milliseconds, and the seconds to the first answer.

    Then those of whole replies to example messages, each in a chat of its own.

    Raises:
        ChildFailed: The bot ended before it had answered.
    """
    with tempfile.TemporaryDirectory() as folder:
        ready_s = _run_bot(settings_file, folder, MESSAGES, progress)
        records = list(select(Audit(folder=folder), Query()))
    alone_ms = _percentiles(_alone_ms(settings_file, _examples(), progress))
    found = {"messages": len(records), "first_answer_s": ready_s, **_figures(records)}
    return found | {"example_messages_ms": alone_ms}


def _run_bot(
    settings_file: Path, folder: str, messages: Sequence[str], progress: Progress
) -> float:
    """Have a bot of its own answer the messages; returns seconds from its start to its first line.

    Its audit log has the time of every stage, so what is measured is what users wait for.
    """
    own = {"YIXIN_CHANNEL__KIND": "console", "YIXIN_AUDIT__FOLDER": folder, "YIXIN_AUDIT__URL": ""}
    start, first = time.monotonic(), 0.0
    with (
        progress.task("Answering", len(messages), "messages") as advance,
        subprocess.Popen(  # noqa: S603 - this program itself
            [sys.executable, str(ROOT / "bot.py"), "--settings", str(settings_file)],
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
        raise ChildFailed(f"the bot ended with exit code {bot.returncode}")
    return round(first, 2)


def _examples() -> list[str]:
    """Everyday messages, and such as no line of ours was written for."""
    lines: list[str] = []
    for name in ("everyday", "unseen"):
        lines += (ROOT / f"examples/replies/{name}.jsonl").read_text("utf-8").splitlines()[::EVERY]
    return [" ".join(json.loads(line)["text"].split()) for line in lines]


def _alone_ms(settings_file: Path, messages: Sequence[str], progress: Progress) -> list[float]:
    """Milliseconds of mood and reply of each message, as ``bot.py reply`` tells them."""
    command = ("bot.py", "--settings", str(settings_file), "reply", "--json")
    with (
        progress.task("Answering examples", len(messages), "messages") as advance,
        subprocess.Popen(  # noqa: S603 - this program itself
            [sys.executable, str(ROOT / command[0]), *command[1:]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as replies,
    ):
        assert replies.stdin is not None  # noqa: S101 - both are pipes
        assert replies.stdout is not None  # noqa: S101
        replies.stdin.write("\n".join(messages).encode())
        replies.stdin.close()
        taken = []
        for line in replies.stdout:
            taken.append(float(json.loads(line)["ms"]))
            advance(1)
    if replies.returncode:
        raise ChildFailed(f"`reply` ended with exit code {replies.returncode}")
    return taken


def _figures(records: Sequence[Record]) -> dict[str, Mapping[str, float]]:
    taken: dict[str, list[float]] = {stage: [] for stage in STAGES}
    for record in records:
        taken["whole path"].append(sum(record.stage_ms.values()))
        for stage in ("mood", "reply"):
            if stage in record.stage_ms:
                taken[stage].append(record.stage_ms[stage])
    return {f"{stage.replace(' ', '_')}_ms": _percentiles(ms) for stage, ms in taken.items() if ms}


def _percentiles(taken: Sequence[float]) -> Mapping[str, float]:
    return {f"p{percent}": round(percentile(taken, percent), 1) for percent in (50, 95)}
