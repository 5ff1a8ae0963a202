"""Third stage: what several shards ask is answered once, and sent to each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from crossjudge.jobs.matching import MATCHES, Match
from crossjudge.jobs.notes import Saved, Summary
from crossjudge.jobs.parcels import packed, split
from crossjudge.jobs.stage import Bench, Made, Stage, ToldRows, Unit, units_of_shards
from crossjudge.jobs.task import Task, answer_all, row_task

if TYPE_CHECKING:
    from crossjudge.jobs.ledger import Ledger


class Repeat(Stage):
    """Answers to the items that a shard is the first of several to hold, in parcels by the shard that asks."""

    name = "repeat"
    doing = "answering what repeats"
    needs_model = True

    def units(self, ledger: Ledger) -> list[Unit]:
        """Each shard that owns such an item."""
        owners = ledger.sources(Match.name)
        return [unit for unit in units_of_shards(self.name, ledger, Match.name) if unit.number in owners]

    def do(self, unit: Unit, bench: Bench, told: ToldRows) -> Made:
        """See `Stage.do`."""
        assert unit.shard is not None
        task = row_task(bench.task)
        matches = bench.gathered(Match.name, unit, MATCHES)
        owners, places = np.unique(matches["owner"].to_numpy(), return_inverse=True)
        asked, _ = bench.items(bench.rows(unit.shard))
        items = [item for row in (owners - unit.shard.first_row).tolist() if (item := asked[row]) is not None]
        found = answer_all(task, items, lambda share: told(round(share * unit.rows)))
        users = matches["user"].to_numpy()
        answers = found.table.take(pa.array(found.places[places], mask=found.places[places] < 0))
        errors = pa.array([found.bad.get(place) for place in places.tolist()], pa.string())
        schema = answers_schema(task)
        sent = pa.Table.from_arrays([pa.array(users), errors, *answers.columns], schema=schema)
        parcels = split(sent, bench.job.shard_of(users))
        return Made(
            content=packed(parcels, schema),
            summary=Summary(rows=unit.rows, saved=Saved(scored=len(items))),
            fingerprint=task.encoder.fingerprint,
            details={"receivers": sorted(parcels)},
        )


def answers_schema(task: Task) -> pa.Schema:
    """Answers on their way: the row that asked, why there is none, and the task's own columns."""
    return pa.schema([("row", pa.int64()), ("error", pa.string()), *task.schema])
