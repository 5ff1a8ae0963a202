"""What `crossjudge job` shows: how far a job is, what it left, and what one would cost."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossjudge.cli.failures import say
from crossjudge.jobs import estimate_job, run_job

if TYPE_CHECKING:
    from crossjudge.jobs.estimate import Estimate, Machines
    from crossjudge.jobs.progress import JobProgress
    from crossjudge.jobs.running import JobResult


def run_plan(plan: Path, overrides: Mapping[str, Any], *, as_json: bool, quiet: bool) -> None:
    """Run it, and say what came of it."""
    with _bar(quiet=quiet) as progress:
        result = run_job(plan, progress=progress, **overrides)
    if as_json:
        print(json.dumps(result.to_dict()))
    elif not quiet:
        _show_result(result)


def estimate_plan(plan: Path, machines: Machines, *, sample_rows: int, as_json: bool) -> None:
    """Estimate it, and show the arithmetic."""
    found = estimate_job(plan, sample_rows=sample_rows, machines=machines)
    if as_json:
        print(json.dumps(found.to_dict()))
    else:
        _show_estimate(found)


@contextmanager
def _bar(*, quiet: bool) -> Iterator[Callable[[JobProgress], None] | None]:
    """A bar on standard error where a person would see it."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("rows"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[said]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("rows", total=None, said="")
        yield lambda now: bar.update(task, completed=now.rows, total=now.total_rows, said=_said(now))


def _said(now: JobProgress) -> str:
    workers = " ".join(f"{name} {rows:,}" for name, rows in sorted(now.workers.items())[:8])
    return f"{now.rows_per_s:,.0f} rows/s  {now.tokens_per_s:,.0f} tokens/s  {now.errors:,} errors  {workers}"


def _show_result(result: JobResult) -> None:
    from crossjudge.cli.terminal import facts, new_console

    if not result.shards_done:
        say("everything was finished before; nothing was done.")
    summary, saved = result.summary, result.summary.saved
    rows: list[tuple[str, Any]] = [
        ("rows", f"{summary.rows:,}, of which {summary.errors:,} have no result"),
        ("outcomes", ", ".join(f"{name} {count:,}" for name, count in summary.outcomes.items()) or "none"),
        ("given to the model", f"{saved.scored:,} of {saved.asked:,} rows: {saved.asked - saved.distinct:,} repeat "
                               f"another of their shard, {saved.remembered:,} an earlier shard's"),
        ("tokens", f"{summary.tokens:,}"),
        ("this run", f"{result.shards_done} of {result.shards} shards in {result.seconds:,.1f} s"),
        ("report", f"{result.output}/report.html"),
    ]  # fmt: skip
    new_console().print(facts(result.output, rows))


def _show_estimate(found: Estimate) -> None:
    from crossjudge.cli.terminal import facts, new_console

    machines = found.machines
    cores = "as here" if machines.cores is None else str(machines.cores)
    source = f"measured here on {found.sampled - found.bad_rows} rows" if found.measured_here else "as stated"
    rows: list[tuple[str, Any]] = [
        ("rows", f"{found.rows:,} in {found.shards:,} shards, {found.input_bytes / 1e6:,.1f} MB"),
        ("sample", f"{found.sampled} rows, {found.bad_rows} unusable, {found.distinct_share:.1%} different"),
        ("tokens a row", f"{found.tokens_per_row:.1f} ({found.tokens_per_row_low:.1f} to "
                         f"{found.tokens_per_row_high:.1f}, 95%)"),
        ("tokens", f"{found.tokens:,.0f}"),
        ("tokens a second and core", f"{found.tokens_per_s:,.0f}, {source}"),
        ("core hours", f"{found.core_hours:,.2f}"),
        ("hours", f"{found.hours:,.2f}; machines {machines.count}, cores {cores}, efficiency {machines.efficiency}"),
        ("cost", "state --price" if found.cost is None else f"{found.cost:,.2f}"),
    ]  # fmt: skip
    new_console().print(facts("Estimate", rows))
