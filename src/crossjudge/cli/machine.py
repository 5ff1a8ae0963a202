"""Facts about this machine and installation, found without printing anything."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from crossjudge.extras import EXTRA_OF, is_installed

CORE_PACKAGES = ("numpy", "tokenizers", "onnxruntime", "safetensors", "huggingface_hub", "typer", "rich")

FEATURES: dict[str, tuple[str, ...]] = {
    "AVX2": ("avx2",),
    "AVX-512": ("avx512f",),
    "int8 dot products": ("avx512_vnni", "avx_vnni", "asimddp", "FEAT_DotProd"),
    "int8 matrix products": ("amx_int8", "i8mm", "FEAT_I8MM"),
    "bf16": ("avx512_bf16", "amx_bf16", "bf16", "FEAT_BF16"),
    "fp16": ("avx512_fp16", "amx_fp16", "asimdhp", "FEAT_FP16"),
}
"""What makes inference fast -> the processor flags that mean it, on x86 and ARM."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Processor:
    """The processor, its usable cores, and which of `FEATURES` it has (None: this system does not say)."""

    name: str
    cores: int
    features: dict[str, bool] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Extra:
    """One optional group of packages. `install`: the command that brings what is missing."""

    name: str
    missing: tuple[str, ...]

    @property
    def install(self) -> str:
        """The command, whether or not it is needed."""
        return f"pip install 'crossjudge[{self.name}]'"


@dataclass(frozen=True, kw_only=True, slots=True)
class Cache:
    """A folder where models or graphs are kept; `size_bytes` is 0 where it does not exist yet."""

    holds: str
    path: Path
    size_bytes: int


def package_versions() -> dict[str, str | None]:
    """Package -> version, None where it is not installed."""
    return {name: _version(name) for name in (*CORE_PACKAGES, *EXTRA_OF)}


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def extras() -> tuple[Extra, ...]:
    """Every extra, with the packages that it lacks here."""
    names = sorted(set(EXTRA_OF.values()))
    return tuple(
        Extra(name=extra, missing=tuple(one for one, of in EXTRA_OF.items() if of == extra and not is_installed(one)))
        for extra in names
    )


def processor() -> Processor:
    """This machine's processor."""
    from crossjudge.backends.cores import usable_cores

    name, flags = _linux() if sys.platform == "linux" else _mac() if sys.platform == "darwin" else ("", None)
    features = None if flags is None else {title: _any_of(known, flags) for title, known in FEATURES.items()}
    return Processor(name=name or platform.processor() or platform.machine(), cores=usable_cores(), features=features)


def _any_of(known: Iterable[str], flags: frozenset[str]) -> bool:
    return any(flag in flags for flag in known)


def _linux(cpuinfo: Path = Path("/proc/cpuinfo")) -> tuple[str, frozenset[str] | None]:
    try:
        lines = [line.partition(":") for line in cpuinfo.read_text(encoding="utf-8").splitlines()]
    except OSError:
        return "", None
    facts = {name.strip().lower(): value.strip() for name, _, value in lines if value}
    flags = facts.get("flags") or facts.get("features")
    return facts.get("model name", ""), None if flags is None else frozenset(flags.split())


def _mac() -> tuple[str, frozenset[str] | None]:
    try:
        asked = ["sysctl", "machdep.cpu", "hw.optional"]
        found = subprocess.run(asked, capture_output=True, encoding="utf-8", errors="replace", timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return "", None
    facts = dict(line.split(": ", 1) for line in found.stdout.splitlines() if ": " in line)
    words = " ".join(facts.get(f"machdep.cpu.{name}", "") for name in ("features", "leaf7_features")).lower()
    present = {name.rpartition(".")[2] for name, value in facts.items() if value == "1"}
    return facts.get("machdep.cpu.brand_string", ""), frozenset(words.split()) | present


def caches() -> tuple[Cache, ...]:
    """Where hub models and exported graphs are kept."""
    from huggingface_hub import constants

    from crossjudge.models import graph_cache, hub

    models = hub.cache_folder(None) or Path(constants.HF_HUB_CACHE)
    return tuple(
        Cache(holds=holds, path=path, size_bytes=_size_bytes(path))
        for holds, path in (("models of the hub", models), ("exported graphs", graph_cache.cache_folder()))
    )


def _size_bytes(folder: Path) -> int:
    """Bytes of the files below; links are not followed, since the hub's cache links to each file once more."""
    found = (os.path.join(root, name) for root, _, names in os.walk(folder) for name in names)
    return sum(os.lstat(path).st_size for path in found if not os.path.islink(path))
