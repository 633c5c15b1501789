"""Who is measured, and how to start each; what is missing says so itself."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self, get_args

import settings
from engine.bundled import CATALOG

RECIPE, LLAMACPP = "recipe", "llama.cpp"
#: Left out of quick runs: it is the slowest, and the recipe shows it already.
SLOW = "fp32"


@dataclass(frozen=True, slots=True)
class Contender:
    """One process that can be measured.

    Attributes:
        command: Program and arguments; it speaks ``serving.py``'s lines.
        settles: Whether its first start is another than the next: caches to fill, settings to try.
        missing: Why it cannot be started, and the way out; empty where it can.
        facts: What it told of itself at its first start.
    """

    name: str
    command: tuple[str, ...]
    settles: bool = True
    missing: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_module(cls, name: str, module: str, *arguments: str) -> Self:
        return cls(name, (sys.executable, "-m", f"cli.bench.{module}", *arguments))

    def given(self, *arguments: str) -> Self:
        return replace(self, command=(*self.command, *arguments))


def own(precision: str, settings_file: Path) -> Contender:
    """This engine in one precision."""
    file = ("--settings", str(settings_file))
    return Contender.of_module(precision, "own", *file, "--precision", precision)


def precisions() -> tuple[str, ...]:
    """All that the settings allow but ``auto``, which is one of the others."""
    allowed: tuple[str, ...] = get_args(settings.Engine.model_fields["precision"].annotation)
    return tuple(precision for precision in allowed if precision != "auto")


def field_of(
    settings_file: Path, peer: Contender, *, headline: str, is_quick: bool
) -> Iterator[Contender]:
    """All contenders, the article's recipe first and llama.cpp last.

    Args:
        headline: The precision in use, which is never left out.
    """
    recipe = Contender.of_module(RECIPE, "recipe", "--settings", str(settings_file))
    yield replace(recipe, settles=False)
    for precision in precisions():
        if precision == headline or not (is_quick and precision == SLOW):
            yield own(precision, settings_file)
    yield peer


def llamacpp(
    model: str, gguf: Path | None, settings_file: Path, *, is_installed: bool
) -> Contender:
    """llama.cpp on the file of the weights that ``engine.model`` names.

    Args:
        is_installed: Whether llama-cpp-python is.
    """
    if gguf is None and model.endswith(".gguf"):
        gguf = Path(model).expanduser()
    file = ("--settings", str(settings_file), "--gguf", str(gguf))
    contender = Contender.of_module(LLAMACPP, "llamacpp", *file)
    return replace(contender, missing=_lacks(model, gguf, is_installed))


def _lacks(model: str, gguf: Path | None, is_installed: bool) -> str:
    if not is_installed:
        return f"llama-cpp-python is not installed; {install('llama-cpp-python')}"
    if gguf is None:
        return f"the cache keeps no GGUF file of {model}; name one of the same weights with --gguf"
    try:
        num_bytes = gguf.stat().st_size
    except OSError as error:
        return f"--gguf {gguf}: {error.strerror}"
    bundled = CATALOG.get(model)
    if bundled and num_bytes != bundled.num_bytes:
        return (
            f"--gguf {gguf} has {num_bytes:,} bytes, the file of {model} {bundled.num_bytes:,}: "
            "these are other weights"
        )
    return ""


def is_there(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def install(*packages: str) -> str:
    """The way out where a package of the extra is missing."""
    return f"run {sys.executable} -m pip install {' '.join(packages)} (the extra bench)"
