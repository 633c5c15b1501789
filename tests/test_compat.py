"""Importing wechaty through the compat module, each time in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def run_python(code: str, folder: Path, **environment: str) -> str:
    """What a fresh interpreter prints, warnings being errors; it must exit 0."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


def test_wechaty_imports_without_warning_and_leaves_no_folder(tmp_path: Path) -> None:
    """Any module of the package brings wechaty along, mended; the working folder stays empty."""
    code = "import wechat.errors, wechaty, wechaty_puppet_service; print(wechaty.Wechaty.__name__)"

    printed = run_python(code, tmp_path)

    assert printed == "Wechaty"
    assert list(tmp_path.iterdir()) == []


def test_the_environment_is_left_as_it_was(tmp_path: Path) -> None:
    """CACHE_DIR, which other programs use too, keeps its value, and no telnetlib is left behind."""
    code = (
        "import os, sys, wechat.errors; print(os.environ['CACHE_DIR'], 'telnetlib' in sys.modules)"
    )

    printed = run_python(code, tmp_path, CACHE_DIR="somewhere")

    assert printed == "somewhere False"


def test_a_log_level_upstream_does_not_know_is_survived(tmp_path: Path) -> None:
    """WECHATY_LOG may hold anything, and WECHATY_LOG_FILE makes no file."""
    printed = run_python(
        "import wechat.errors; print('imported')",
        tmp_path,
        WECHATY_LOG="garbage",
        WECHATY_LOG_FILE="chats.log",
    )

    assert printed == "imported"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("first", ["wechat.errors", "wechaty_puppet"])
def test_upstream_loggers_say_nothing_at_any_level(tmp_path: Path, first: str) -> None:
    """With everything logged at DEBUG, and enabled anew, no text and no token comes out of them."""
    code = f"""
import logging, logging.config, sys
logging.basicConfig(level=logging.DEBUG, stream=sys.stdout)
import {first}, wechat.errors, hpack.hpack
logging.config.dictConfig(dict(version=1, disable_existing_loggers=False))
modules = [m for n, m in sys.modules.items() if n.startswith("wechaty")]
loggers = [v for m in modules for v in vars(m).values() if isinstance(v, logging.Logger)]
for logger in loggers:
    logger.critical("SECRET")
hpack.hpack.log.debug("SECRET")
print(len(loggers) > 10)
"""

    printed = run_python(code, tmp_path, WECHATY_LOG="info")

    assert printed.endswith("True")
    assert "SECRET" not in printed


def test_generic_variables_are_no_credentials(tmp_path: Path) -> None:
    """TOKEN and ENDPOINT, which upstream would take, do not stand in for the standard variables."""
    code = """
import settings
from wechat.endpoint import from_environment
from wechat.errors import GatewayMisconfigured
try:
    from_environment(settings.Channel())
except GatewayMisconfigured as error:
    print(error)
"""
    generic = {"TOKEN": "t", "ENDPOINT": "127.0.0.1:1"}
    standard = {"WECHATY_PUPPET_SERVICE_TOKEN": "", "WECHATY_PUPPET_SERVICE_ENDPOINT": ""}

    printed = run_python(code, tmp_path, **generic, **standard)

    assert printed.startswith("WECHATY_PUPPET_SERVICE_TOKEN is not set")
