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
    from crossjudge.jobs.notes import Saved
    from crossjudge.jobs.progress import JobProgress
    from crossjudge.jobs.running import JobResult


def run_plan(plan: Path, overrides: Mapping[str, Any], *, as_json: bool, quiet: bool) -> None:
    """Run it, and say what came of it."""
    try:
        with _told(quiet=quiet) as progress:
            result = run_job(plan, progress=progress, **overrides)
    except KeyboardInterrupt:
        say("what is finished stays; run the same command again to go on.")
        raise
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


LINE_EVERY_S = 30.0
"""How often progress is told where no bar can be drawn."""


@contextmanager
def _told(*, quiet: bool) -> Iterator[Callable[[JobProgress], None] | None]:
    """Progress on standard error: a bar where a person would see it, else a line now and then."""
    if quiet:
        yield None
    elif sys.stderr.isatty():
        with _bar() as told:
            yield told
    else:
        yield _lines()


@contextmanager
def _bar() -> Iterator[Callable[[JobProgress], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.table import Column

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=15),
        MofNCompleteColumn(),
        TextColumn("{task.fields[said]}", table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis")),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True, expand=True) as bar:
        task = bar.add_task("reading the input", total=None, said="")
        yield lambda now: bar.update(
            task, description=_stage(now), completed=now.rows, total=now.total_rows, said=_said(now)
        )


def _lines() -> Callable[[JobProgress], None]:
    """Says so when a stage begins, and every half a minute."""
    last: dict[str, Any] = {"stage": None, "seconds": 0.0}

    def told(now: JobProgress) -> None:
        begins = now.stage != last["stage"]
        if not now.total_rows or not (begins or now.seconds - last["seconds"] >= LINE_EVERY_S):
            return
        last.update(stage=now.stage, seconds=now.seconds)
        say(f"{_stage(now)}: {now.rows:,} of {now.total_rows:,} {now.counted}{'' if begins else '  ' + _said(now)}")

    return told


def _stage(now: JobProgress) -> str:
    return f"{now.doing} ({now.stage}/{now.stages})"


def _said(now: JobProgress) -> str:
    left = "" if now.seconds_left is None else f"{_clock(now.seconds_left)} left  "
    workers = " ".join(f"{name} {rows:,}" for name, rows in sorted(now.workers.items())[:8]) or "workers are starting"
    speed = f"{now.rows_per_s:,.0f} {now.counted}/s  {now.tokens_per_s:,.0f} tokens/s"
    return f"{left}{speed}  {now.errors:,} errors  {workers}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"


def _show_result(result: JobResult) -> None:
    from crossjudge.cli.terminal import facts, new_console

    if not result.shards_done:
        say("everything was finished before; nothing was done.")
    summary, saved = result.summary, result.summary.saved
    rows: list[tuple[str, Any]] = [
        ("rows", f"{summary.rows:,}"),
        ("without a result", f"{summary.errors:,}{_why(summary.error_kinds)}"),
        ("outcomes", ", ".join(f"{name} {count:,}" for name, count in summary.outcomes.items()) or "none"),
        ("given to the model", _account(result.details) if result.details else _saved(saved)),
        ("tokens", f"{summary.tokens:,}"),
        ("this run", f"{result.shards_done} of {result.shards} shards in {result.seconds:,.1f} s"),
        ("report", f"{result.output}/_report.html"),
    ]  # fmt: skip
    new_console().print(facts(result.output, rows))


def _saved(saved: Saved) -> str:
    return (
        f"{saved.scored:,} of {saved.asked:,} rows: {saved.asked - saved.distinct:,} repeat another of their shard, "
        f"{saved.distinct - saved.scored:,} one of another shard"
    )


def _account(details: Mapping[str, Any]) -> str:
    """What a deduplication compared."""
    return (
        f"{details['compared']:,} of {details['pairs_possible']:,} pairs of {details['texts']:,} different texts; "
        f"{details['duplicates']:,} say the same"
    )


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
