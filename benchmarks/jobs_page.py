"""The figures of `jobs.py` as the table that docs/scaling.md shows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

_TABLE = re.compile(r"(<!-- figures of benchmarks/jobs.py -->\n).*?(<!-- end of figures -->)", re.DOTALL)


def write_table(content: dict[str, Any], page: Path) -> None:
    """Put the table in place of the one that the page shows. `content`: of jobs.json, maybe with parts missing."""
    text = page.read_text(encoding="utf-8")
    if not _TABLE.search(text):
        raise SystemExit(f"{page} has no place for the table: <!-- figures of benchmarks/jobs.py --> is not there.")
    table = "\n".join(("", *_rows(content), "", _below(content), ""))
    page.write_text(_TABLE.sub(lambda found: found[1] + table + "\n" + found[2], text), encoding="utf-8")


def _rows(content: dict[str, Any]) -> list[str]:
    lines = [line(content) for part, line in _LINES if part in content]
    return ["| what | aim | measured |", "|---|---|---|", *lines]


def _local(content: dict[str, Any]) -> str:
    found = content["local"]
    return (
        f"| local engine on {found['cores']} cores beside `Judge.batch` in one process | at least 0.90 of its pairs a "
        f"second | **{found['share_of_in_process']:.2f}** ({_speed(found['engine'])} of {found['in_process']:,.0f}) |"
    )


def _local_workers(content: dict[str, Any]) -> str:
    found = content["local"]
    return (
        f"| local engine, {found['cores']} workers beside one | | {found['times_one_worker']:.2f} times "
        f"({_speed(found['engine'])}, {_speed(found['one_worker'])}) |"
    )


def _ray(content: dict[str, Any]) -> str:
    found = content["ray"]
    return (
        f"| two one-core Ray workers beside one | at least 1.6 times | **{found['times_one_worker']:.2f} times** "
        f"({_speed(found['workers_2'])}, {_speed(found['workers_1'])}) |"
    )


def _starting(content: dict[str, Any]) -> str:
    local, ray = content["local"]["engine"], content.get("ray", {}).get("workers_2")
    also = f"; Ray {ray['start']:.0f} s" if ray else ""
    return f"| starting, beside that | | local {local['start']:.0f} s{also} |"


def _memory(content: dict[str, Any]) -> str:
    found = content["memory"]
    whole, tenth = found["whole"], found["tenth"]
    return (
        f"| highest memory over {whole['rows']:,} generated rows beside {tenth['rows']:,} (`fake` backend) | flat | "
        f"worker **{whole['worker_mb']:,.0f} MB** beside {tenth['worker_mb']:,.0f}, "
        f"driver {whole['driver_mb']:,.0f} MB beside {tenth['driver_mb']:,.0f} |"
    )


def _overhead(content: dict[str, Any]) -> str:
    found = content["overhead"]
    return (
        f"| processor time a row beside the model (`fake` backend, {found['rows']:,} rows) | under 20 µs | "
        f"**{found['us_a_row']:.1f} µs** |"
    )


_LINES = (
    ("local", _local),
    ("local", _local_workers),
    ("ray", _ray),
    ("local", _starting),
    ("memory", _memory),
    ("overhead", _overhead),
)
"""Part -> a line of the table."""


def _speed(found: dict[str, float]) -> str:
    return f"{found['pairs_per_s']:,.0f}"


def _below(content: dict[str, Any]) -> str:
    machine = content["machine"]
    dates = sorted({found["date"] for found in content.values() if "date" in found})
    versions = ", ".join(f"{name} {machine['versions'][name]}" for name in ("crossjudge", "onnxruntime", "numpy"))
    return (
        f"Pairs a second of the embedded model as shipped; {machine['processor']}, {machine['cores']} cores; "
        f"{versions}; {' and '.join(dates)}."
    )
