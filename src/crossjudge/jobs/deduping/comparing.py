"""The cross-encoder's decisions about pairs of near texts, each pair once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from crossjudge.jobs.deduping.asking import CountedAsking
from crossjudge.jobs.deduping.finding import Find
from crossjudge.jobs.deduping.tables import DECIDED, PAIRS, of_table, texts_of
from crossjudge.jobs.deduping.task import dedupe_task
from crossjudge.jobs.notes import Saved, Summary
from crossjudge.jobs.parcels import packed, split
from crossjudge.jobs.stage import Bench, Made, Stage, ToldRows, Unit

if TYPE_CHECKING:
    from crossjudge.jobs.ledger import Ledger

DIFFERENT, SAME = 0, 1
"""The two parcels of decisions."""


class Compare(Stage):
    """Decisions about the pairs whose first text is in a shard, in two parcels: different, and the same."""

    name = "compare"
    doing = "comparing near texts"
    needs_model = True

    def units(self, ledger: Ledger) -> list[Unit]:
        """Every shard that has a text which is the first of a pair."""
        sources = ledger.sources(Find.name)
        return [
            Unit(stage=self.name, number=one.number, rows=one.rows, sources={Find.name: sources[one.number]})
            for one in ledger.shards
            if one.number in sources
        ]

    def do(self, unit: Unit, bench: Bench, told: ToldRows) -> Made:
        """See `Stage.do`."""
        task = dedupe_task(bench.task)
        pairs = _once(bench.gathered(Find.name, unit, PAIRS))
        _, texts, places = texts_of(pairs)
        asking = CountedAsking(task, texts)
        decided = asking(places, lambda share: told(round(share * unit.rows)))
        table = pa.Table.from_arrays([*pairs.columns, pa.array(decided.scores), pa.array(decided.same)], schema=DECIDED)
        return Made(
            content=packed(split(table, np.where(decided.same, SAME, DIFFERENT)), DECIDED),
            summary=Summary(rows=unit.rows, saved=Saved(scored=asking.compared)),
            fingerprint=task.encoder.fingerprint,
            details={"candidates": len(places), **asking.account()},
        )

    def account(self, ledger: Ledger) -> dict[str, Any]:
        """Pairs that were near enough, each counted once."""
        return {"candidates": sum(note.details["candidates"] for note in ledger.noted(self.name))}


def _once(pairs: pa.Table) -> pa.Table:
    """Each pair once, in order: two parts of a group find the same, and so do two cells."""
    first, second = of_table(pairs, "first", "second")
    order = np.lexsort((second, first))
    new = np.ones(len(order), dtype=bool)
    new[1:] = (np.diff(first[order]) != 0) | (np.diff(second[order]) != 0)
    return pairs.take(pa.array(order[new]))
