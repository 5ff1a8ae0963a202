"""What was measured on: stated with every figure, since a figure without its machine says little."""

from __future__ import annotations

import importlib.metadata
import platform
from pathlib import Path
from typing import Any

import crossjudge
from crossjudge.backends.cores import usable_cores

PACKAGES = ("onnxruntime", "openvino", "tokenizers", "numpy", "torch")
FEATURES = (
    "avx2", "avx512f", "avx_vnni", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_tile", "amx_int8", "amx_bf16",
    "asimddp", "i8mm", "bf16", "sve",
)  # fmt: skip
"""Processor flags that decide how fast matrices are multiplied."""


def facts() -> dict[str, Any]:
    """Processor, cores, memory, system and package versions, as plain JSON values."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    flags = next((line.split() for line in lines if line.startswith(("flags", "Features"))), [])
    return {
        "processor": names[0] if names else platform.machine(),
        "flags": [flag for flag in FEATURES if flag in flags],
        "cores": usable_cores(),
        "memory_bytes": _memory_bytes(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "versions": {"crossjudge": crossjudge.__version__} | {package: _version(package) for package in PACKAGES},
    }


def describe(found: dict[str, Any] | None = None) -> str:
    """The same in a few lines."""
    found = found or facts()
    versions = ", ".join(f"{package} {version or 'not installed'}" for package, version in found["versions"].items())
    return (
        f"{found['processor']}, {found['cores']} usable core(s), {' '.join(found['flags']) or 'no vector extensions'}; "
        f"{found['system'].split()[0]}, Python {found['python']}; {versions}"
    )


def _memory_bytes() -> int | None:
    meminfo = Path("/proc/meminfo")
    if not meminfo.exists():
        return None
    return int(meminfo.read_text(encoding="utf-8").split("MemTotal:")[1].split()[0]) * 1024


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
