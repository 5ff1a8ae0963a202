"""Clusters within components, by the rule of `apps.deduplication`: no two texts of one were judged different."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from crossjudge.apps.deduplication.clustering import Decided, Decisions, Star, stars
from crossjudge.jobs.deduping.asking import CountedAsking
from crossjudge.jobs.deduping.comparing import Compare
from crossjudge.jobs.deduping.routing import Route
from crossjudge.jobs.deduping.tables import CLUSTERS, DECIDED, texts_of
from crossjudge.jobs.deduping.task import dedupe_task
from crossjudge.jobs.notes import Saved, Summary
from crossjudge.jobs.parcels import packed, split
from crossjudge.jobs.stage import Bench, Made, Stage, ToldRows, Unit
from crossjudge.types import IntArray

if TYPE_CHECKING:
    from crossjudge.jobs.ledger import Ledger


class Cluster(Stage):
    """The cluster of each text that is in one with others, in parcels by the shard of the text."""

    name = "cluster"
    doing = "clustering"
    counted = "parts"
    needs_model = True

    def units(self, ledger: Ledger) -> list[Unit]:
        """Every unit that components were routed to."""
        return [
            Unit(stage=self.name, number=number, rows=1, sources={Route.name: sources})
            for number, sources in sorted(ledger.sources(Route.name).items())
        ]

    def do(self, unit: Unit, bench: Bench, told: ToldRows) -> Made:
        """See `Stage.do`."""
        task = dedupe_task(bench.task)
        decided = bench.gathered(Route.name, unit, DECIDED)
        ids, texts, pairs = texts_of(decided)
        asking = CountedAsking(task, texts)
        decisions = Decisions(asking.differ)
        decisions.add(pairs, Decided(decided["score"].to_numpy(), decided["same"].to_numpy(zero_copy_only=False)))
        components = decisions.components(range(len(texts)))
        found = stars(decisions, range(len(texts)), asking)
        clusters = _table(found, ids, texts)
        parcels = split(clusters, bench.job.shard_of(clusters["text"].to_numpy()))
        return Made(
            content=packed(parcels, CLUSTERS),
            summary=Summary(rows=unit.rows, saved=Saved(scored=asking.compared)),
            fingerprint=task.encoder.fingerprint,
            details={
                "receivers": sorted(parcels),
                "components": len(components),
                "largest_component": max(map(len, components), default=0),
                "clusters": len(found),
                "merged": sum(len(star.others) * (len(star.others) + 1) // 2 for star in found),
                **asking.account(),
            },
        )

    def account(self, ledger: Ledger) -> dict[str, Any]:
        """What became of the pairs that were compared, those that clusters asked for among them, and the clusters."""
        compared, clustered = ledger.noted(Compare.name), ledger.noted(self.name)
        asked = {
            name: sum(note.details[name] for note in (*compared, *clustered))
            for name in ("compared", "ruled_apart", "duplicates")
        }
        made = {name: sum(note.details[name] for note in clustered) for name in ("components", "clusters", "merged")}
        largest = max((note.details["largest_component"] for note in clustered), default=0)
        return asked | made | {"largest_component": largest}


def _table(found: Sequence[Star], ids: IntArray, texts: Sequence[str]) -> pa.Table:
    """A row for each text of a star. `ids`: the number of the text at each place."""
    rows = []
    for star in found:
        members = ids[[star.centre, *star.others]].tolist()
        kept = members[0]
        rows += [(text, min(members), kept, texts[star.centre]) for text in members]
    return pa.Table.from_arrays(
        [pa.array([row[place] for row in rows], field.type) for place, field in enumerate(CLUSTERS)], schema=CLUSTERS
    )
