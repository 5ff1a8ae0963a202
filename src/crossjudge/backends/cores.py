"""How many threads are worth starting: the physical cores that this process may really use."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path

from crossjudge.errors import InputError


def choose_num_threads(asked: int | None) -> int:
    """`asked`, or one thread for each usable core."""
    if asked is None:
        return usable_cores()
    if asked < 1:
        raise InputError(f"Choosing threads: num_threads={asked}; expected 1 or more, or None for one per core.")
    return asked


def usable_cores(root: Path = Path("/")) -> int:
    """Physical cores in this process's affinity, at most its control group's CPU quota; at least 1.

    Two hyperthreads share one core's multipliers, so they count once. `root` is where `sys` and `proc` are.
    """
    if not hasattr(os, "sched_getaffinity"):
        return os.cpu_count() or 1
    cores = {_core_of(cpu, root) for cpu in os.sched_getaffinity(0)}
    return int(max(1, min(len(cores), cpu_quota(root))))


def _core_of(cpu: int, root: Path) -> str:
    """A name that hyperthreads of one core share."""
    return _read(root / f"sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list") or str(cpu)


def cpu_quota(root: Path = Path("/")) -> float:
    """CPUs' worth of time that this process's control groups grant (version 2 or 1); infinite without a limit."""
    return min([_limit(text) for text in _limits(root)], default=math.inf)


def _limits(root: Path) -> Iterator[str]:
    """Every limit that applies, as "QUOTA PERIOD" in microseconds, from the process's own group up to the top."""
    top = root / "sys/fs/cgroup"
    for line in _read(root / "proc/self/cgroup").splitlines():
        group = top / line.rpartition(":")[2].lstrip("/")
        yield from (_read(folder / "cpu.max") for folder in (group, *group.parents) if folder.is_relative_to(top))
    yield f"{_read(top / 'cpu/cpu.cfs_quota_us')} {_read(top / 'cpu/cpu.cfs_period_us')}"


def _limit(text: str) -> float:
    """ "150000 100000" -> 1.5; "max 100000", "-1 100000" and "" -> infinite."""
    try:
        quota, period = (float(word) for word in text.split())
    except ValueError:
        return math.inf
    return quota / period if quota > 0 and period > 0 else math.inf


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""
