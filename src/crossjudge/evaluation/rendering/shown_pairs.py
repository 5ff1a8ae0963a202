"""Which pairs a report shows one by one: all of them, or a seeded sample, and the worst of each model and category."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crossjudge.evaluation.gold import UNKNOWN, Gold
from crossjudge.evaluation.suite import SuitePair
from crossjudge.types import IntArray

MOST_SHOWN = 5_000
"""Pairs up to which all are drawn."""
FEWEST_OF_A_CATEGORY = 50
"""What a sample holds of each category at least, where the category has that many."""
WORST_SHOWN = 5
"""Pairs listed as the worst of a model and category."""


@dataclass(frozen=True, slots=True)
class ShownPairs:
    """`drawn`: rows of the suite drawn as points, int64 ascending. `worst`: model -> category -> rows, worst first.
    `pairs`: row -> the pair, for each row of both.
    """

    drawn: IntArray
    worst: Mapping[str, Mapping[str, tuple[int, ...]]]
    pairs: Mapping[int, SuitePair]


def choose_pairs(
    pairs: Iterable[SuitePair],
    gold: Gold,
    scores: Mapping[str, NDArray[np.float64]],
    cuts: Mapping[str, float | None],
    *,
    seed: int,
    most: int,
) -> ShownPairs:
    """Read the suite once and keep what is shown. `scores`: model -> `(n_pairs,)`; `cuts`: model -> where it decides;
    `most`: pairs drawn as points.
    """
    drawn = drawn_rows(gold, most=most, seed=seed)
    worst = {model: _worst_by_category(values, cuts[model], gold) for model, values in scores.items()}
    wanted = {*drawn.tolist(), *(row for found in worst.values() for rows in found.values() for row in rows)}
    kept = {row: pair for row, pair in enumerate(pairs) if row in wanted}
    return ShownPairs(drawn, worst, kept)


def drawn_rows(gold: Gold, *, most: int, seed: int) -> IntArray:
    """Every row, or about `most` of them: of each category its share, and never less than `FEWEST_OF_A_CATEGORY`."""
    if len(gold) <= most:
        return np.arange(len(gold), dtype=np.int64)
    rng = np.random.default_rng(seed)
    parts = []
    for name in gold.categories:
        rows = np.flatnonzero(gold.is_in(name))
        wanted = min(len(rows), max(FEWEST_OF_A_CATEGORY, round(most * len(rows) / len(gold))))
        parts.append(rng.choice(rows, wanted, replace=False))
    return np.sort(np.concatenate(parts)).astype(np.int64)


def _worst_by_category(values: NDArray[np.float64], cut: float | None, gold: Gold) -> dict[str, tuple[int, ...]]:
    """Rows on the wrong side of `cut` (all rows with gold, without one), the furthest first; equals in suite order."""
    middle = float(np.median(values)) if cut is None else cut
    wrongness = np.where(gold.duplicate == 1, middle - values, values - middle)
    wrong = (gold.duplicate != UNKNOWN) & ((wrongness > 0) | ((wrongness == 0) & (gold.duplicate == 0)))
    found = {}
    for name in gold.categories:
        rows = np.flatnonzero(gold.is_in(name) & wrong)
        order = rows[np.argsort(-wrongness[rows], kind="stable")]
        found[name] = tuple(int(row) for row in order[:WORST_SHOWN])
    return found
