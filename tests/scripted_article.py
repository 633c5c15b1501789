"""A recipe whose answers are given: a real process that speaks ``cli.child.serving``'s lines.

Run as ``python -m tests.scripted_article [--dies-at TEXT]``.
"""

from __future__ import annotations

import argparse
import os

from cli.child.serving import Fields, Ready, serve


def _open(dies_at: str) -> Ready:
    def answer(request: Fields) -> Fields:
        if request["text"] == dies_at:
            os._exit(3)
        return {"reply": f"作为一个AI，{request['text']}"}

    return Ready({"model": "scripted"}, answer)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--dies-at", default="")
    given = parser.parse_args()
    serve(lambda: _open(given.dies_at))
