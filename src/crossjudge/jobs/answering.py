"""Last stage of every task but deduplication: the rows of a shard, each with its answer or why it has none."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from crossjudge.jobs.job import Job
from crossjudge.jobs.looking import different
from crossjudge.jobs.notes import Saved
from crossjudge.jobs.repeating import Repeat, answers_schema
from crossjudge.jobs.stage import Bench, Made, Stage, ToldRows, Unit, units_of_shards
from crossjudge.jobs.summing import summary_of
from crossjudge.jobs.task import Answers, answer_all, row_task
from crossjudge.types import IntArray

if TYPE_CHECKING:
    from crossjudge.jobs.ledger import Ledger


class Answer(Stage):
    """The file of results of each shard."""

    name = "part"
    doing = "answering"
    needs_model = True
    is_last = True

    def units(self, ledger: Ledger) -> list[Unit]:
        """Every shard."""
        return units_of_shards(self.name, ledger, Repeat.name)

    def do(self, unit: Unit, bench: Bench, told: ToldRows) -> Made:
        """See `Stage.do`."""
        assert unit.shard is not None
        task = row_task(bench.task)
        rows = bench.rows(unit.shard)
        items, problems = bench.items(rows)
        firsts, where = different(items)
        sent = bench.gathered(Repeat.name, unit, answers_schema(task))
        known = where[sent["row"].to_numpy() - unit.shard.first_row]
        new = np.delete(np.arange(len(firsts)), known)
        asked = [item for place in firsts[new].tolist() if (item := items[place]) is not None]
        found = answer_all(task, asked, lambda share: told(round(share * unit.rows)))
        every = _together(found, new.tolist(), sent, known.tolist(), count=len(firsts))
        if every.bad:
            problems |= {row: every.bad[place] for row, place in enumerate(where.tolist()) if place in every.bad}
        fingerprint = task.encoder.fingerprint
        table = joined(bench.job, rows.table, every.table, np.append(every.places, -1)[where], problems, fingerprint)
        return Made(
            content=results(table, bench.job.plan.output.format),
            summary=summary_of(
                table,
                problems,
                outcome=task.outcome,
                score=task.score,
                shown={role: bench.job.kept[column] for role, column in bench.job.columns.items()},
                saved=Saved(asked=sum(item is not None for item in items), distinct=len(firsts), scored=len(new)),
            ),
            fingerprint=fingerprint,
        )


def _together(found: Answers, new: Sequence[int], sent: pa.Table, known: Sequence[int], *, count: int) -> Answers:
    """The answers to all items of a shard: those found here, to `new` ones, and those sent, to `known` ones."""
    reasons = sent["error"].to_pylist()
    bad = {new[place]: reason for place, reason in found.bad.items()}
    bad |= {place: reason for place, reason in zip(known, reasons, strict=True) if reason is not None}
    places = np.full(count, -1, dtype=np.int64)
    places[new] = found.places
    places[known] = np.arange(len(known)) + found.table.num_rows
    places[list(bad)] = -1
    return Answers(pa.concat_tables([found.table, sent.select(found.table.schema.names)]), places, bad)


def joined(
    job: Job, rows: pa.Table, answers: pa.Table, where: IntArray, problems: Mapping[int, str], fingerprint: str
) -> pa.Table:
    """The input's columns, the answers' (row n has the one at `where[n]`, -1: none) and those of every task."""
    missing = where < 0
    taken = answers.take(pa.array(where, mask=missing))
    count = rows.num_rows
    models = pa.array([fingerprint], pa.string()).take(pa.array(np.zeros(count, np.int64), mask=missing))
    errors = (
        pa.array([problems.get(row) for row in range(count)], pa.string()) if problems else pa.nulls(count, pa.string())
    )
    names = [*(job.kept[name] for name in rows.schema.names), *taken.schema.names, "fingerprint", "error"]
    return pa.Table.from_arrays([*rows.columns, *taken.columns, models, errors], names=names)


def results(table: pa.Table, output_format: str) -> bytes:
    """The content of a file of results."""
    if output_format == "jsonl":
        return "".join(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in table.to_pylist()).encode()
    stream = io.BytesIO()
    pq.write_table(table, stream, compression="zstd")
    return stream.getvalue()
