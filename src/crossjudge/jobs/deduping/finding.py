"""The near ones of each text in its groups, found by comparing vectors, a part of the group with all of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from crossjudge.apps.deduplication.candidates import Near, near_others, nearest, rank_in_row, together
from crossjudge.jobs.deduping.grouping import Group
from crossjudge.jobs.deduping.tables import PAIRS, of_table, vectors_of
from crossjudge.jobs.deduping.task import dedupe_task
from crossjudge.jobs.notes import Summary
from crossjudge.jobs.parcels import Parcels, packed, split
from crossjudge.jobs.stage import Bench, Made, Stage, ToldRows, Unit
from crossjudge.types import IntArray

if TYPE_CHECKING:
    from crossjudge.jobs.ledger import Ledger

PART_TEXTS = 8_192
"""Texts of a group whose near ones one unit finds."""


class Find(Stage):
    """Pairs that are near enough to be compared, in parcels by the shard of the one that comes first in the input."""

    name = "find"
    doing = "finding near texts"
    counted = "texts"
    needs_model = True

    def units(self, ledger: Ledger) -> list[Unit]:
        """Every group of two texts and more, in parts."""
        sizes: Counter[int] = Counter()
        for note in ledger.noted(Group.name):
            sizes.update({int(group): count for group, count in note.details["texts"].items()})
        sources = ledger.sources(Group.name)
        parts = [
            (group, start, min(start + PART_TEXTS, size))
            for group, size in sorted(sizes.items())
            for start in range(0, size, PART_TEXTS)
            if size > 1
        ]
        return [
            Unit(
                stage=self.name,
                number=number,
                rows=stop - start,
                sources={Group.name: sources[group]},
                receiver=group,
                span=(start, stop),
            )
            for number, (group, start, stop) in enumerate(parts)
        ]

    def do(self, unit: Unit, bench: Bench, told: ToldRows) -> Made:
        """See `Stage.do`."""
        settings = dedupe_task(bench.task).settings
        group = _Group(bench.parcels(Group.name, unit.sources[Group.name]), unit.receiver or 0)
        part = group.part(*unit.span)
        near, at_limit = _near(
            part,
            group,
            least_cosine=settings.least_cosine,
            neighbours=settings.neighbours,
            told=lambda share: told(round(share * unit.rows)),
        )
        pairs = _with_texts(near, part, group)
        parcels = split(pairs, bench.job.shard_of(pairs["first"].to_numpy()))
        return Made(
            content=packed(parcels, PAIRS),
            summary=Summary(rows=unit.rows),
            details={"receivers": sorted(parcels), "at_limit": at_limit},
        )

    def account(self, ledger: Ledger) -> dict[str, Any]:
        """Texts that had more near ones in a group than a text may bring."""
        return {"at_limit": sum(note.details["at_limit"] for note in ledger.noted(self.name))}


class _Group:
    """The texts of a group, a table for each shard, read anew each time so that memory holds one of them."""

    def __init__(self, files: Sequence[Parcels], number: int) -> None:
        self._files, self._number = files, number

    def __len__(self) -> int:
        return len(self._files)

    def __iter__(self) -> Iterator[pa.Table]:
        return (one.of(self._number) for one in self._files)

    def part(self, start: int, stop: int) -> pa.Table:
        """The texts from the one numbered `start` to before `stop`."""
        taken = [self._files[0].schema.empty_table()]
        for table in self:
            if start < table.num_rows and stop > 0:
                taken.append(table.slice(max(start, 0), stop - max(start, 0)))
            start, stop = start - table.num_rows, stop - table.num_rows
        return pa.concat_tables(taken)


def _near(
    part: pa.Table, group: _Group, *, least_cosine: float, neighbours: int, told: Callable[[float], None]
) -> tuple[Near, int]:
    """Pairs of a text of the part and one of its `neighbours` nearest, by number; and how many texts had more."""
    (ids, blocks), vectors = of_table(part, "id", "block"), vectors_of(part)
    found: Near = (np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32))
    for done, others in enumerate(group, start=1):
        (other_ids, other_blocks), other_vectors = of_table(others, "id", "block"), vectors_of(others)
        finds = [found]
        for rows, columns in _in_one_block(blocks, other_blocks):
            # Itself and one more, which tells whether there were more than is wanted.
            near = near_others(vectors[rows], other_vectors[columns], least_cosine=least_cosine, most=neighbours + 2)
            finds.append(_without_itself((ids[rows[near[0]]], other_ids[columns[near[1]]], near[2])))
        found = nearest(together(finds), neighbours + 1)
        told(done / len(group))
    rank = rank_in_row(found)
    kept = rank < neighbours
    return (found[0][kept], found[1][kept], found[2][kept]), int((rank == neighbours).sum())


def _in_one_block(blocks: IntArray, others: IntArray) -> Iterator[tuple[IntArray, IntArray]]:
    """Rows of the two lists that are of the same block, block by block."""
    order, other_order = np.argsort(blocks, kind="stable"), np.argsort(others, kind="stable")
    shared = np.intersect1d(blocks, others)
    bounds = zip(_bounds(blocks[order], shared), _bounds(others[other_order], shared), strict=True)
    for (start, stop), (other_start, other_stop) in bounds:
        yield order[start:stop], other_order[other_start:other_stop]


def _bounds(ordered: IntArray, wanted: IntArray) -> Iterator[tuple[int, int]]:
    """Where each wanted value begins and ends."""
    starts, stops = (np.searchsorted(ordered, wanted, side=side).tolist() for side in ("left", "right"))
    return zip(starts, stops, strict=True)


def _without_itself(near: Near) -> Near:
    other = near[0] != near[1]
    return near[0][other], near[1][other], near[2][other]


def _with_texts(near: Near, part: pa.Table, group: _Group) -> pa.Table:
    """Pairs with their texts, each once, the text that comes first in the input first."""
    pairs = np.unique(np.sort(np.stack([near[0], near[1]], axis=1), axis=1), axis=0)
    wanted = np.unique(pairs)
    found = [part.select(["id", "text"])]
    for table in group:
        others = table.select(["id", "text"])
        found.append(others.take(pa.array(np.flatnonzero(np.isin(others["id"].to_numpy(), wanted)))))
    texts = pa.concat_tables(found)
    (ids,) = of_table(texts, "id")
    known, places = np.unique(ids, return_index=True)
    columns = [texts["text"].take(pa.array(places[np.searchsorted(known, pairs[:, side])])) for side in (0, 1)]
    return pa.Table.from_arrays([pa.array(pairs[:, 0]), pa.array(pairs[:, 1]), *columns], schema=PAIRS)
