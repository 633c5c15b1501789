"""A long day: what the bot holds does not grow with what it has handled."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

from tests.endurance import Day, Mark, day

ROOT = Path(__file__).resolve().parent.parent
MB = 1 << 20


async def test_nothing_is_held_on_to(tmp_path: Path) -> None:
    """From the 100th to the 300th message: not one object more a message, no file, no thread."""
    lived = await day(tmp_path, 300)
    early, late = (mark for mark in lived.marks if mark.messages in (100, 300))
    per_message = (late.objects - early.objects) / (late.messages - early.messages)
    print(f"{per_message:+.2f} objects a message")

    assert lived.rows == 300
    assert per_message < 1
    assert counts(late) <= counts(early)


@pytest.mark.soak
@pytest.mark.timeout(3000)
def test_memory_does_not_grow(tmp_path: Path) -> None:
    """50,000 messages: under 1 MB per 1,000 after 10,000, no more files and threads (trap 21)."""
    messages, warm = 50_000, 10_000
    done = subprocess.run(
        [sys.executable, "-m", "tests.endurance", str(tmp_path), str(messages)],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        timeout=2900,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    lived = Day(**found | {"marks": [Mark(**mark) for mark in found["marks"]]})
    warmed = [mark for mark in lived.marks if mark.messages >= warm]
    slope, _ = statistics.linear_regression(
        [mark.messages / 1000 for mark in warmed], [mark.rss / MB for mark in warmed]
    )
    first, last = warmed[0], warmed[-1]
    print(
        f"{messages} messages in {lived.took_s:.0f} s, {lived.rows} rows: {slope:+.2f} MB per "
        f"1,000 after {first.messages}, {last.rss / MB:.0f} MB in all; files, threads, tasks "
        f"{counts(first)} to {counts(last)}"
    )

    assert lived.rows == messages
    assert slope < 1.0
    assert counts(last) <= counts(first)


def counts(mark: Mark) -> tuple[int, int, int]:
    return mark.files, mark.threads, mark.tasks
