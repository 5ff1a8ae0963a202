"""Candidates: which pairs of texts are near enough to be worth comparing; all of them, or each text's nearest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from crossjudge.extras import is_installed, require
from crossjudge.types import FloatArray, IntArray

EXACT, APPROXIMATE = "exact", "approximate"
SEARCHES = ("auto", EXACT, APPROXIMATE)

EXACT_UP_TO = 50_000
"""Texts that "auto" compares each with each; beyond, it asks an index where usearch is installed."""

_ROWS, _COLUMNS = 1_024, 4_096
"""Texts of one block of the matrix of cosines: 16 MiB."""

Near = tuple[IntArray, IntArray, FloatArray]
"""Rows, columns and cosines of pairs, `(n_pairs,)` each."""

Advance = Callable[[int], None]
"""Called with how many texts were looked up so far."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Pairs to compare: int64 `(n_pairs, 2)`, the smaller place first, in order.

    `search`: "exact" or "approximate". `at_limit`: how many texts had more near ones than a text may bring.
    """

    pairs: IntArray
    search: str
    at_limit: int


def search_for(count: int, wanted: str) -> str:
    """How `count` texts are searched: as wanted, and for "auto" by their number and by what is installed."""
    if wanted != "auto":
        return wanted
    return APPROXIMATE if count > EXACT_UP_TO and is_installed("usearch") else EXACT


def candidates(
    vectors: FloatArray, *, least_cosine: float, neighbours: int, search: str, advance: Advance
) -> Candidates:
    """Pairs with a cosine of at least `least_cosine`, of each text with its `neighbours` nearest at most.

    `vectors`: float32 `(n_texts, dim)`, of length 1. `search`: "exact" or "approximate".
    """
    blocks = (_exact if search == EXACT else _approximate)(vectors, least_cosine, neighbours)
    kept: list[IntArray] = [np.zeros((0, 2), dtype=np.int64)]
    at_limit = done = 0
    for rows, near in blocks:
        rank = rank_in_row(near)
        at_limit += int((rank == neighbours).sum())
        chosen = rank < neighbours
        kept.append(np.sort(np.stack([near[0][chosen], near[1][chosen]], axis=1), axis=1))
        done += rows
        advance(done)
    return Candidates(np.unique(np.concatenate(kept), axis=0), search, at_limit)


def _exact(vectors: FloatArray, least_cosine: float, neighbours: int) -> Iterator[tuple[int, Near]]:
    """Each text with each, block by block."""
    for start in range(0, len(vectors), _ROWS):
        rows, columns, values = near_others(
            vectors[start : start + _ROWS], vectors, least_cosine=least_cosine, most=neighbours + 2
        )
        rows = rows + start
        other = rows != columns
        yield min(_ROWS, len(vectors) - start), in_order(rows[other], columns[other], values[other])


def near_others(vectors: FloatArray, others: FloatArray, *, least_cosine: float, most: int) -> Near:
    """For each vector the others with a cosine of at least `least_cosine`, its `most` nearest at most, in order."""
    found: Near = (np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32))
    for start in range(0, len(vectors), _ROWS):
        parts = [found]
        for column in range(0, len(others), _COLUMNS):
            cosines = vectors[start : start + _ROWS] @ others[column : column + _COLUMNS].T
            rows, columns = np.nonzero(cosines >= least_cosine)
            # What is dropped here keeps memory flat.
            parts.append(nearest((rows + start, columns + column, cosines[rows, columns]), most))
        found = together(parts)
    return nearest(found, most)


def together(parts: Sequence[Near]) -> Near:
    """Pairs of several finds as one."""
    rows, columns, values = (np.concatenate(one) for one in zip(*parts, strict=True))
    return rows, columns, values


def nearest(near: Near, most: int) -> Near:
    """In order, `most` of each row."""
    ordered = in_order(*near)
    kept = rank_in_row(ordered) < most
    return ordered[0][kept], ordered[1][kept], ordered[2][kept]


def _approximate(vectors: FloatArray, least_cosine: float, neighbours: int) -> Iterator[tuple[int, Near]]:
    """Each text with those that an index of neighbours (HNSW) finds; built in one thread, it is always the same."""
    library = require("usearch.index", to="find near texts among very many")
    index = library.Index(ndim=vectors.shape[1], metric="ip", dtype="f32")
    index.add(np.arange(len(vectors)), vectors, threads=1)
    for start in range(0, len(vectors), _ROWS):
        block = vectors[start : start + _ROWS]
        # Itself, its neighbours, and one more that tells whether there were more.
        found = index.search(block, min(neighbours + 2, len(vectors)))
        keys = found.keys.reshape(len(block), -1)  # of a single text they come flat, and without their number
        filled = np.arange(keys.shape[1]) < np.reshape(getattr(found, "counts", keys.shape[1]), (-1, 1))
        filled = np.broadcast_to(filled, keys.shape)
        rows = np.nonzero(filled)[0] + start
        columns = keys[filled].astype(np.int64)
        values: FloatArray = np.einsum("ij,ij->i", vectors[rows], vectors[columns])
        near = (values >= least_cosine) & (rows != columns)
        yield len(block), in_order(rows[near], columns[near], values[near])


def in_order(rows: IntArray, columns: IntArray, values: FloatArray) -> Near:
    """By row, the nearest first; equal cosines by place."""
    order = np.lexsort((columns, -values, rows))
    return rows[order], columns[order], values[order]


def rank_in_row(near: Near) -> IntArray:
    """For pairs in order, how many nearer ones their row has."""
    rows = near[0]
    first = np.searchsorted(rows, rows, side="left")
    rank: IntArray = np.arange(len(rows)) - first
    return rank
