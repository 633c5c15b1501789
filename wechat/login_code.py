"""The login code of a WeChat account, drawn for whoever sits at the terminal."""

from __future__ import annotations

import sys
from typing import TextIO
from urllib.parse import quote

import segno

#: A page of the Wechaty project that draws a code as a picture, for terminals that cannot.
PICTURE_URL = "https://wechaty.js.org/qrcode/"


def draw_login_code(code: str, out: TextIO | None = None) -> None:
    """Draw the code and say where else it can be seen.

    Args:
        code: What the gateway wants scanned.
        out: Stderr if not given, as stdout may be a pipe that carries answers.
    """
    out = out or sys.stderr
    out.write("\nScan this with WeChat on the phone of the account (扫码登录微信):\n\n")
    segno.make_qr(code).terminal(out=out, compact=True)
    out.write(f"\nor open {PICTURE_URL}{quote(code, safe='')}\n\n")
    out.flush()
