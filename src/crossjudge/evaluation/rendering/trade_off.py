"""Every threshold at once: how many pairs of each category go wrong at it, exactly, however many pairs there are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crossjudge.evaluation.gold import Flags, Gold
from crossjudge.evaluation.results import Rate
from crossjudge.evaluation.statistics import share

STEPS = 100
"""Thresholds are 0, 1/STEPS, ... 1."""
THRESHOLDS: NDArray[np.float64] = np.arange(STEPS + 1) / STEPS


@dataclass(frozen=True, slots=True)
class TradeOff:
    """One model. `kept`: duplicates at or above each of `THRESHOLDS`, of `n_duplicates`; `passed`: look-alikes, of
    `n_look_alikes`; `wrong`: category -> pairs decided wrongly, and `n`: category -> pairs with a gold flag.
    """

    kept: NDArray[np.int64]
    n_duplicates: int
    passed: NDArray[np.int64]
    n_look_alikes: int
    wrong: dict[str, NDArray[np.int64]]
    n: dict[str, int]

    def cost_of_keeping(self, aim: float) -> Rate | None:
        """The share of look-alikes passed at the highest threshold that keeps `aim` of the duplicates."""
        if not self.n_duplicates or not self.n_look_alikes:
            return None
        keeping = np.flatnonzero(self.kept >= aim * self.n_duplicates - 1e-9)
        return share(int(self.passed[keeping[-1]]), self.n_look_alikes) if len(keeping) else None


def trade_off(scores: NDArray[np.float64], gold: Gold) -> TradeOff:
    """Count at every threshold. `scores`: `(n_pairs,)`, from 0 to 1."""
    same, other = gold.duplicate == 1, gold.duplicate == 0
    wrong, n = {}, {}
    for name in gold.categories:
        inside = gold.is_in(name)
        lost = int((inside & same).sum()) - reaching(scores, inside & same)
        wrong[name] = lost + reaching(scores, inside & other)
        n[name] = int((inside & (same | other)).sum())
    return TradeOff(
        kept=reaching(scores, same),
        n_duplicates=int(same.sum()),
        passed=reaching(scores, gold.adversarial),
        n_look_alikes=int(gold.adversarial.sum()),
        wrong=wrong,
        n=n,
    )


def reaching(scores: NDArray[np.float64], rows: Flags) -> NDArray[np.int64]:
    """How many of the rows score at or above each threshold, `(STEPS + 1,)`."""
    ordered = np.sort(scores[rows])
    return len(ordered) - np.searchsorted(ordered, THRESHOLDS, side="left").astype(np.int64)
