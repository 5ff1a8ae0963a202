"""Components: texts that duplicates connect, and decisions on their way to whoever clusters them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from crossjudge.jobs.deduping.comparing import SAME, Compare
from crossjudge.jobs.deduping.encoding import EVERYBODY
from crossjudge.jobs.deduping.tables import COMPONENTS, DECIDED, of_table
from crossjudge.jobs.job import work_file
from crossjudge.jobs.notes import Summary
from crossjudge.jobs.parcels import Parcels, packed, split
from crossjudge.jobs.stage import Bench, Made, Stage, ToldRows, Unit
from crossjudge.types import IntArray

if TYPE_CHECKING:
    from crossjudge.jobs.ledger import Ledger

UNIT_TEXTS = 16_384
"""Texts of components that one unit clusters; a component is never divided."""

_COMPONENTS = "components"
"""The driver's file: of each text that has a duplicate, its component."""


class Route(Stage):
    """A shard's decisions about two texts of one component, in parcels by the unit that clusters it."""

    name = "route"
    doing = "connecting duplicates"
    counted = "pairs"

    def units(self, ledger: Ledger) -> list[Unit]:
        """Every shard with decisions; which components there are is found before."""
        _find_components(ledger)
        return [
            Unit(stage=self.name, number=note.number, rows=note.details["candidates"])
            for note in ledger.noted(Compare.name)
        ]

    def do(self, unit: Unit, bench: Bench, told: ToldRows) -> Made:
        """See `Stage.do`."""
        known = bench.parcels(_COMPONENTS, [0])[0].of(EVERYBODY)
        decided = bench.parcels(Compare.name, [unit.number])[0]
        pairs = decided.of(*decided.receivers)
        texts, components, units = of_table(known, "text", "component", "unit")
        first, second = (_looked_up(pairs[name].to_numpy(), texts, components) for name in ("first", "second"))
        inside = np.flatnonzero((first >= 0) & (first == second))
        receivers = _looked_up(pairs["first"].to_numpy()[inside], texts, units)
        parcels = split(pairs.take(pa.array(inside)), receivers)
        return Made(
            content=packed(parcels, DECIDED),
            summary=Summary(rows=unit.rows),
            details={"receivers": sorted(parcels)},
        )


def _looked_up(wanted: IntArray, texts: IntArray, values: IntArray) -> IntArray:
    """The value of each text, -1 for one that has none. `texts`: ascending."""
    if not len(texts):
        return np.full(len(wanted), -1, dtype=np.int64)
    places = np.minimum(np.searchsorted(texts, wanted), len(texts) - 1)
    found: IntArray = np.where(texts[places] == wanted, values[places], -1)
    return found


# --- found by the driver ---------------------------------------------------------------------------------------------


def _find_components(ledger: Ledger) -> None:
    """Write down which components there are, unless that was done before."""
    name = work_file(_COMPONENTS, 0)
    if name in ledger.work.names():
        return
    edges = [np.zeros((0, 2), dtype=np.int64)]
    for note in ledger.noted(Compare.name):
        file = Parcels(ledger.work, work_file(Compare.name, note.number), columns=["first", "second"])
        edges.append(np.stack(of_table(file.of(SAME), "first", "second"), axis=1))
    texts, components = connected(np.concatenate(edges))
    columns = [pa.array(texts), pa.array(components), pa.array(_units(components))]
    table = pa.Table.from_arrays(columns, schema=COMPONENTS)
    ledger.work.write(name, packed({EVERYBODY: table}, COMPONENTS))


def connected(edges: IntArray) -> tuple[IntArray, IntArray]:
    """The texts that edges, int64 `(n_edges, 2)`, join, ascending, and the first text of the component of each."""
    texts, places = np.unique(edges, return_inverse=True)
    one, other = places.reshape(-1, 2).T
    label = np.arange(len(texts))
    while True:
        # Each text takes the smallest label that an edge leads to, then that of its label, and so on.
        before = label.copy()
        np.minimum.at(label, one, before[other])
        np.minimum.at(label, other, before[one])
        np.minimum.at(label, before, label)
        while not np.array_equal(label, label[label]):
            label = label[label]
        if np.array_equal(label, before):
            return texts, texts[label]


def _units(components: IntArray) -> IntArray:
    """Who clusters each component, whole ones together as far as a unit has room; of each text."""
    found, where, sizes = np.unique(components, return_inverse=True, return_counts=True)
    units = np.zeros(len(found), dtype=np.int64)
    unit = filled = 0
    for place, size in enumerate(sizes.tolist()):
        if filled and filled + size > UNIT_TEXTS:
            unit, filled = unit + 1, 0
        units[place] = unit
        filled += size
    return units[where]
