"""The machine that was measured, as far as it decides the figures."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

import psutil

#: Instructions that the kernels of a language model are written with.
FLAGS = (
    *("avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16"),
    *("amx_bf16", "amx_int8", "asimd", "asimddp", "i8mm", "bf16"),
)
CPUINFO = Path("/proc/cpuinfo")


def machine() -> dict[str, Any]:
    """Cores, memory in GB of 10⁹ bytes, and of Linux the processor's name and its flags."""
    fields = _cpuinfo()
    flags = set((fields.get("flags") or fields.get("Features") or "").split())
    return {
        "processor": fields.get("model name") or platform.processor() or platform.machine(),
        "cores": psutil.cpu_count(logical=False) or os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "flags": [flag for flag in FLAGS if flag in flags],
        "system": platform.platform(),
    }


def _cpuinfo() -> dict[str, str]:
    """Fields of the first core; empty where the system has no such file."""
    try:
        lines = CPUINFO.read_text(encoding="utf-8").split("\n\n")[0].splitlines()
    except OSError:
        return {}
    pairs = (line.partition(":") for line in lines)
    return {name.strip(): value.strip() for name, _, value in pairs}
