"""How much slower this machine counts than the one that limits in milliseconds were set on."""

from __future__ import annotations

import time
from functools import cache

#: Seconds that a million products took there, by estimate; 0.054 on the slowest one seen.
REFERENCE_S = 0.034


@cache
def slowness() -> float:
    """At least 1; the best of five, so that a neighbour's noise is no excuse."""
    return max(1.0, min(_count() for _ in range(5)) / REFERENCE_S)


def _count() -> float:
    start, total = time.thread_time(), 0
    for number in range(10**6):
        total += number * number
    return time.thread_time() - start
