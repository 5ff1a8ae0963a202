"""What this machine's processor can do, as far as the system says."""

from __future__ import annotations

import platform
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from crossjudge.backends.cores import usable_cores

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


def has_bf16() -> bool:
    """Whether it multiplies bf16 numbers itself; False where the system does not say."""
    return bool((processor().features or {}).get("bf16"))


@cache
def processor() -> Processor:
    """This machine's processor."""
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
