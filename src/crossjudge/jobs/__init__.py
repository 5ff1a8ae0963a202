"""Jobs: files larger than memory, judged by many processes or machines, and never a row lost or done twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossjudge.extras import require

if TYPE_CHECKING:
    from crossjudge.jobs.estimate import Estimate, Machines
    from crossjudge.jobs.plan import Plan
    from crossjudge.jobs.progress import JobProgress
    from crossjudge.jobs.running import JobResult

__all__ = ["estimate_job", "run_job"]


def run_job(
    plan: str | Path | Mapping[str, Any] | Plan,
    *,
    progress: Callable[[JobProgress], None] | None = None,
    **overrides: Any,
) -> JobResult:
    """Do what a plan says, or what is left of it; a finished job run again does nothing.

    `plan`: a toml file, the same as a mapping, or a `Plan`. `progress` hears of rows, tokens and errors about five
    times a second. `overrides`: `engine`, or a setting of `[work]` (workers=4, max_errors=10), in place of the plan's.

    Raises `InputError` for a plan or an input that cannot be used, or that are not those of the results that are there
    already, and `JobError` when the job could not go on. What is finished stays; run it again to continue.
    """
    require("pyarrow", to="run a job", extra="jobs")
    from crossjudge.jobs.plan import read_plan
    from crossjudge.jobs.running import run

    return run(read_plan(plan, overrides), progress=progress)


def estimate_job(
    plan: str | Path | Mapping[str, Any] | Plan, *, sample_rows: int = 256, machines: Machines | None = None
) -> Estimate:
    """What a plan would cost: `sample_rows` rows are done here, on one core, and the rest follows from them."""
    require("pyarrow", to="plan a job", extra="jobs")
    from crossjudge.jobs.estimate import Machines, estimate
    from crossjudge.jobs.plan import read_plan

    return estimate(read_plan(plan), sample_rows=sample_rows, machines=machines or Machines())
