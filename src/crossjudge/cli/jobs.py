"""What `crossjudge job` shows: how far a job is, what it left, and what one would cost."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossjudge.backends.cores import usable_cores
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
    from rich.table import Column

    columns = (
        TextColumn("rows"),
        BarColumn(bar_width=15),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[said]}", table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis")),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True, expand=True) as bar:
        task = bar.add_task("rows", total=None, said="reading the input")
        yield lambda now: bar.update(task, completed=now.rows, total=now.total_rows, said=_said(now))


def _said(now: JobProgress) -> str:
    if not now.workers:
        return "starting workers"
    workers = " ".join(f"{name} {rows:,}" for name, rows in sorted(now.workers.items())[:8])
    return f"{now.rows_per_s:,.0f} rows/s  {now.tokens_per_s:,.0f} tokens/s  {now.errors:,} errors  {workers}"


def _show_result(result: JobResult) -> None:
    from crossjudge.cli.terminal import facts, new_console

    if not result.shards_done:
        say("everything was finished before; nothing was done.")
    summary, saved = result.summary, result.summary.saved
    rows: list[tuple[str, Any]] = [
        ("rows", f"{summary.rows:,}"),
        ("without a result", f"{summary.errors:,}{_why(summary.error_kinds)}"),
        ("outcomes", ", ".join(f"{name} {count:,}" for name, count in summary.outcomes.items()) or "none"),
        ("given to the model", f"{saved.scored:,} of {saved.asked:,} rows: {saved.asked - saved.distinct:,} repeat "
                               f"another of their shard, {saved.distinct - saved.scored:,} one of another shard"),
        ("tokens", f"{summary.tokens:,}"),
        ("this run", f"{result.shards_done} of {result.shards} shards in {result.seconds:,.1f} s"),
        ("report", f"{result.output}/_report.html"),
    ]  # fmt: skip
    new_console().print(facts(result.output, rows))


def _why(kinds: Mapping[str, int]) -> str:
    """The most frequent reasons; all of them are in the report."""
    return "".join(f"\n{count:,}: {kind}" for kind, count in list(kinds.items())[:3])


def _show_estimate(found: Estimate) -> None:
    from crossjudge.cli.terminal import facts, new_console

    machines = found.machines
    cores = f"{usable_cores()} (as here)" if machines.cores is None else str(machines.cores)
    shards = "one shard" if found.shards == 1 else f"{found.shards:,} shards"
    source = f"measured here on {found.sampled - found.bad_rows} rows" if found.measured_here else "as stated"
    rows: list[tuple[str, Any]] = [
        ("rows", f"{found.rows:,} in {shards}, {found.input_bytes / 1e6:,.2f} MB"),
        ("sample", f"{found.sampled} rows, {found.bad_rows} unusable, {found.distinct_share:.1%} different"),
        *([("pairs to compare", f"{found.pairs_to_compare:,.0f}")] if found.pairs_to_compare is not None else []),
        ("tokens a row", f"{found.tokens_per_row:.1f} ({found.tokens_per_row_low:.1f} to "
                         f"{found.tokens_per_row_high:.1f}, 95%)"),
        ("tokens", f"{found.tokens:,.0f}"),
        ("tokens a second and core", f"{found.tokens_per_s:,.0f}, {source}"),
        ("time of one core", _duration(found.core_hours)),
        ("time", f"{_duration(found.hours)}; machines {machines.count}, cores {cores}, "
                 f"efficiency {machines.efficiency:g}; starting and loading the model come on top"),
        ("cost", "state --price" if found.cost is None else f"{found.cost:,.2f}"),
    ]  # fmt: skip
    new_console().print(facts("Estimate", rows))


def _duration(hours: float) -> str:
    """In the unit that a person would name."""
    if hours >= 1:
        return f"{hours:,.2f} hours"
    return f"{hours * 60:.1f} minutes" if hours >= 1 / 60 else f"{hours * 3600:.1f} seconds"
