"""How right a model is by how sure it is: risk by coverage, accuracy by confidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crossjudge.errors import InputError
from crossjudge.types import FloatArray, IntArray

Gold = Sequence[int] | IntArray


@dataclass(frozen=True, slots=True)
class RiskCoverage:
    """Answering from each of `thresholds` (falling) on: the share of pairs answered, and of wrong answers in them.

    `area`: the mean risk over all coverages (AURC, Geifman et al. 2019), equally probable pairs in random order.
    """

    thresholds: tuple[float, ...]
    coverage: tuple[float, ...]
    risk: tuple[float, ...]
    area: float

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Reliability:
    """By bins of confidence that hold pairs: mean confidence, share of right answers, and pairs."""

    confidence: tuple[float, ...]
    accuracy: tuple[float, ...]
    pairs: tuple[int, ...]

    @property
    def error(self) -> float:
        """Mean gap between confidence and accuracy, weighted by pairs; 0 without any."""
        gaps = np.abs(np.subtract(self.accuracy, self.confidence)) * self.pairs
        return float(gaps.sum() / max(1, sum(self.pairs)))


def risk_coverage(probabilities: FloatArray, gold: Gold) -> RiskCoverage:
    """The curve of `probabilities` `(n_pairs, num_labels)` beside `gold` label ids `(n_pairs,)`."""
    sure, right = _sure_and_right(probabilities, gold)
    if len(sure) == 0:
        raise InputError("Drawing risk by coverage: there are no pairs; expected some. Give labelled pairs.")
    levels, counts = np.unique(-sure, return_counts=True)
    answered = np.cumsum(counts)
    wrong = np.cumsum(np.bincount(np.searchsorted(levels, -sure), ~right))
    ranks = np.arange(1, len(sure) + 1)
    expected_wrong = np.interp(ranks, np.concatenate([[0], answered]), np.concatenate([[0.0], wrong]))
    return RiskCoverage(
        thresholds=tuple((-levels).tolist()),
        coverage=tuple((answered / len(sure)).tolist()),
        risk=tuple((wrong / answered).tolist()),
        area=float((expected_wrong / ranks).mean()),
    )


def reliability(probabilities: FloatArray, gold: Gold, *, bins: int = 15) -> Reliability:
    """Over bins of equal width. `probabilities` `(n_pairs, num_labels)`, `gold` label ids `(n_pairs,)`."""
    sure, right = _sure_and_right(probabilities, gold)
    place = confidence_bins(sure, bins)
    pairs = np.bincount(place, minlength=bins)
    held = pairs > 0
    confidence = np.bincount(place, sure, bins)[held] / pairs[held]
    accuracy = np.bincount(place, right, bins)[held] / pairs[held]
    return Reliability(tuple(confidence.tolist()), tuple(accuracy.tolist()), tuple(pairs[held].tolist()))


def confidence_bins(sure: NDArray[np.float64], bins: int) -> IntArray:
    """The bin of equal width from 0 to 1 that each confidence is in, `(n_pairs,)`."""
    place: IntArray = np.minimum((sure * bins).astype(np.int64), bins - 1)
    return place


def expected_calibration_error(probabilities: FloatArray, gold: Gold, *, bins: int = 15) -> float:
    """Mean gap between confidence and accuracy over equal-width bins, weighted by size (Naeini et al. 2015).

    `probabilities` `(n_pairs, num_labels)`, `gold` `(n_pairs,)`.
    """
    return reliability(probabilities, gold, bins=bins).error


def _sure_and_right(probabilities: FloatArray, gold: Gold) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """How probable each winning label is, and whether it is the gold one, `(n_pairs,)`."""
    ids = np.asarray(gold, dtype=np.int64)
    if probabilities.ndim != 2 or len(probabilities) != len(ids) or not np.isfinite(probabilities).all():
        raise InputError(
            f"Reading probabilities: shape {probabilities.shape} for {len(ids)} gold labels; expected finite numbers "
            "(n_pairs, num_labels) and a gold label id for each pair."
        )
    if len(ids) and not 0 <= ids.min() <= ids.max() < probabilities.shape[1]:
        raise InputError(
            f"Reading gold labels: ids from {ids.min()} to {ids.max()} for {probabilities.shape[1]} labels; expected "
            f"0 to {probabilities.shape[1] - 1}. Leave out pairs without a gold label."
        )
    return probabilities.max(axis=1).astype(np.float64), probabilities.argmax(axis=1) == ids
