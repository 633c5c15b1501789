"""A moment as a person types it: an age such as 2h, or a date."""

from __future__ import annotations

import re
import time
from datetime import datetime
from typing import Annotated

import typer

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def moment(text: str) -> float:
    """Unix seconds of ``2h`` (ago) or an ISO date, by the local clock where it names no zone."""
    if match := re.fullmatch(r"(\d{1,9})([smhdw])", text):
        return time.time() - int(match[1]) * _UNITS[match[2]]
    try:
        return datetime.fromisoformat(text).astimezone().timestamp()
    except (ValueError, OverflowError, OSError):
        raise typer.BadParameter(
            f"{text!r} is neither an age such as 30m, 2h or 3d nor a date such as 2026-05-01"
        ) from None


Since = Annotated[
    float | None,
    typer.Option(parser=moment, metavar="AGE|DATE", help="2h, 3d, or a date: 2026-05-01."),
]
