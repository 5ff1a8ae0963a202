"""What a job would cost: a sample of its rows is done here, and the rest follows by arithmetic."""

from __future__ import annotations

import math
import random
import time
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
from crossjudge.jobs.scanning import Scan, chunk_size, common_schema, scan
from crossjudge.jobs.shards import Piece, Shard, cut, shard_size
from crossjudge.jobs.task import Item, Task, answered, open_task

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
    of. `hours`: all machines at work. `cost`: None without a price. `bad_rows`: of the `sampled` ones.
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
    items, bad, sampled = _sample(open_task(job.plan), job, scans, sample_rows)
    return items.estimate(
        rows=rows,
        shards=len(cut(scans, shard_rows=shard_size(rows, plan.work.shard_rows, whole=plan.kind.whole))),
        input_bytes=sum(one.place.size for one in scans),
        sampled=sampled,
        bad_rows=bad,
        machines=machines,
    )


@dataclass(frozen=True, slots=True)
class _Measured:
    """`tokens`: of each row of the sample, 0 where it repeats another; `seconds`: for all of them."""

    tokens: list[int]
    seconds: float
    distinct_share: float

    def estimate(self, *, rows: int, machines: Machines, **facts: Any) -> Estimate:
        mean = float(np.mean(self.tokens)) if self.tokens else 0.0
        spread = _Z95 * float(np.std(self.tokens)) / math.sqrt(max(len(self.tokens), 1))
        here = sum(self.tokens) / self.seconds if self.seconds else 0.0
        speed = machines.tokens_per_s or here
        core_hours = rows * mean / speed / 3600 if speed else 0.0
        cores = machines.count * (machines.cores or usable_cores())
        hours = core_hours / cores / machines.efficiency
        return Estimate(
            rows=rows,
            machines=machines,
            distinct_share=self.distinct_share,
            tokens_per_row=mean,
            tokens_per_row_low=max(mean - spread, 0.0),
            tokens_per_row_high=mean + spread,
            tokens=rows * mean,
            tokens_per_s=speed,
            measured_here=machines.tokens_per_s is None,
            core_hours=core_hours,
            hours=hours,
            cost=None if machines.price is None else hours * machines.count * machines.price,
            **facts,
        )


def _sample(task: Task, job: Job, scans: Sequence[Scan], wanted: int) -> tuple[_Measured, int, int]:
    """What was measured, the sample's bad rows, and its size."""
    items: list[Item | None] = []
    shares = _spread([Piece(file, chunk) for file, one in enumerate(scans) for chunk in one.chunks])
    for piece in shares:
        rows = read_rows(Shard(0, (piece,)), job.files, job.schema, texts=tuple(job.columns.values()))
        found, _ = task.items(rows, job.columns)
        most = -(-wanted // len(shares))
        items += random.Random(piece.chunk.start).sample(found, min(most, len(found)))
    usable = [item for item in items if item is not None]
    return _measured(task, usable), len(items) - len(usable), len(items)


def _spread(pieces: Sequence[Piece]) -> list[Piece]:
    """A few of them, evenly spread."""
    step = max(1, len(pieces) // _CHUNKS)
    return list(pieces[::step])[:_CHUNKS]


def _measured(task: Task, items: Sequence[Item]) -> _Measured:
    distinct = list(dict.fromkeys(items))
    if not distinct:
        return _Measured([], 0.0, 1.0)
    ordered = sorted(distinct, key=task.order)
    answered(task, ordered[:8])  # the first answers are slower than all others
    began, tokens = time.perf_counter(), task.encoder.tokens_computed
    answered(task, ordered)
    seconds, tokens = time.perf_counter() - began, task.encoder.tokens_computed - tokens
    return _Measured(
        _shared_out(tokens, ordered, repeats=len(items) - len(distinct)), seconds, len(distinct) / len(items)
    )


def _shared_out(tokens: int, items: Sequence[Item], *, repeats: int) -> list[int]:
    """The tokens of all items, shared out by the characters of each; what repeats another costs nothing."""
    lengths = np.array([len(str(item)) for item in items], dtype=np.float64)
    return [*np.rint(lengths * tokens / lengths.sum()).astype(int).tolist(), *[0] * repeats]
