"""Which number format this machine reads and writes fastest in, found by trying."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import structlog
import torch

from engine import quantize
from engine.errors import CacheUnusable
from engine.linear import Int4Linear, Int8Linear, Linear, MixedLinear, plain
from engine.progress import Progress
from engine.store import write_whole

log = structlog.get_logger()

#: Which rounded weights each is made of; none: the model's own files.
FORMATS: Mapping[str, tuple[str, ...]] = {
    "int4": ("int4",),
    "int8": ("int8",),
    "mixed": ("int4", "int8"),
    "bf16": (),
    "fp32": (),
}
#: Bytes that a weight takes in memory.
BYTES: Mapping[str, float] = {"bf16": 2.0, "fp32": 4.0} | {
    name: sum(quantize.BYTES[each] for each in made_of)
    for name, made_of in FORMATS.items()
    if made_of
}
#: A message is one pass over so many tokens for its mood, one over so many for a reply's prompt …
MOOD_TOKENS, PROMPT_TOKENS = 16, 64
#: … and an answer of so many, one by one.
ANSWER_TOKENS = 24
#: Of the memory that is free, weights may take this share; the rest is for whatever else runs.
SHARE = 0.5
#: Copies of the matrix that are gone through, so that none waits in the processor's cache.
COPIES, ROUNDS = 4, 9


def fastest(
    width: int,
    depth: int,
    *,
    rounds: bool,
    num_weights: int,
    available: int,
    cache: Path | None,
    progress: Progress,
) -> str:
    """Name of the format in which a message is answered soonest, of those that fit the memory.

    Measured once a machine, a few seconds, on a matrix of the model's own size.

    Args:
        width, depth: Columns and rows of the model's largest matrix product.
        rounds: Whether formats that round the weights come into question.
        num_weights: Of the model.
        available: Bytes of memory that programs can still take.
        cache: Where the measurement is kept; None measures each time.
    """
    seconds = _remembered(width, depth, cache, progress)
    possible = [name for name in seconds if rounds or not FORMATS[name]]
    fitting = [name for name in possible if BYTES[name] * num_weights < SHARE * available]
    smallest = min(possible, key=lambda name: BYTES[name])
    chosen = min(fitting or [smallest], key=lambda name: seconds[name])
    log.info("precision.chosen", precision=chosen, seconds=seconds, fitting=fitting)
    return chosen


def _remembered(width: int, depth: int, cache: Path | None, progress: Progress) -> dict[str, float]:
    flags = " ".join(sorted(name for name, has in torch.cpu.get_capabilities().items() if has))
    key = f"{flags}, {torch.get_num_threads()} threads, torch {torch.__version__}, {depth}x{width}"
    path = cache / "precision.json" if cache else None
    known = _known(path) if path else {}
    if seconds := known.get(key):
        return seconds
    with progress.task("Trying number formats on this processor", None):
        measured = measure(width, depth)
    if path:
        try:
            write_whole(path, json.dumps(known | {key: measured}, indent=2).encode())
        except CacheUnusable as error:
            log.info("precision.not_kept", reason=str(error))
    return measured


def _known(path: Path) -> dict[str, dict[str, float]]:
    """Measurements of before, as far as they can be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {
            str(key): {name: float(seconds[name]) for name in BYTES if name in seconds}
            for key, seconds in found.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def measure(width: int, depth: int) -> dict[str, float]:
    """Seconds that a message's products take in each format this processor can do.

    Every way is tried, not looked up: bf16 without its instructions is far slower than fp32, int8
    without them than either, and no list of processor flags is ever complete. The ways take turns
    and the quickest turn of each counts: other programs only ever make one slower.
    """
    torch.manual_seed(0)
    products: dict[str, list[Linear]] = {}
    for name, made in _ways(torch.randn(depth, width) / width**0.5).items():
        try:
            products[name] = [made() for _ in range(COPIES)]
            _seconds(name, products[name], width)
        except RuntimeError as error:  # no such kernel on this processor
            log.info("precision.not_possible", precision=name, reason=str(error)[:120])
            products.pop(name, None)
    turns = [
        {name: _seconds(name, made, width) for name, made in products.items()}
        for _ in range(ROUNDS)
    ]
    return {name: round(min(turn[name] for turn in turns), 7) for name in products}


def _ways(weight: torch.Tensor) -> dict[str, Callable[[], Linear]]:
    made: dict[str, dict[str, torch.Tensor]] = {}
    if quantize.fits(weight.shape):
        made = {name: convert(weight) for name, convert in quantize.FORMATS.items()}

    def int8() -> Linear:
        return Int8Linear(made["int8"]["codes"].clone(), made["int8"]["scale"], None)

    def int4() -> Linear:
        return Int4Linear(made["int4"]["packed"].clone(), made["int4"]["scales"], None)

    rounded: dict[str, Callable[[], Linear]] = {
        "int4": int4,
        "int8": int8,
        "mixed": lambda: MixedLinear(int4(), int8()),
    }
    return (rounded if made else {}) | {
        "bf16": lambda: plain(weight.to(torch.bfloat16), None),
        "fp32": lambda: plain(weight.clone(), None),
    }


def _seconds(name: str, products: list[Linear], width: int) -> float:
    """Of one product, for a message and its answer."""
    dtype = torch.bfloat16 if name == "bf16" else torch.float32
    taken = 0.0
    for rows, times in ((MOOD_TOKENS, 1), (PROMPT_TOKENS, 1), (1, ANSWER_TOKENS)):
        x = torch.ones(rows, width, dtype=dtype)
        start = time.perf_counter()
        for product in products:
            product(x)
        taken += (time.perf_counter() - start) * times
    return taken / len(products)
