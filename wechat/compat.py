"""Makes ``import wechaty`` (0.10.7, dormant since 2022) work on Python 3.11 to 3.13, quietly.

Four breaks, each mended without pinning what wechaty depends on:

- pyee 12 dropped ``pyee.AsyncIOEventEmitter``;
- urllib3 2 dropped ``urllib3.get_host``;
- Python 3.13 dropped ``telnetlib`` (3.11 and 3.12 warn of it at import);
- Python 3.11 refuses ``PuppetOptions()`` as a dataclass default, because it is unhashable.

Two habits are broken as well. At import it makes a cache folder in the working folder; it is given
one that is gone afterwards, as nothing in it is used. And its loggers print message texts at INFO
and the token in a warning, by handlers of their own; they are replaced by one that says nothing.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from urllib.parse import urlsplit

import pyee
import pyee.asyncio
import urllib3

#: Made here and not by getLogger: what is not registered, no configuration of logging can wake.
_SILENT = logging.Logger("wechaty")
_SILENT.disabled = True

_UPSTREAM = ("wechaty", "wechaty_puppet", "wechaty_puppet_service")


def _get_host(url: str) -> tuple[str, str | None, int | None]:
    """What ``urllib3.get_host`` was: scheme, host and port of a URL."""
    parts = urlsplit(url)
    return parts.scheme or "http", parts.hostname, parts.port


@contextmanager
def _environment(**values: str | None) -> Iterator[None]:
    """Variables that hold these values, None for unset, for as long as the context lasts."""
    before = {name: os.environ.get(name) for name in values}
    _set(values)
    try:
        yield
    finally:
        _set(before)


def _set(values: dict[str, str | None]) -> None:
    for name, value in values.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value


@contextmanager
def _module(name: str, **contents: object) -> Iterator[None]:
    """A module of that name with these contents, for as long as the context lasts."""
    module, before = ModuleType(name), sys.modules.get(name)
    vars(module).update(contents)
    sys.modules[name] = module
    try:
        yield
    finally:
        del sys.modules[name]
        if before is not None:
            sys.modules[name] = before


def _silence() -> None:
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] not in _UPSTREAM:
            continue
        for attribute, value in list(vars(module).items()):
            if isinstance(value, logging.Logger):
                value.handlers.clear()
                setattr(module, attribute, _SILENT)
    # hpack logs each header it encodes at DEBUG, the one with the token among them.
    logging.getLogger("hpack").setLevel(logging.INFO)


def _import_wechaty() -> None:
    if not hasattr(pyee, "AsyncIOEventEmitter"):
        pyee.AsyncIOEventEmitter = pyee.asyncio.AsyncIOEventEmitter
    if not hasattr(urllib3, "get_host"):
        urllib3.get_host = _get_host
    with (
        tempfile.TemporaryDirectory(prefix="yixin-wechaty-") as cache,
        # An unknown WECHATY_LOG raises, and WECHATY_LOG_FILE would be opened, for chats to go to.
        _environment(CACHE_DIR=cache, WECHATY_LOG="error", WECHATY_LOG_FILE=None),
        # Only for a ping that wechat/connection.py does without.
        _module("telnetlib", Telnet=object),
    ):
        from wechaty_puppet.schemas.puppet import PuppetOptions  # noqa: PLC0415

        if PuppetOptions.__hash__ is None:
            PuppetOptions.__hash__ = object.__hash__
        import wechaty  # noqa: F401, PLC0415
        import wechaty_puppet_service  # noqa: F401, PLC0415
    _silence()


_import_wechaty()
