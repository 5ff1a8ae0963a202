"""Last stage of deduplication: the rows of a shard, each with its cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from crossjudge.jobs.answering import joined, results
from crossjudge.jobs.deduping.clustering import Cluster
from crossjudge.jobs.deduping.encoding import EVERYBODY, Encode
from crossjudge.jobs.deduping.tables import CLUSTERS, of_table
from crossjudge.jobs.deduping.task import dedupe_task
from crossjudge.jobs.looking import different
from crossjudge.jobs.matching import MATCHES, Match
from crossjudge.jobs.notes import Saved
from crossjudge.jobs.stage import Bench, Made, Stage, ToldRows, Unit, units_of_shards
from crossjudge.jobs.summing import summary_of
from crossjudge.types import IntArray

if TYPE_CHECKING:
    from crossjudge.jobs.ledger import Ledger

KEPT, REPEATED = "kept", "says what a kept one says"
"""What a row is in the report."""

_WHAT = "crossjudge: what it is"
"""A column of the report's own."""


class Write(Stage):
    """The file of results of each shard."""

    name = "part"
    doing = "writing"
    needs_model = True  # its fingerprint stands in every row
    is_last = True

    def units(self, ledger: Ledger) -> list[Unit]:
        """Every shard."""
        clusters = tuple(note.number for note in ledger.noted(Cluster.name))
        return [
            replace(unit, sources={**unit.sources, Cluster.name: clusters})
            for unit in units_of_shards(self.name, ledger, Match.name)
        ]

    def do(self, unit: Unit, bench: Bench, told: ToldRows) -> Made:
        """See `Stage.do`."""
        assert unit.shard is not None
        task = dedupe_task(bench.task)
        rows = bench.rows(unit.shard)
        items, problems = bench.items(rows)
        firsts, where = different([None if item is None else task.same(item) for item in items])
        texts = [item[0] for place in firsts.tolist() if (item := items[place]) is not None]
        found = _clustered(_known(firsts + unit.shard.first_row, texts, unit, bench), unit, bench)
        answers = pa.Table.from_arrays(
            [pa.array(found.clusters), pa.array(found.representatives, pa.string())], schema=task.schema
        )
        fingerprint = task.encoder.fingerprint
        table = joined(bench.job, rows.table, answers, where, problems, fingerprint)
        is_kept = np.append(found.kept, -1)[where] == np.arange(len(where)) + unit.shard.first_row
        what = pa.array(np.where(is_kept, KEPT, REPEATED), pa.string(), mask=where < 0)
        return Made(
            content=results(table, bench.job.plan.output.format),
            summary=summary_of(
                table.append_column(_WHAT, what),
                problems,
                outcome=_WHAT,
                score=None,
                shown={role: bench.job.kept[column] for role, column in bench.job.columns.items()}
                | {"representative": "representative"},
                saved=Saved(asked=sum(item is not None for item in items), distinct=len(firsts)),
            ),
            fingerprint=fingerprint,
        )


@dataclass(frozen=True, slots=True)
class _Texts:
    """The different texts of a shard: their numbers, clusters, the texts kept for each, by number and as written."""

    ids: IntArray
    clusters: IntArray
    kept: IntArray
    representatives: list[str]


def _known(own: IntArray, texts: list[str], unit: Unit, bench: Bench) -> _Texts:
    """Texts as if none had duplicates. `own`: their first rows in this shard; another one may be the first of all."""
    matches = bench.gathered(Match.name, unit, MATCHES)
    owners, users = of_table(matches, "owner", "user")
    places = np.searchsorted(own, users)
    ids = own.copy()
    ids[places] = owners
    otherwise = np.flatnonzero(~matches["spelled_alike"].to_numpy(zero_copy_only=False))
    for place, text in zip(places[otherwise].tolist(), _written(owners[otherwise], bench), strict=True):
        texts[place] = text
    return _Texts(ids, ids.copy(), ids.copy(), texts)


def _written(ids: IntArray, bench: Bench) -> list[str]:
    """How texts of other shards are written there."""
    found: dict[int, str] = {}
    shards = bench.job.shard_of(ids)
    for shard in np.unique(shards).tolist():
        table = bench.parcels(Encode.name, [shard], columns=["id", "text"])[0].of(EVERYBODY)
        (known,) = of_table(table, "id")
        some = ids[shards == shard]
        found |= zip(some.tolist(), table["text"].take(pa.array(np.searchsorted(known, some))).to_pylist(), strict=True)
    return [found[one] for one in ids.tolist()]


def _clustered(texts: _Texts, unit: Unit, bench: Bench) -> _Texts:
    """The same with the clusters that texts are in."""
    files = bench.parcels(Cluster.name, unit.sources[Cluster.name])
    shards: Sequence[int] = np.unique(bench.job.shard_of(texts.ids)).tolist()
    found = pa.concat_tables([CLUSTERS.empty_table(), *(file.of(*shards) for file in files)])
    numbers, clusters, kept = of_table(found, "text", "cluster", "kept")
    order = np.argsort(texts.ids, kind="stable")
    inside = np.flatnonzero(np.isin(numbers, texts.ids))
    places = order[np.searchsorted(texts.ids[order], numbers[inside])]
    texts.clusters[places], texts.kept[places] = clusters[inside], kept[inside]
    for place, text in zip(places.tolist(), found["representative"].take(pa.array(inside)).to_pylist(), strict=True):
        texts.representatives[place] = text
    return texts
