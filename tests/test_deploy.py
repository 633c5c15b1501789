"""The unit and the container file, as far as they can be tried without a systemd or an engine."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from health.server import HealthServer, Page, bind
from settings import Deliver, Settings

ROOT = Path(__file__).resolve().parent.parent
UNIT = ROOT / "deploy" / "yixin.service"
CONTAINERFILE = ROOT / "deploy" / "Containerfile"
#: Where both files have the program, and where they have what it writes.
HOME = "/opt/yixin"
VENV = Path(".venv") / "bin" / "python"


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction of a container file, its lines joined."""

    name: str
    rest: str


def steps() -> list[Step]:
    text = CONTAINERFILE.read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [Step(*line.split(maxsplit=1)) for line in joined.splitlines()]


def named(name: str) -> list[str]:
    return [step.rest for step in steps() if step.name == name]


def unit() -> dict[str, list[str]]:
    """Values of each key of the unit, in order."""
    found: dict[str, list[str]] = {}
    for line in UNIT.read_text(encoding="utf-8").splitlines():
        if line and line[0] not in "#[":
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def seconds(span: str) -> float:
    [(number, unit)] = re.findall(r"^(\d+)(s|min|h)$", span)
    return float(number) * {"s": 1, "min": 60, "h": 3600}[unit]


# -- systemd ---------------------------------------------------------------------------


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The unit with the program where it is here: systemd refuses one that is not there."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("needs systemd-analyze (apt install systemd)")
    (tmp_path / VENV).parent.mkdir(parents=True)
    (tmp_path / VENV).symlink_to(ROOT / VENV)
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text("utf-8").replace(HOME, str(tmp_path)), encoding="utf-8")
    return copy


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["systemd-analyze", "--no-pager", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_systemd_finds_no_fault_in_the_unit(installed: Path) -> None:
    """``systemd-analyze verify`` is silent: no unknown key, no wrong value, a program to start."""
    done = analyze("verify", str(installed))

    assert (0, "") == (done.returncode, done.stderr)


def test_systemd_finds_the_unit_shut_in_well(installed: Path) -> None:
    """Its own measure of exposure, 10 for a service without limits, is at most 2."""
    done = analyze("security", "--offline=true", "--threshold=20", str(installed))
    print(done.stdout.splitlines()[-1])

    assert 0 == done.returncode, done.stdout


def test_the_unit_outwaits_what_the_settings_ask_for() -> None:
    """A stop ends before systemd kills; the slowest reply before its watchdog strikes."""
    stop, watchdog = (seconds(unit()[key][0]) for key in ("TimeoutStopSec", "WatchdogSec"))

    assert stop > Deliver().drain_s + 10
    assert watchdog > Settings().engine.reply_timeout_s + 30


# -- container -------------------------------------------------------------------------


def copy_into(folder: Path) -> None:
    """What the COPY steps put into the image, and nothing else."""
    for rest in named("COPY"):
        *sources, target = rest.split()
        for name in sources:
            source = ROOT / name
            if source.is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(source, folder / target, ignore=ignored)
            else:
                (folder / target).mkdir(parents=True, exist_ok=True)
                shutil.copy(source, folder / target)


def doctor(folder: Path, home: Path) -> subprocess.CompletedProcess[str]:
    """The copied program asks itself what it lacks; its model is one that is not fetched yet."""
    outside = {k: v for k, v in os.environ.items() if not k.startswith(("YIXIN_", "PYTHON"))}
    own = {"HOME": str(home), "YIXIN_AUDIT__FOLDER": str(home / "audit")}
    own |= {"YIXIN_ENGINE__CACHE_DIR": str(home / "cache"), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [str(folder / VENV), str(folder / "bot.py"), "doctor"],
        cwd=home,
        env=outside | own,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def folders(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """Where the program is copied to, and the home of its user."""
    program, home = tmp_path / "program", tmp_path / "home"
    program.mkdir()
    home.mkdir(mode=0o700)
    yield program, home
    shutil.rmtree(program)  # a whole .venv, where it was built


def test_what_is_copied_is_all_it_takes(folders: tuple[Path, Path]) -> None:
    """In a folder with only the copied files every module, persona and setting is found."""
    program, home = folders
    copy_into(program)
    (program / ".venv").symlink_to(ROOT / ".venv")
    done = doctor(program, home)

    assert 0 == done.returncode, done.stdout + done.stderr
    assert all(word in done.stdout for word in ("personas", "not fetched yet", "audit", "clock"))


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_the_image_builds_in_a_clean_folder(folders: tuple[Path, Path]) -> None:
    """The steps that install run from the copied files alone, and what they made works.

    Not the one that adds a user; and the base image's Python is this one.
    """
    program, home = folders
    copy_into(program)
    installing = [rest for rest in named("RUN") if "useradd" not in rest]
    for command in installing:
        subprocess.run(["/bin/sh", "-c", command], cwd=program, check=True, capture_output=True)
    done = doctor(program, home)

    assert ["PIP_NO_CACHE_DIR=1 python tools/install.py"] == installing
    assert 0 == done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
async def test_the_health_check_of_the_image_reads_the_verdict(status: int, code: int) -> None:
    """Its very command, asked of a bot that is alive and of one that is not."""

    async def live() -> Page:
        return Page(status, "application/json", b"{}")

    _, _, command = named("HEALTHCHECK")[0].partition("CMD ")
    python, *arguments = json.loads(command)
    bound = bind(0)
    port = bound.getsockname()[1]
    arguments = [argument.replace("8777", str(port)) for argument in arguments]
    async with HealthServer(bound, {"/live": live}):
        process = await asyncio.create_subprocess_exec(
            str(ROOT / VENV), *arguments, stderr=asyncio.subprocess.DEVNULL
        )
        ended = await process.wait()

    assert code == ended
    assert f"{HOME}/{VENV}" == python


def test_the_image_runs_as_nobody_special_and_keeps_nothing_of_anybody() -> None:
    """Not root; what is written goes into volumes; its settings exist; no secret is among them."""
    environment = dict(pair.split("=", 1) for pair in " ".join(named("ENV")).split())
    settings = {name for name in environment if name.startswith("YIXIN_")}
    known = {f"YIXIN_{s}__{k}".upper() for s, m in Settings() for k in type(m).model_fields}
    volumes = json.loads(named("VOLUME")[0])
    last = [step.name for step in steps()]

    assert ["yixin"] == named("USER")
    assert last.index("USER") < last.index("ENTRYPOINT")
    assert {environment["YIXIN_AUDIT__FOLDER"], environment["YIXIN_ENGINE__CACHE_DIR"]} == {
        *volumes
    }
    assert settings <= known
    assert [] == [name for name in environment if re.search("TOKEN|SECRET|_KEY$", name)]


def test_nothing_is_sent_to_the_builder_that_is_not_copied() -> None:
    """.dockerignore lets through exactly what COPY names: no .venv, no audit log, no secrets."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    allowed = {line[1:] for line in lines if line.startswith("!")}
    copied = {name for rest in named("COPY") for name in rest.split()[:-1]}

    assert "*" in lines
    assert copied == allowed
