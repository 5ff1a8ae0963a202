"""Cells: very many vectors in parts whose members are near each other, so that not all must be compared with all."""

from __future__ import annotations

import numpy as np

from crossjudge.types import FloatArray, IntArray

CELL_TEXTS = 8_192
"""Texts of a cell, on average."""

CELLS_OF_A_TEXT = 3
"""A text is in the cells of so many nearest centres, so that two near texts share one in most cases."""

SAMPLE_OF_A_CELL, MOST_SAMPLED = 64, 65_536
"""Vectors that centres are computed from."""

ROUNDS = 8

_ROWS = 16_384
"""Vectors whose cosines with all centres are in memory at once."""


def count_for(texts: int) -> int:
    """How many cells so many texts are divided into."""
    return -(-texts * CELLS_OF_A_TEXT // CELL_TEXTS)


def sample_size(texts: int) -> int:
    """How many vectors are looked at to find the centres."""
    return min(texts, count_for(texts) * SAMPLE_OF_A_CELL, MOST_SAMPLED)


def cosines_for(texts: float) -> float:
    """How many cosines are computed in the cells of so many texts."""
    return texts * CELLS_OF_A_TEXT * min(CELL_TEXTS, texts)


def centres_of(sample: FloatArray, count: int) -> FloatArray:
    """At most `count` centres of unit vectors, by the rounds of k-means; the same sample gives the same centres."""
    count = min(count, len(sample))
    centres: FloatArray = sample[np.linspace(0, len(sample) - 1, count).astype(np.int64)].copy()
    for _ in range(ROUNDS):
        nearest = nearest_centres(sample, centres, 1)[:, 0]
        order = np.argsort(nearest, kind="stable")
        found, starts = np.unique(nearest[order], return_index=True)
        sums = np.add.reduceat(sample[order], starts, axis=0)
        centres[found] = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
    return centres


def nearest_centres(vectors: FloatArray, centres: FloatArray, most: int) -> IntArray:
    """Numbers of the `most` nearest centres of each vector, in no order, `(n, most)` or as many as there are."""
    most = min(most, len(centres))
    parts: list[IntArray] = [np.zeros((0, most), dtype=np.int64)]
    for start in range(0, len(vectors), _ROWS):
        cosines = vectors[start : start + _ROWS] @ centres.T
        parts.append(np.argpartition(-cosines, most - 1, axis=1)[:, :most])
    return np.concatenate(parts)
