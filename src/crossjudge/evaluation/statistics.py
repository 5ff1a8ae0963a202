"""Intervals, effect sizes and tests on scores: pure functions of numbers, seeded, that open no file and read no clock.

The bootstrap resamples pairs. What it draws is kept as a histogram of score levels per resample, `(n_resamples,
n_levels)`, of which every statistic here is a function; so a statistic is written once, for one sample or a thousand.
Up to `LEVELS` distinct scores and `GROUPS` pairs this is the ordinary bootstrap. Above, scores are binned into levels
of equal count, and random groups of pairs are drawn instead of single ones, so that a million pairs cost what 2,000 do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from crossjudge.evaluation.results import Estimate, Rate
from crossjudge.extras import require
from crossjudge.models.parity import wilson
from crossjudge.types import IntArray

Numbers: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]

LEVELS = 1_024
"""Distinct scores up to which a histogram is exact."""
GROUPS = 2_000
"""Pairs up to which single pairs are drawn."""
_SIGNS_AT_ONCE = 4_000_000


def rate(wrong: Flags) -> Rate:
    """The share of true values, with its Wilson interval; needs at least one value."""
    return share(int(wrong.sum()), len(wrong))


def share(count: int, n: int) -> Rate:
    """`count` of `n`, with its Wilson interval; `n` is at least 1."""
    low, high = wilson(count, n)
    return Rate(value=count / n, low=low, high=high, count=count, n=n)


# ---------------------------------------------------------------------------------------------------------- bootstrap


@dataclass(frozen=True, kw_only=True, slots=True)
class Bootstrap:
    """How to resample: `resamples` times, the same draws for the same number of pairs, `confidence` of an interval."""

    resamples: int = 1_000
    seed: int = 0
    confidence: float = 0.95

    def mean(self, values: Numbers) -> Estimate:
        """The mean of `values` `(n,)`."""
        return self._one(values, float(values.mean()), histogram_mean)

    def sd(self, values: Numbers) -> Estimate:
        """The standard deviation (n - 1) of `values` `(n,)`; 0 for a single one."""
        value = float(values.std(ddof=1)) if len(values) > 1 else 0.0
        return self._one(values, value, histogram_sd)

    def median(self, values: Numbers) -> Estimate:
        """The median of `values` `(n,)`."""
        return self._one(values, float(np.median(values)), histogram_median)

    def auc(self, above: Numbers, below: Numbers) -> Estimate:
        """How often a value of `above` `(n,)` exceeds one of `below` `(m,)`, ties half; both are resampled."""
        levels, places = to_levels([above, below])
        drawn = [self._histograms(place, len(levels), salt) for salt, place in zip((1, 2), places, strict=True)]
        least = min(len(above), len(below))
        found = self._estimate(auc(above, below), histogram_auc(drawn[0], drawn[1]) if least > 1 else None)
        return _with_doubt(found, least)

    def mean_difference(self, first: Numbers, second: Numbers) -> Estimate:
        """Mean of `first` minus mean of `second`, of the same pairs `(n,)`."""
        return self._paired(first, second, float((first - second).mean()), _mean_difference)

    def cohens_d(self, first: Numbers, second: Numbers) -> Estimate | None:
        """Difference of means over the pooled standard deviation, of the same pairs `(n,)`; None where that is 0."""
        if len(first) < 2 or not (np.ptp(first) or np.ptp(second)):
            return None
        pooled = np.sqrt((first.var(ddof=1) + second.var(ddof=1)) / 2)
        return self._paired(first, second, float((first.mean() - second.mean()) / pooled), _cohens_d)

    def cliffs_delta(self, first: Numbers, second: Numbers) -> Estimate:
        """How much oftener a score of `first` is above one of `second` than below it, -1 to 1; same pairs `(n,)`."""
        found = self._paired(first, second, auc(first, second), lambda one, other, _: histogram_auc(one, other))
        return _doubled(_with_doubt(found, len(first)))

    def _one(self, values: Numbers, value: float, statistic: Callable[[Numbers, Numbers], Numbers]) -> Estimate:
        if len(values) < 2:
            return Estimate(value=value)
        levels, (place,) = to_levels([values])
        return self._estimate(value, statistic(self._histograms(place, len(levels)), levels))

    def _paired(
        self, first: Numbers, second: Numbers, value: float, statistic: Callable[[Numbers, Numbers, Numbers], Numbers]
    ) -> Estimate:
        if len(first) < 2:
            return Estimate(value=value)
        levels, places = to_levels([first, second])
        # The same draws for both: a pair is drawn with both its scores.
        drawn = [self._histograms(place, len(levels)) for place in places]
        return self._estimate(value, statistic(drawn[0], drawn[1], levels))

    def _histograms(self, place: IntArray, n_levels: int, salt: int = 0) -> Numbers:
        """`(n_resamples, n_levels)`: how many pairs of each resample are at each level."""
        groups = _groups(len(place), self.seed)
        n_groups = min(len(place), GROUPS)
        cells = np.bincount(groups * n_levels + place, minlength=n_groups * n_levels)
        # Whole numbers below 2^24 are exact in float32, whatever order they are added in.
        counts = cells.reshape(n_groups, n_levels).astype(np.float32)
        weights = _weights(n_groups, self.resamples, self.seed, salt)
        return (weights @ counts).astype(np.float64)

    def _estimate(self, value: float, drawn: Numbers | None) -> Estimate:
        finite = drawn[np.isfinite(drawn)] if drawn is not None else np.zeros(0)
        if not len(finite):
            return Estimate(value=value)
        tail = (1 - self.confidence) / 2
        low, high = np.quantile(finite, [tail, 1 - tail])
        return Estimate(value=value, low=float(low), high=float(high))


def _with_doubt(area: Estimate, n: int) -> Estimate:
    """An AUC of `n` pairs at least; where each resample separates perfectly too, with Wilson's interval of `n` of `n`.

    No resample of perfectly separated scores ever overlaps, which proves nothing about the scores of further pairs.
    """
    if area.low is None or area.high is None or area.value not in (0.0, 1.0) or area.high - area.low > 1e-9:
        return area
    low, high = wilson(round(area.value * n), n)
    return Estimate(value=area.value, low=low, high=high)


def _doubled(area: Estimate) -> Estimate:
    """AUC -> Cliff's delta, which is the same on a scale from -1 to 1."""
    ends = [None if end is None else 2 * end - 1 for end in (area.low, area.high)]
    return Estimate(value=2 * area.value - 1, low=ends[0], high=ends[1])


