"""Rows dealt into parts: rows that share a text stay together, and each part has its share of every class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from crossjudge.types import IntArray, Pair

LEAST_GROUPS = 30
"""Distinct first texts from which on pairs that share one are kept together."""


def groups_of(pairs: Sequence[Pair]) -> IntArray:
    """The group of each pair, int64 `(n_pairs,)`: its first text, or itself where there are few first texts."""
    numbers = {text: number for number, text in enumerate(dict.fromkeys(pair.text_a for pair in pairs))}
    if len(numbers) < LEAST_GROUPS:
        return np.arange(len(pairs), dtype=np.int64)
    return np.array([numbers[pair.text_a] for pair in pairs], dtype=np.int64)


def deal(groups: IntArray, classes: Sequence[str], parts: int, *, seed: int) -> IntArray:
    """The part of each row, int64 `(n_rows,)`, 0 to `parts - 1`, the same for the same rows and seed.

    Groups are dealt in random order, large ones first, each to the part that lacks most of its classes.
    """
    rows_of: dict[int, list[int]] = {}
    for row, group in enumerate(groups.tolist()):
        rows_of.setdefault(group, []).append(row)
    order = np.random.default_rng(seed).permutation(len(rows_of))
    shuffled = [list(rows_of.values())[place] for place in order]
    held = [Counter[str]() for _ in range(parts)]
    dealt = np.zeros(len(groups), dtype=np.int64)
    for rows in sorted(shuffled, key=len, reverse=True):
        names = Counter(classes[row] for row in rows)
        part = min(
            range(parts), key=lambda one: (sum(held[one][name] * n for name, n in names.items()), held[one].total())
        )
        held[part] += names
        dealt[rows] = part
    return dealt
