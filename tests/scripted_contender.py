"""A contender whose figures are given: a real process that speaks ``cli.bench.serving``'s lines.

Run as ``python -m tests.scripted_contender NAME DIARY [--dies-at M] [--fails-at M] …``; what it is
asked is a line of the file DIARY each, so that several write down their order.
"""

from __future__ import annotations

import argparse
import os
import time
from functools import partial
from pathlib import Path

from cli.bench.serving import Measure, Opened, Values, serve

MEASURES = ("mood", "decode")


def _measure(arguments: argparse.Namespace, measure: str, size: int) -> Values:
    with arguments.diary.open("a") as diary:
        diary.write(f"{arguments.name} {measure} {size}\n")
    print("a library that prints to stdout")
    if measure == arguments.dies_at:
        os._exit(3)
    if measure == arguments.fails_at:
        raise ValueError("no such luck")
    if measure == arguments.hangs_at:
        time.sleep(600)
    return {f"{measure}_of_{size}": 1.0}


def _open(arguments: argparse.Namespace) -> Opened:
    if arguments.fails_at == "start":
        raise OSError("no weights")
    with arguments.diary.open("a") as diary:
        diary.write(f"{arguments.name} started {os.getpid()}\n")
    measures: dict[str, Measure] = {m: partial(_measure, arguments, m) for m in arguments.can}
    settled = ("--can", "decode") if arguments.settle else ()
    return Opened(measures, {"model": "scripted"}, settled)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("diary", type=Path)
    parser.add_argument("--settle", action="store_true")
    parser.add_argument("--can", nargs="*", default=MEASURES)
    for where in ("--dies-at", "--fails-at", "--hangs-at"):
        parser.add_argument(where, default="")
    serve(partial(_open, parser.parse_args()))