@lru_cache(maxsize=16)
def _weights(n: int, resamples: int, seed: int, salt: int) -> NDArray[np.float32]:
    """How often each of `n` groups is drawn, `(resamples, n)`."""
    rng = np.random.default_rng([seed, n, salt])
    return rng.multinomial(n, np.full(n, 1 / n), size=resamples).astype(np.float32)


def _groups(n: int, seed: int) -> IntArray:
    """The group of each of `n` pairs: its own, or one of `GROUPS` of about equal size."""
    groups: IntArray = np.arange(n, dtype=np.int64)
    return groups if n <= GROUPS else np.random.default_rng([seed, n, 3]).permutation(groups % GROUPS)


def to_levels(samples: Sequence[Numbers]) -> tuple[Numbers, list[IntArray]]:
    """Ascending levels `(n_levels,)` that the samples share, and for each sample the level of each value `(n,)`.

    A level's value is the mean of the values in it; equal values are in one level.
    """
    pooled = np.concatenate(samples)
    levels, place = np.unique(pooled, return_inverse=True)
    if len(levels) > LEVELS:
        # The edges of equal counts; values that equal an edge all fall on the same side of it.
        edges = np.unique(np.quantile(pooled, np.linspace(0, 1, LEVELS + 1)[1:-1]))
        place = np.searchsorted(edges, pooled, side="right")
        _, place = np.unique(place, return_inverse=True)
        levels = np.bincount(place, weights=pooled) / np.bincount(place)
    ends = np.cumsum([len(sample) for sample in samples])[:-1]
    return levels, [part.astype(np.int64) for part in np.split(place, ends)]


# ------------------------------------------------------------ statistics of histograms, `(n_resamples, n_levels)` each


