"""Groups of texts that are compared with each other: blocks, and cells of near vectors where a block is very large."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from crossjudge.apps.deduplication.candidates import APPROXIMATE, EXACT, EXACT_UP_TO
from crossjudge.jobs.deduping import cells
from crossjudge.jobs.deduping.encoding import EVERYBODY, Encode
from crossjudge.jobs.deduping.tables import of_table, texts_schema, vectors_column, vectors_of
from crossjudge.jobs.job import work_file
from crossjudge.jobs.notes import Summary
from crossjudge.jobs.parcels import Parcels, packed, split
from crossjudge.jobs.stage import Bench, Made, Stage, ToldRows, Unit
from crossjudge.types import FloatArray, IntArray

if TYPE_CHECKING:
    from crossjudge.jobs.ledger import Ledger

GROUP_TEXTS = 16_384
"""Small blocks share a group of so many texts."""

_GROUPS, _CENTRES = "groups", "centres"
"""Files of the driver's: the group of each block, and the centres of cells."""

GROUPS = pa.schema([("block", pa.uint64()), ("group", pa.int64())])
"""`group`: -1 for a block of one text, and the number of the first cell for a block that is divided into cells."""


class Group(Stage):
    """A shard's texts, in parcels by the group that each is in."""

    name = "group"
    doing = "grouping"
    counted = "texts"

    def units(self, ledger: Ledger) -> list[Unit]:
        """Every shard that has texts of its own; which groups there are is decided before."""
        _decide(ledger)
        return [
            Unit(stage=self.name, number=note.number, rows=note.details["texts"])
            for note in ledger.noted(Encode.name)
            if note.details["texts"]
        ]

    def do(self, unit: Unit, bench: Bench, told: ToldRows) -> Made:
        """See `Stage.do`."""
        texts = bench.parcels(Encode.name, [unit.number])[0].of(EVERYBODY)
        rows, groups = _placed(texts, *_decided(bench))
        parcels = split(texts.take(pa.array(rows)), groups)
        return Made(
            content=packed(parcels, texts.schema, compressed=False),
            summary=Summary(rows=unit.rows),
            details={
                "receivers": sorted(parcels),
                "texts": {str(group): table.num_rows for group, table in parcels.items()},
            },
        )

    def account(self, ledger: Ledger) -> dict[str, Any]:
        """Texts, blocks and pairs that are possible."""
        notes = ledger.noted(Encode.name)
        sizes = _block_sizes(ledger).values()
        texts = sum(sizes)
        in_cells = sum(size for size in sizes if _is_divided(size, ledger))
        return {
            "texts": texts,
            "copies": sum(note.summary.saved.asked for note in ledger.noted("part")) - texts,
            "blocks": len(sizes),
            "largest_block": max(sizes, default=0),
            "pairs_possible": texts * (texts - 1) // 2,
            "pairs_in_one_block": sum(size * (size - 1) // 2 for size in sizes),
            "search": APPROXIMATE if in_cells else EXACT,
            "texts_searched_approximately": in_cells,
            "first_stage": next((note.details["first_stage"] for note in notes), None),
        }


# --- decided by the driver -------------------------------------------------------------------------------------------


def _decide(ledger: Ledger) -> None:
    """Write down which groups there are, unless that was done before."""
    name = work_file(_GROUPS, 0)
    if name in ledger.work.names():
        return
    sizes = _block_sizes(ledger)
    divided = {block for block, size in sizes.items() if _is_divided(size, ledger)}
    groups = _grouped({block: size for block, size in sizes.items() if block not in divided})
    first_cell = max(groups.values(), default=-1) + 1
    groups |= dict.fromkeys(divided, first_cell)
    table = pa.Table.from_arrays(
        [pa.array(groups.keys(), pa.uint64()), pa.array(groups.values(), pa.int64())], schema=GROUPS
    )
    dim = next((note.details["dim"] for note in ledger.noted(Encode.name)), 1)
    centres = _centres(ledger, divided, sum(sizes[block] for block in divided), dim)
    schema = pa.schema([texts_schema(dim).field("vector")])
    content = pa.Table.from_arrays([vectors_column(centres)], schema=schema)
    ledger.work.write(work_file(_CENTRES, 0), packed({EVERYBODY: content}, schema, compressed=False))
    ledger.work.write(name, packed({EVERYBODY: table}, GROUPS))


def _block_sizes(ledger: Ledger) -> dict[int, int]:
    sizes: Counter[int] = Counter()
    for note in ledger.noted(Encode.name):
        sizes.update({int(block): count for block, count in note.details["blocks"].items()})
    return dict(sorted(sizes.items()))


def _is_divided(size: int, ledger: Ledger) -> bool:
    search = ledger.plan.task_options.get("search", "auto")
    return search != EXACT and size > (cells.CELL_TEXTS if search == APPROXIMATE else EXACT_UP_TO)


def _grouped(sizes: Mapping[int, int]) -> dict[int, int]:
    """Block -> its group: small ones together, those of one text in none."""
    groups: dict[int, int] = {}
    group = filled = 0
    for block, size in sizes.items():
        if size == 1:
            groups[block] = -1
            continue
        if filled and filled + size > GROUP_TEXTS:
            group, filled = group + 1, 0
        groups[block] = group
        filled += size
    return groups


def _centres(ledger: Ledger, blocks: set[int], texts: int, dim: int) -> FloatArray:
    """Centres of cells for so many texts of some blocks, float32 `(n_cells, dim)`; none where there are no texts."""
    if not texts:
        return np.zeros((0, dim), dtype=np.float32)
    sample = np.concatenate(list(_sampled(ledger, blocks, cells.sample_size(texts) / texts)))
    return cells.centres_of(sample, cells.count_for(texts))


def _sampled(ledger: Ledger, blocks: set[int], share: float) -> Iterator[FloatArray]:
    """Vectors of a share of the texts, evenly spread over the input."""
    for note in ledger.noted(Encode.name):
        texts = Parcels(ledger.work, work_file(Encode.name, note.number)).of(EVERYBODY)
        inside = np.flatnonzero(np.isin(texts["block"].to_numpy(), list(blocks)))
        taken = inside[np.arange(0, len(inside), 1 / share).astype(np.int64)]
        yield vectors_of(texts.take(pa.array(taken)))


# --- in a worker -----------------------------------------------------------------------------------------------------


def _decided(bench: Bench) -> tuple[IntArray, IntArray, FloatArray]:
    """Blocks, ascending, the group of each, and the centres of cells."""
    groups = bench.parcels(_GROUPS, [0])[0].of(EVERYBODY)
    blocks, numbers = of_table(groups, "block", "group")
    order = np.argsort(blocks)
    return blocks[order], numbers[order], vectors_of(bench.parcels(_CENTRES, [0])[0].of(EVERYBODY))


def _placed(texts: pa.Table, blocks: IntArray, groups: IntArray, centres: FloatArray) -> tuple[IntArray, IntArray]:
    """Rows of `texts` and the group of each; a text in cells has several."""
    group = groups[np.searchsorted(blocks, texts["block"].to_numpy())]
    first_cell = groups.max() if len(centres) else np.inf  # numbers of cells come after those of groups
    alone = np.flatnonzero((group >= 0) & (group < first_cell))
    several = np.flatnonzero(group == first_cell)
    if not len(several):
        return alone, group[alone]
    nearest = cells.nearest_centres(vectors_of(texts.take(pa.array(several))), centres, cells.CELLS_OF_A_TEXT)
    rows = np.repeat(several, nearest.shape[1])
    return np.concatenate([alone, rows]), np.concatenate([group[alone], nearest.reshape(-1) + int(first_cell)])
