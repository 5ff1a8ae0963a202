"""A job as every process knows it: the plan, the files, the columns; and what its output is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from crossjudge.errors import InputError
from crossjudge.files import PAIR_COLUMNS
from crossjudge.jobs.plan import Plan
from crossjudge.jobs.rows import File
from crossjudge.jobs.shards import Shard
from crossjudge.jobs.task_kinds import EVERY_TASK, RESULT_COLUMNS, TaskKind
from crossjudge.types import IntArray


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """What a worker needs. `schema`: of the input; `columns`: role -> column; `kept`: column -> its name in the output.

    `first_rows`: of each shard, counted through the whole input; rows are known by that number. `fingerprint`: of the
    model that did what is finished, None where nothing is.
    """

    plan: Plan
    files: tuple[File, ...]
    schema: pa.Schema
    columns: Mapping[str, str]
    kept: Mapping[str, str]
    first_rows: IntArray
    total_rows: int
    fingerprint: str | None = None

    def shard_of(self, rows: IntArray) -> IntArray:
        """The number of the shard that each row is in."""
        shards: IntArray = np.searchsorted(self.first_rows, rows, side="right") - 1
        return shards


def make_job(plan: Plan, files: Sequence[File], schema: pa.Schema, shards: Sequence[Shard] = ()) -> Job:
    """Find the columns that the task needs; raises `InputError` naming the one that is not there."""
    columns = _columns(plan, schema.names)
    return Job(
        plan=replace(plan, columns=columns),
        files=tuple(files),
        schema=schema,
        columns=columns,
        kept=_kept(plan, schema.names),
        first_rows=np.array([shard.first_row for shard in shards], dtype=np.int64),
        total_rows=sum(shard.rows for shard in shards),
    )


# --- what its files are called ---------------------------------------------------------------------------------------

WORK_FOLDER = "_job"
"""Where everything but results is, in the output folder; readers of parquet folders leave such names out."""


def part_file(number: int, plan: Plan) -> str:
    """The results of a shard."""
    return f"part-{number:05d}.{plan.output.format}"


def work_file(stage: str, number: int) -> str:
    """What a unit of another stage made."""
    return f"{stage}-{number:05d}{WORK_ENDING}"


def note_file(stage: str, number: int) -> str:
    """The note on a unit."""
    return f"{stage}-{number:05d}.json"


def attempt_file(stage: str, number: int, attempt: int) -> str:
    """That a unit was begun in this run, where nobody else counts."""
    return f"{stage}-{number:05d}-{attempt}{ATTEMPT_ENDING}"


WORK_ENDING, ATTEMPT_ENDING = ".arrow", ".begun"


def _columns(plan: Plan, names: Sequence[str]) -> dict[str, str]:
    kind = plan.kind
    found = dict(plan.columns)
    if kind.needs == PAIR_COLUMNS[0]:
        found = found | _partner(found, names) if found else _pair(names)
    for role in (*kind.needs, *kind.may):
        if role not in found and role in names and role not in plan.task_options:
            found[role] = role
    for role in kind.needs:
        if role not in found:
            raise InputError(
                f"Reading the input: no column {_called(role, kind)} for the task {plan.task!r}; found {_seen(names)}. "
                f'Rename a column, or state which it is: [columns] {role} = "...".'
            )
    for role, column in found.items():
        if column not in names:
            raise InputError(
                f"Reading the input: [columns] {_called(role, kind)} is {column!r}, and there is no such column; found "
                f"{_seen(names)}. Correct [columns]."
            )
    return found


def _pair(names: Sequence[str]) -> dict[str, str]:
    """The two columns of a pair, under any of the names that pairs go by; empty where there is no such pair."""
    pairs = [pair for pair in PAIR_COLUMNS if set(pair) <= set(names)]
    if len(pairs) > 1:
        both = " and ".join("/".join(pair) for pair in pairs)
        raise InputError(
            f"Reading the input: the columns {both} could both be the pair; expected one. State which: [columns] "
            'text_a = "...", text_b = "...".'
        )
    return dict(zip(PAIR_COLUMNS[0], pairs[0], strict=True)) if pairs else {}


def _partner(found: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    """The column of the role that was not stated, where exactly one goes by a name of that role."""
    partner: dict[str, str] = {}
    for place, role in enumerate(PAIR_COLUMNS[0]):
        known = [pair[place] for pair in PAIR_COLUMNS if pair[place] in names and pair[place] not in found.values()]
        if role not in found and len(known) == 1:
            partner[role] = known[0]
    return partner


def _called(role: str, kind: TaskKind) -> str:
    """A role by all the names that it goes by."""
    if kind.needs != PAIR_COLUMNS[0]:
        return repr(role)
    place = kind.needs.index(role)
    others = ", ".join(repr(pair[place]) for pair in PAIR_COLUMNS[1:])
    return f"{role!r} (or {others})"


def _seen(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names)) or "none"


def _kept(plan: Plan, names: Sequence[str]) -> dict[str, str]:
    """Columns of the input that have the name of a result are called `input_NAME`."""
    results = {*RESULT_COLUMNS[plan.task], *EVERY_TASK}
    kept = {name: f"input_{name}" if name in results else name for name in names}
    twice = [new for old, new in kept.items() if new != old and new in names]
    if twice:
        raise InputError(
            f"Reading the input: it has the columns {twice[0].removeprefix('input_')!r}, the name of a result, "
            f"and {twice[0]!r}, which it would be called instead. Rename one of them."
        )
    return kept
