"""Build .venv with everything the project needs. Standard library only; any platform.

    python tools/install.py [--dev]

Done before with the same pyproject.toml and constraints.txt: returns at once.
"""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
import time
import urllib.error
import urllib.request
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
#: Holds CPU builds only. The default index gives Linux several GB of CUDA that a CPU never uses.
TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
ANSWER_WITHIN_S = 5
SAY_EVERY_S = 10


def requirements(dev: bool) -> list[str]:
    import tomllib  # noqa: PLC0415 - an older Python must get as far as the message in main

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]["dev"] if dev else []
    return [*project["dependencies"], *extras]


def fingerprint(wanted: list[str]) -> str:
    text = "\n".join([*wanted, (ROOT / "constraints.txt").read_text(encoding="utf-8")])
    return hashlib.sha256(text.encode()).hexdigest()


def stamp(dev: bool) -> Path:
    return VENV / ("installed-dev" if dev else "installed")


def is_done(dev: bool) -> bool:
    """Whether .venv was built from these very requirements; what tests need includes all else."""
    if not stamp(dev).exists():
        return False
    return stamp(dev).read_text(encoding="utf-8") == fingerprint(requirements(dev))


def cpu_index_answers() -> bool:
    """Whether PyTorch's own index can be reached; many networks reach only a mirror of PyPI."""
    try:
        with urllib.request.urlopen(f"{TORCH_CPU_INDEX}/torch/", timeout=ANSWER_WITHIN_S) as page:
            return bool(page.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def pip(*arguments: str) -> None:
    """Install quietly, but say every few seconds that it is still at it."""
    command = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    start = time.monotonic()
    with subprocess.Popen([*command, *arguments]) as process:
        while True:
            try:
                code = process.wait(timeout=SAY_EVERY_S)
            except subprocess.TimeoutExpired:
                print(f"    … {time.monotonic() - start:.0f} s", flush=True)
            else:
                break
    if code:
        raise subprocess.CalledProcessError(code, command)


def install_torch(torch: str) -> None:
    if platform.system() == "Linux" and cpu_index_answers():
        print("  torch: CPU build from PyTorch's own index (about 200 MB)", flush=True)
        pip(torch, "--index-url", TORCH_CPU_INDEX)
    else:
        print("  torch: from wherever pip is set up to look (200 MB or more)", flush=True)
        pip(torch, "-c", str(ROOT / "constraints.txt"))


def main() -> int:
    if sys.version_info < (3, 11):  # noqa: UP036 - this file must run where the project cannot
        print(f"Yixin needs Python 3.11 or newer, this is {platform.python_version()}")
        return 1
    dev = "--dev" in sys.argv[1:]
    if is_done(dev=True) or (not dev and is_done(dev=False)):
        return 0
    wanted = requirements(dev)
    print("Setting up .venv (once; a few minutes) …", flush=True)
    try:
        if not PYTHON.exists():
            venv.create(VENV, with_pip=True)
    except (subprocess.CalledProcessError, OSError) as error:
        print(f"cannot make {VENV}: {error}; on Debian and Ubuntu: apt install python3-venv")
        return 1
    try:
        install_torch(next(r for r in wanted if r.startswith("torch==")))
        print("  other libraries (about 250 MB)", flush=True)
        pip(*wanted, "-c", str(ROOT / "constraints.txt"))
    except subprocess.CalledProcessError as error:
        print(f"pip failed (exit {error.returncode}); mend what it says above and run this again")
        return 1
    stamp(dev).write_text(fingerprint(wanted), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
