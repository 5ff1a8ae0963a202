"""Jobs as tests run them: small inputs, the fake backend, and one worker in this very process."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from crossjudge.jobs.job import Job
from crossjudge.jobs.plan import read_plan
from crossjudge.jobs.running import JobResult, run
from crossjudge.jobs.stage import Unit
from crossjudge.jobs.worker import Worker

WORDS = "the ferry bridge museum ticket opens at nine children free rain was late cold cabin driver".split()  # noqa: SIM905


def pair(number: int) -> dict[str, Any]:
    """A row of its own, the same every time."""
    picked = [WORDS[(number * step + step) % len(WORDS)] for step in range(1, 12)]
    return {"id": number, "premise": f"{' '.join(picked)} {number // 3}", "hypothesis": " ".join(picked[:4])}


def write_jsonl(path: Path, rows: Iterable[Mapping[str, Any] | str]) -> Path:
    """Rows as JSON lines; a text is a line as it is."""
    lines = (row if isinstance(row, str) else json.dumps(row) for row in rows)
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return path


def plan_of(source: Path | Sequence[Path], output: Path, **more: Any) -> dict[str, Any]:
    """A plan for the fake backend, as a mapping; `work` has small shards unless stated."""
    paths = [str(source)] if isinstance(source, Path) else [str(one) for one in source]
    plan = {
        "task": "judge",
        "input": {"path": paths},
        "output": {"path": str(output)},
        "model": {"backend": "fake"},
        "work": {"shard_rows": 10},
    }
    return plan | more


def run_here(plan: Mapping[str, Any], *, work: Callable[[Worker], Callable[[Unit], Any]] | None = None) -> JobResult:
    """Run a job without processes. `work` may put something between the engine and the worker."""

    @contextmanager
    def engine(job: Job, tracker: Any) -> Iterator[Callable[..., None]]:
        worker = Worker(job, name="here")
        do = worker if work is None else work(worker)

        def do_all(units: Sequence[Unit], done: Callable[[Any], None]) -> None:
            for unit in units:
                done(do(unit))

        yield do_all

    return run(read_plan(plan), progress=None, engine=engine)


def read_output(folder: Path) -> pa.Table:
    """All rows in order; every file that is called parquet must be whole."""
    parts = [pq.read_table(path) for path in sorted(folder.glob("*.parquet"))]
    return pa.concat_tables(parts)