def histogram_mean(counts: Numbers, levels: Numbers) -> Numbers:
    """Mean of each resample, `(n_resamples,)`."""
    means: Numbers = counts @ levels / counts.sum(axis=1)
    return means


def histogram_sd(counts: Numbers, levels: Numbers) -> Numbers:
    """Standard deviation (n - 1) of each resample, `(n_resamples,)`."""
    n = counts.sum(axis=1)
    # Centred first, so that the difference of squares loses nothing.
    centred = levels - levels.mean()
    variance = (counts @ centred**2 - (counts @ centred) ** 2 / n) / np.maximum(n - 1, 1)
    sd: Numbers = np.sqrt(np.maximum(variance, 0))
    return sd


def histogram_median(counts: Numbers, levels: Numbers) -> Numbers:
    """Median of each resample, `(n_resamples,)`."""
    filled = counts.cumsum(axis=1)
    n = filled[:, -1]
    middle = [(filled > half[:, None]).argmax(axis=1) for half in ((n - 1) // 2, n // 2)]
    medians: Numbers = (levels[middle[0]] + levels[middle[1]]) / 2
    return medians


def histogram_auc(above: Numbers, below: Numbers) -> Numbers:
    """AUC of each resample, `(n_resamples,)`, from two histograms over the same levels."""
    beaten = below.cumsum(axis=1) - below / 2
    areas: Numbers = (above * beaten).sum(axis=1) / (above.sum(axis=1) * below.sum(axis=1))
    return areas


def _mean_difference(first: Numbers, second: Numbers, levels: Numbers) -> Numbers:
    return histogram_mean(first, levels) - histogram_mean(second, levels)


def _cohens_d(first: Numbers, second: Numbers, levels: Numbers) -> Numbers:
    pooled = np.sqrt((histogram_sd(first, levels) ** 2 + histogram_sd(second, levels) ** 2) / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        effect: Numbers = _mean_difference(first, second, levels) / pooled
    return effect


# ------------------------------------------------------------------------------------------------------ exact figures


def auc(above: Numbers, below: Numbers) -> float:
    """How often a value of `above` `(n,)` exceeds one of `below` `(m,)`, ties counting half; needs a value of each."""
    ordered = np.sort(below)
    beaten = np.searchsorted(ordered, above, side="left").sum() + np.searchsorted(ordered, above, side="right").sum()
    return float(beaten / (2 * len(above) * len(below)))


def mann_whitney(first: Numbers, second: Numbers) -> tuple[float, float]:
    """U of `first` and the two-sided p of the Mann-Whitney test (normal approximation, corrected for ties)."""
    stats: Any = require("scipy.stats", to="run the Mann-Whitney test")
    if np.ptp(np.concatenate([first, second])) == 0:
        return len(first) * len(second) / 2, 1.0
    found = stats.mannwhitneyu(first, second, alternative="two-sided", method="asymptotic")
    return float(found.statistic), float(found.pvalue)


def permutation_test(first: Numbers, second: Numbers, *, permutations: int, seed: int) -> float:
    """Two-sided p of the mean difference when the two scores of each pair `(n,)` may be exchanged.

    Above `GROUPS` pairs, random groups of pairs are exchanged together. The observed order counts as one permutation,
    so that the smallest p is 1 / (permutations + 1).
    """
    n_groups = min(len(first), GROUPS)
    sums = np.bincount(_groups(len(first), seed), weights=first - second, minlength=n_groups)
    observed = abs(float(sums.sum()))
    rng = np.random.default_rng([seed, n_groups, 4])
    at_once = max(1, _SIGNS_AT_ONCE // n_groups)
    as_far = 0
    for start in range(0, permutations, at_once):
        rows = min(at_once, permutations - start)
        signs = rng.integers(0, 2, size=(rows, n_groups), dtype=np.int8).astype(np.float64) * 2 - 1
        # What differs in the last bits only is as far from zero.
        as_far += int((np.abs(signs @ sums) >= observed * (1 - 1e-9) - 1e-12).sum())
    return (as_far + 1) / (permutations + 1)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's correction (1979) of p-values for being tested together, in their order."""
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    corrected = [0.0] * len(p_values)
    largest = 0.0
    for rank, place in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[place]))
        corrected[place] = largest
    return corrected
