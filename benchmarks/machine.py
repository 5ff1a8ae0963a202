"""What was measured on: stated with every figure, since a figure without its machine says little."""

from __future__ import annotations

import importlib.metadata
import platform
from pathlib import Path

from crossjudge.backends.cores import usable_cores

PACKAGES = ("crossjudge", "onnxruntime", "tokenizers", "numpy", "torch", "sentence-transformers")


def describe() -> str:
    """Processor, cores, Python and package versions, in a few lines."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    flags = next((line for line in lines if line.startswith("flags")), "")
    features = [flag for flag in ("avx2", "avx512_vnni", "avx512_bf16", "amx_int8") if flag in flags.split()]
    versions = ", ".join(f"{package} {_version(package)}" for package in PACKAGES)
    processor = names[0] if names else platform.machine()
    return (
        f"{processor}, {usable_cores()} usable core(s), {' '.join(features) or 'no vector extensions'}; "
        f"{platform.system()}, Python {platform.python_version()}; {versions}"
    )


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
