"""What a job would cost: a sample of its rows is done here, and the rest follows by arithmetic."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from crossjudge.backends.cores import usable_cores
from crossjudge.errors import InputError
from crossjudge.jobs.job import Job, make_job
from crossjudge.jobs.places import find
from crossjudge.jobs.plan import Plan
from crossjudge.jobs.rows import File, read_rows
from crossjudge.jobs.sampling import Measured
from crossjudge.jobs.scanning import Scan, chunk_size, common_schema, scan
from crossjudge.jobs.shards import Piece, Shard, cut, shard_size
from crossjudge.jobs.task import Item, Task, open_task

_CHUNKS = 8
"""Places of the input that a sample is taken from."""

_Z95 = 1.96


@dataclass(frozen=True, kw_only=True, slots=True)
class Machines:
    """What would do the job. `cores`: of each, None for this machine's. `price`: of one for an hour, in any money.

    `tokens_per_s`: of one core, None for what is measured here. `efficiency`: the share of that which is left when all
    cores work.
    """

    count: int = 1
    cores: int | None = None
    price: float | None = None
    tokens_per_s: float | None = None
    efficiency: float = 1.0

    def __post_init__(self) -> None:
        for name in ("count", "cores", "price", "tokens_per_s", "efficiency"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise InputError(f"Planning a job: {name} is {value}; expected a number above 0. Correct it.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """A job's size and cost.

    `tokens_per_row` with its 95% interval (`low`, `high`: from the spread within the sample) is per row of the input;
    rows that are equal in the sample are counted once (`distinct_share`), those that are equal beyond it are not known
    of. `pairs_to_compare`: of a deduplication, as near texts of the sample suggest. `hours`: all machines at work.
    `cost`: None without a price. `bad_rows`: of the `sampled` ones.
    """

    rows: int
    shards: int
    input_bytes: int
    sampled: int
    bad_rows: int
    distinct_share: float
    tokens_per_row: float
    tokens_per_row_low: float
    tokens_per_row_high: float
    tokens: float
    tokens_per_s: float
    measured_here: bool
    pairs_to_compare: float | None
    core_hours: float
    machines: Machines
    hours: float
    cost: float | None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


def estimate(plan: Plan, *, sample_rows: int, machines: Machines) -> Estimate:
    """See `crossjudge.jobs.estimate_job`; nothing is written."""
    if sample_rows < 1:
        raise InputError(f"Planning a job: sample_rows is {sample_rows}; expected 1 or more. Correct it.")
    places = find(plan.input.path, file_format=plan.input.format)
    scans = [scan(place, chunk_rows=chunk_size(plan.work.shard_rows)) for place in places]
    rows = sum(chunk.rows for one in scans for chunk in one.chunks)
    if not rows:
        raise InputError("Planning a job: the input holds no rows; expected some. Check input.path.")
    files = [File(one.place.path, one.place.format, one.names) for one in scans]
    job = make_job(plan, files, common_schema(scans))
    task = open_task(job.plan)
    items = _sample(task, job, scans, sample_rows * task.sample_factor)
    usable = [item for item in items if item is not None]
    return _estimate(
        task.measured(usable, sample_rows, rows=rows),
        rows=rows,
        machines=machines,
        shards=len(cut(scans, shard_rows=shard_size(rows, plan.work.shard_rows))),
        input_bytes=sum(one.place.size for one in scans),
        sampled=len(items),
        bad_rows=len(items) - len(usable),
    )


def _estimate(sample: Measured, *, rows: int, machines: Machines, bad_rows: int, **facts: Any) -> Estimate:
    tokens = np.array([*sample.tokens, *[0.0] * bad_rows])  # a row that cannot be used costs nothing
    mean = float(tokens.mean()) if len(tokens) else 0.0
    spread = _Z95 * float(tokens.std()) / math.sqrt(max(len(tokens), 1))
    speed = machines.tokens_per_s or sample.tokens_per_s
    core_hours = ((rows * mean / speed if speed else 0.0) + sample.more_seconds) / 3600
    cores = machines.count * (machines.cores or usable_cores())
    hours = core_hours / cores / machines.efficiency
    return Estimate(
        rows=rows,
        machines=machines,
        bad_rows=bad_rows,
        distinct_share=sample.distinct_share,
        tokens_per_row=mean,
        tokens_per_row_low=max(mean - spread, 0.0),
        tokens_per_row_high=mean + spread,
        tokens=rows * mean,
        tokens_per_s=speed,
        measured_here=machines.tokens_per_s is None,
        pairs_to_compare=sample.pairs_to_compare,
        core_hours=core_hours,
        hours=hours,
        cost=None if machines.price is None else hours * machines.count * machines.price,
        **facts,
    )


def _sample(task: Task, job: Job, scans: Sequence[Scan], wanted: int) -> list[Item | None]:
    """Runs of rows from several places of the input: neighbours often share a premise, which is then read once."""
    items: list[Item | None] = []
    shares = _spread([Piece(file, chunk) for file, one in enumerate(scans) for chunk in one.chunks])
    for piece in shares:
        rows = read_rows(Shard(0, 0, (piece,)), job.files, job.schema, texts=tuple(job.columns.values()))
        found, _ = task.items(rows, job.columns)
        most = min(-(-wanted // len(shares)), len(found))
        start = random.Random(piece.chunk.start).randint(0, len(found) - most)
        items += found[start : start + most]
    return items


def _spread(pieces: Sequence[Piece]) -> list[Piece]:
    """A few of them, evenly spread."""
    step = max(1, len(pieces) // _CHUNKS)
    return list(pieces[::step])[:_CHUNKS]
