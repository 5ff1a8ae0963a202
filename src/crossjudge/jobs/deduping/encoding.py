"""The vectors of a shard's texts, each text in the first shard that holds it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from crossjudge.jobs.deduping.tables import block_key, texts_schema, vectors_column
from crossjudge.jobs.deduping.task import dedupe_task
from crossjudge.jobs.looking import different
from crossjudge.jobs.matching import MATCHES, Match
from crossjudge.jobs.notes import Summary
from crossjudge.jobs.parcels import packed
from crossjudge.jobs.stage import Bench, Made, Stage, ToldRows, Unit, units_of_shards

if TYPE_CHECKING:
    from crossjudge.jobs.ledger import Ledger

EVERYBODY = 0
"""The receiver of what is one parcel."""


class Encode(Stage):
    """Texts of a shard with their vectors, in one parcel. `blocks` in the note: key of a block -> its texts here."""

    name = "encode"
    doing = "computing vectors"
    needs_model = True

    def units(self, ledger: Ledger) -> list[Unit]:
        """Every shard."""
        return units_of_shards(self.name, ledger, Match.name)

    def do(self, unit: Unit, bench: Bench, told: ToldRows) -> Made:
        """See `Stage.do`."""
        assert unit.shard is not None
        task = dedupe_task(bench.task)
        items, _ = bench.items(bench.rows(unit.shard))
        places, _ = different([None if item is None else task.same(item) for item in items])
        elsewhere = bench.gathered(Match.name, unit, MATCHES)["user"].to_numpy()
        places = places[~np.isin(places + unit.shard.first_row, elsewhere)]
        own = [item for place in places.tolist() if (item := items[place]) is not None]
        texts, blocks = [text for text, _ in own], [block_key(block) for _, block in own]
        vectors = task.first_stage.encode(
            texts, progress=lambda done, count: told(round(done / count * unit.rows))
        ).reshape(-1, task.first_stage.dim)
        schema = texts_schema(task.first_stage.dim)
        table = pa.Table.from_arrays(
            [
                pa.array(places + unit.shard.first_row),
                pa.array(blocks, pa.uint64()),
                pa.array(texts, pa.string()),
                vectors_column(vectors),
            ],
            schema=schema,
        )
        return Made(
            content=packed({EVERYBODY: table}, schema, compressed=False),
            summary=Summary(rows=unit.rows),
            fingerprint=task.encoder.fingerprint,
            details={
                "texts": len(texts),
                "dim": task.first_stage.dim,
                "first_stage": task.first_stage.fingerprint,
                "blocks": {str(key): count for key, count in Counter(blocks).items()},
            },
        )
