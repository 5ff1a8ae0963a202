"""What a calibration changes, on pairs that it was not fitted on: figures before and after, each with its interval."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crossjudge.calibration.binomial import clopper_pearson
from crossjudge.calibration.deciding import winning_labels
from crossjudge.calibration.risk import confidence_bins, expected_calibration_error, risk_coverage
from crossjudge.errors import InputError
from crossjudge.types import FloatArray, IntArray

BINS = 15
RESAMPLES = 1_000

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Figure:
    """A number and its 95% interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """How good probabilities are on `pairs` labelled pairs.

    `calibration_error`: expected calibration error in 15 bins; `negative_log_likelihood`: mean over pairs. Both with
    intervals from 1,000 bootstrap resamples of pairs. `accuracy`, `coverage` and `error` with exact binomial intervals:
    `coverage` is the share of pairs answered at `abstain_below`, `error` the share of wrong answers in them, None where
    nothing was answered. `area`: the mean risk over all coverages.
    """

    pairs: int
    calibration_error: Figure
    negative_log_likelihood: Figure
    accuracy: Figure
    area: float
    abstain_below: float
    coverage: Figure
    error: Figure | None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


def measure(
    logits: FloatArray, probabilities: FloatArray, gold: IntArray, *, abstain_below: float | None = None
) -> Measured:
    """Figures of `probabilities` made of `logits`, both `(n_pairs, num_labels)`, beside gold label ids `(n_pairs,)`."""
    if len(gold) == 0:
        raise InputError("Measuring probabilities: there are no pairs; expected some. Give labelled pairs.")
    threshold = abstain_below or 0.0
    sure, right = probabilities.max(axis=1).astype(np.float64), winning_labels(logits, probabilities) == gold
    answered = sure >= threshold
    return Measured(
        pairs=len(gold),
        calibration_error=_calibration_error(sure, right, expected_calibration_error(probabilities, gold, bins=BINS)),
        negative_log_likelihood=_mean(-log_likelihoods(probabilities, gold)),
        accuracy=_share(int(right.sum()), len(gold)),
        area=risk_coverage(probabilities, gold).area,
        abstain_below=threshold,
        coverage=_share(int(answered.sum()), len(gold)),
        error=_share(int((answered & ~right).sum()), int(answered.sum())) if answered.any() else None,
    )


def log_likelihoods(probabilities: FloatArray, gold: IntArray) -> Numbers:
    """The logarithm of each gold label's probability, `(n_pairs,)`; of the least float32 where that is 0."""
    least = np.finfo(np.float32).tiny
    chosen = probabilities[np.arange(len(gold)), gold].astype(np.float64)
    found: Numbers = np.log(np.maximum(chosen, least))
    return found


def _share(count: int, n: int) -> Figure:
    return Figure(count / n, *clopper_pearson(count, n))


def _mean(values: Numbers) -> Figure:
    return Figure(float(values.mean()), *_interval(len(values), lambda rows: float(values[rows].mean())))


def _calibration_error(sure: Numbers, right: NDArray[np.bool_], value: float) -> Figure:
    place, gap = confidence_bins(sure, BINS), right - sure

    def error(rows: IntArray) -> float:
        return float(np.abs(np.bincount(place[rows], gap[rows], BINS)).sum() / len(rows))

    return Figure(value, *_interval(len(sure), error))


def _interval(n: int, statistic: Callable[[IntArray], float]) -> tuple[float, float]:
    """The middle 95% of a statistic of resampled rows; the same draws for the same n."""
    rng = np.random.default_rng(0)
    drawn = [statistic(rng.integers(0, n, n)) for _ in range(RESAMPLES)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)
