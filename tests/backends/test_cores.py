"""Threads follow what the process may really use, whatever the machine has."""

from __future__ import annotations

import math
import os
from pathlib import Path

import pytest

from crossjudge.backends.cores import choose_num_threads, cpu_quota, usable_cores
from crossjudge.errors import InputError

GROUP = "0::/slice/job\n"


def machine(root: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    return root


def siblings(*pairs: str) -> dict[str, str]:
    name = "sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"
    return {name.format(cpu): f"{pair}\n" for pair in pairs for cpu in pair.split("-")}


@pytest.mark.parametrize(
    ("files", "quota"),
    [
        ({}, math.inf),
        ({"sys/fs/cgroup/cpu.max": "max 100000\n"}, math.inf),
        ({"sys/fs/cgroup/cpu.max": "150000 100000\n"}, 1.5),
        ({"sys/fs/cgroup/slice/job/cpu.max": "max 100000\n", "sys/fs/cgroup/slice/cpu.max": "300000 100000\n"}, 3),
        ({"sys/fs/cgroup/slice/job/cpu.max": "50000 100000\n", "sys/fs/cgroup/cpu.max": "300000 100000\n"}, 0.5),
        ({"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n"}, math.inf),
        ({"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "200000\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n"}, 2),
    ],
)
def test_the_tightest_quota_on_the_way_up_counts(tmp_path: Path, files: dict[str, str], quota: float) -> None:
    assert cpu_quota(machine(tmp_path, {"proc/self/cgroup": GROUP, **files})) == quota


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system has no affinities")
@pytest.mark.parametrize(
    ("cpus", "quota", "cores"),
    [({0, 1, 2, 3}, "max", 2), ({0, 1}, "max", 1), ({0, 2, 3}, "max", 2), ({0, 1, 2, 3}, "50000", 1)],
)
def test_hyperthreads_count_once_and_quotas_bind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cpus: set[int], quota: str, cores: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: cpus)
    files = {**siblings("0-1", "2-3"), "proc/self/cgroup": GROUP, "sys/fs/cgroup/cpu.max": f"{quota} 100000\n"}
    assert usable_cores(machine(tmp_path, files)) == cores


def test_the_caller_has_the_last_word() -> None:
    assert choose_num_threads(3) == 3
    assert choose_num_threads(None) >= 1
    with pytest.raises(InputError, match="num_threads=0"):
        choose_num_threads(0)
