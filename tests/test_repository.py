"""What must never be in a commit, and what the READMEs promise by name."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from settings import Settings

ROOT = Path(__file__).resolve().parent.parent
READMES = ("README.md", "README.zh-CN.md")


def tracked(*patterns: str) -> list[Path]:
    done = subprocess.run(
        ["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / name for name in done.stdout.split("\n") if name]


def test_lock_files_name_no_registry() -> None:
    """Constraints and lock files hold versions and hashes, no host that served them."""
    locks = tracked("constraints.txt", "*package-lock.json", "*.npmrc", "pyproject.toml")
    hosts = re.compile(r"index-url|\"resolved\"|find-links|https?://")
    named = [p.name for p in locks if hosts.search(p.read_text(encoding="utf-8"))]

    assert [name for name in named if name != "package-lock.json"] == []
    for lock in locks:
        assert '"resolved": "http' not in lock.read_text(encoding="utf-8")


def test_no_weights_and_no_large_file_are_tracked() -> None:
    """Nothing over a megabyte: weights live in the user's cache."""
    assert [str(p) for p in tracked() if p.exists() and p.stat().st_size > 1_000_000] == []


@pytest.mark.parametrize("name", READMES)
def test_every_command_in_the_readme_exists(name: str) -> None:
    """``bot.py X`` in a README is a command of the program, ``make X`` a target."""
    text = (ROOT / name).read_text(encoding="utf-8")
    program = "".join((ROOT / file).read_text("utf-8") for file in ("bot.py", "cli/commands.py"))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    commands = set(re.findall(r"bot\.py ([a-z]+)\b", text)) - {"audit", "voice"}
    targets = set(re.findall(r"(?:`|\$ )make (?:-s )?([a-z]+)\b", text))

    assert [c for c in commands if not re.search(rf'def {c}\(\s*ctx|name="{c}"', program)] == []
    assert [t for t in targets if f"\n{t}:" not in makefile] == []


@pytest.mark.parametrize("name", READMES)
def test_every_setting_in_the_readme_exists(name: str) -> None:
    """``section.key`` and ``YIXIN_SECTION__KEY`` in a README are settings there are."""
    text = (ROOT / name).read_text(encoding="utf-8")
    sections = "|".join(Settings.model_fields)
    named = set(re.findall(rf"`({sections})\.([a-z_]+)`", text))
    named |= {(s.lower(), k.lower()) for s, k in re.findall(r"YIXIN_([A-Z]+)__([A-Z_]+)", text)}
    known = {(s, k) for s, m in Settings() for k in type(m).model_fields}

    assert sorted(n for n in named - known if n != ("audit", "db")) == []


def test_both_readmes_have_the_same_sections() -> None:
    """The Chinese README is a full one: as many sections and code blocks as the English."""
    counts = [
        (text.count("\n## "), text.count("\n```"))
        for text in ((ROOT / name).read_text(encoding="utf-8") for name in READMES)
    ]

    assert counts[0] == counts[1]
