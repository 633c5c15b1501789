"""Imports point one way: engine ← handlers ← moderation, assistant, wechat, health ← bot, cli."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
#: The settings, and what they are made of.
LEAVES = ("settings", "ruleset", "section")
#: What each part may import of the project.
ALLOWED = {
    "faults": set(),
    "section": set(),
    "ruleset": {"section"},
    "settings": {"faults", "ruleset", "section"},
    "version": set(),
    "engine": {"engine", *LEAVES},
    "handlers": {"handlers", "engine", *LEAVES},
    "moderation": {"moderation", "handlers", "engine", *LEAVES},
    "assistant": {"assistant", "handlers", "engine", *LEAVES},
    "health": {"health", "handlers", "engine"},
    "wechat": {"wechat", "handlers", "engine", *LEAVES},
    "cli": {"cli", "wechat", "moderation", "handlers", "engine", *LEAVES, "version"},
    "service": {
        *("service", "cli", "health", "wechat", "moderation", "assistant"),
        *("handlers", "engine", *LEAVES, "version"),
    },
    "bot": {
        *("service", "cli", "health", "wechat", "moderation", "handlers"),
        *("engine", *LEAVES, "version"),
    },
}
#: What bench and compare set against the engine: transformers as the article used it.
RECIPE = "cli/child/article.py"
#: Heavy libraries, and the only files that may import them.
OWNERS = {
    "torch": {
        f"engine/{name}.py"
        for name in (
            *("model", "loader", "memo", "sampler", "convert", "prefixes"),
            *("trunk", "labels", "features", "head", "fit", "problem", "thresholds"),
            *(
                "linear",
                "keyvalues",
                "quantize",
                "tensors",
                "qwen2",
                "stock",
                "assemble",
                "precision",
            ),
            *("decoder", "decoding", "shortlist", "nearness", "vectors", "library", "projection"),
            *("aptness", "arrays", "kinds", "known", "calibration"),
        )
    }
    | {RECIPE},
    "transformers": {
        f"engine/{name}.py" for name in ("model", "loader", "sampler", "convert", "stock")
    }
    | {RECIPE},
    "wechaty": {"wechat"},
    "wechaty_puppet": {"wechat"},
    "wechaty_puppet_service": {"wechat"},
    "wechaty_grpc": {"wechat"},
    "grpclib": {"wechat"},
    "sqlalchemy": {"handlers"},
    "cryptography": {"handlers/audit/keys.py", "handlers/audit/sealed.py"},
    "prometheus_client": {"health"},
    "hypercorn": {"health"},
    "PIL": {"moderation/chart.py"},
}


#: Files that are parts by themselves.
TOP = ("faults", "section", "ruleset", "settings", "version", "bot")


def sources() -> list[Path]:
    parts = [ROOT / f"{name}.py" for name in TOP]
    folders = [path for name in ALLOWED for path in sorted((ROOT / name).glob("**/*.py"))]
    return parts + folders


def imported(path: Path) -> Iterator[str]:
    """Top-level names of all modules a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_imports_its_callers(path: Path) -> None:
    """Each file imports only parts below its own."""
    part = path.relative_to(ROOT).parts[0].removesuffix(".py")
    wrong = {name for name in imported(path) if name in ALLOWED} - ALLOWED[part]

    assert set() == wrong


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_heavy_libraries_have_one_door(path: Path) -> None:
    """Only their owners import torch, transformers, wechaty and the database."""
    name = str(path.relative_to(ROOT).as_posix())
    wrong = {
        library
        for library in imported(path)
        if library in OWNERS and not {name, name.split("/", maxsplit=1)[0]} & OWNERS[library]
    }

    assert set() == wrong


def test_nobody_imports_the_composition_root() -> None:
    """bot.py is run, never imported."""
    assert [] == [str(path) for path in sources() if "bot" in imported(path)]


def test_handlers_load_neither_torch_nor_wechaty() -> None:
    """Importing all that handles messages in a fresh interpreter loads no heavy library."""
    parts = ("handlers", "moderation", "assistant")
    files = [path.relative_to(ROOT) for name in parts for path in (ROOT / name).glob("**/*.py")]
    modules = [".".join(path.with_suffix("").parts) for path in files]
    code = (
        f"import sys, importlib; [importlib.import_module(m) for m in {modules!r}];"
        "print([m for m in ('torch', 'transformers', 'wechaty', 'grpclib') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert "[]" == done.stdout.strip()


def test_files_stay_small_enough_to_hold_in_the_head() -> None:
    """No source file is longer than 250 lines."""
    long = {
        str(path.relative_to(ROOT).as_posix())
        for path in sources()
        if len(path.read_text(encoding="utf-8").splitlines()) > 250
    }

    assert set() == long
