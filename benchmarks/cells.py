"""What searching in cells finds: `python benchmarks/cells.py --data FOLDER qqp_pieces.train --texts 50000`.

A deduplication of very many texts looks for near ones within cells of vectors (`jobs.deduping.cells`). Here the texts
of a set are searched in both ways, each with each and in cells; printed is the share of pairs with a cosine from 0.6,
0.8 and 0.9 on that some cell holds, and of the cosines that are computed. `--cell-texts`: the smaller, the harder.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from crossjudge import BiEncoder
from crossjudge.apps.deduplication.candidates import near_others
from crossjudge.datasets import read_examples
from crossjudge.jobs.deduping import cells
from crossjudge.types import FloatArray, IntArray

LEAST = (0.6, 0.8, 0.9)
NEIGHBOURS = 20


def main() -> None:
    """Search both ways and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", help="NAME.SPLIT, for example qqp_pieces.train")
    parser.add_argument("--data", type=Path, required=True, help="folder of local sets")
    parser.add_argument("--texts", type=int, default=50_000, help="at most so many different texts")
    parser.add_argument("--cell-texts", type=int, default=cells.CELL_TEXTS, help="texts of a cell, on average")
    options = parser.parse_args()
    cells.CELL_TEXTS = options.cell_texts
    examples = read_examples(*options.set.rsplit(".", 1), folder=options.data)
    texts = sorted({text for one in examples for text in (one.text_a, one.text_b)})[: options.texts]
    vectors = BiEncoder().encode(texts)
    exact, cosines = near_pairs(vectors)
    found, sizes = pairs_in_cells(vectors)
    held = np.isin(exact[:, 0] * len(texts) + exact[:, 1], found[:, 0] * len(texts) + found[:, 1])
    print(
        json.dumps(
            {
                "texts": len(texts),
                "cells": len(sizes),
                "largest_cell": int(sizes.max()),
                "share_of_cosines": float((sizes.astype(float) ** 2).sum() / len(texts) ** 2),
                "recall": {
                    str(least): {"pairs": int((cosines >= least).sum()), "found": float(held[cosines >= least].mean())}
                    for least in LEAST
                },
            }
        )
    )


def near_pairs(vectors: FloatArray) -> tuple[IntArray, FloatArray]:
    """Pairs of which one is among the nearest of the other, the smaller place first; and their cosines."""
    rows, columns, values = near_others(vectors, vectors, least_cosine=LEAST[0], most=NEIGHBOURS + 1)
    other = rows != columns
    pairs = np.sort(np.stack([rows[other], columns[other]], axis=1), axis=1)
    once, first = np.unique(pairs, axis=0, return_index=True)
    return once, values[other][first]


def pairs_in_cells(vectors: FloatArray) -> tuple[IntArray, IntArray]:
    """The same pairs as cells find them, and the size of each cell."""
    step = len(vectors) / cells.sample_size(len(vectors))
    sample = vectors[np.arange(0, len(vectors), step).astype(np.int64)]
    centres = cells.centres_of(sample, cells.count_for(len(vectors)))
    nearest = cells.nearest_centres(vectors, centres, cells.CELLS_OF_A_TEXT)
    found = [np.zeros((0, 2), dtype=np.int64)]
    sizes = []
    for cell in range(len(centres)):
        inside = np.flatnonzero((nearest == cell).any(axis=1))
        sizes.append(len(inside))
        found.append(inside[near_pairs(vectors[inside])[0]])
    return np.unique(np.concatenate(found), axis=0), np.array(sizes)


if __name__ == "__main__":
    main()
