"""The tables that stages of deduplication hand on. Texts are known by the number of the first row that holds them."""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa

from crossjudge.apps.deduplication.copies import plain
from crossjudge.types import FloatArray, IntArray

PAIRS = pa.schema([("first", pa.int64()), ("second", pa.int64()), ("text", pa.string()), ("other", pa.string())])
"""Two near texts, the one that comes first in the input first."""

DECIDED = pa.schema([*PAIRS, ("score", pa.float64()), ("same", pa.bool_())])
"""The same with what was decided."""

COMPONENTS = pa.schema([("text", pa.int64()), ("component", pa.int64()), ("unit", pa.int64())])
"""Of each text that has a duplicate: the first text that duplicates connect it with, and who clusters them."""

CLUSTERS = pa.schema(
    [("text", pa.int64()), ("cluster", pa.int64()), ("kept", pa.int64()), ("representative", pa.string())]
)
"""Of each text in a cluster with others: the first of them, and the one to keep."""


def texts_schema(dim: int) -> pa.Schema:
    """Texts, the block in which each is compared, and their vectors of length 1."""
    return pa.schema(
        [("id", pa.int64()), ("block", pa.uint64()), ("text", pa.string()), ("vector", pa.list_(pa.float32(), dim))]
    )


def vectors_column(vectors: FloatArray) -> pa.Array:
    """Vectors float32 `(n, dim)` as a column."""
    return pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), vectors.shape[1])


def vectors_of(table: pa.Table) -> FloatArray:
    """The column `vector` as float32 `(n, dim)`."""
    dim = table.schema.field("vector").type.list_size
    parts = [chunk.flatten().to_numpy().reshape(-1, dim) for chunk in table["vector"].chunks]
    found: FloatArray = np.concatenate([np.zeros((0, dim), dtype=np.float32), *parts])
    return found


def block_key(block: str | None) -> int:
    """64 bits that stand for a block; 0 where there are none."""
    if block is None:
        return 0
    return int.from_bytes(hashlib.blake2b(block.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def of_table(table: pa.Table, *names: str) -> list[IntArray]:
    """Columns of whole numbers as arrays."""
    return [table[name].to_numpy() for name in names]


def texts_of(pairs: pa.Table) -> tuple[IntArray, list[str], IntArray]:
    """The texts of pairs, each once: their numbers and themselves, in the order of `copies.distinct`, and for every
    pair the places of its two texts, the smaller first, int64 `(n_pairs, 2)`."""
    numbers = np.concatenate(of_table(pairs, "first", "second"))
    ids, first, where = np.unique(numbers, return_index=True, return_inverse=True)
    texts = pa.chunked_array([*pairs["text"].chunks, *pairs["other"].chunks], pa.string()).take(pa.array(first))
    written = texts.to_pylist()
    order = np.array(sorted(range(len(ids)), key=lambda place: (plain(written[place]), place)), dtype=np.int64)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    places: IntArray = np.sort(rank[where].reshape(2, -1).T, axis=1)
    return ids[order], [written[place] for place in order.tolist()], places
