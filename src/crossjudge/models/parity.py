"""How near two engines' numbers are on the same pairs: drift, rank correlation, decisions that flip."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from crossjudge.errors import InputError
from crossjudge.types import FloatArray, IntArray

EXACT_ENOUGH = 0.995
"""Share of decisions that must agree with fp32 before a faster precision is chosen unasked."""

Z_95 = 1.959964


@dataclass(frozen=True, kw_only=True, slots=True)
class Parity:
    """Two engines on the same pairs.

    `max_drift`, `mean_drift`: absolute differences of logits. `rank_correlation`: Spearman's, the lowest of all labels.
    `flips`: pairs whose decision differs; `agreement`: share of pairs whose decision does not, with the Wilson 95%
    interval `agreement_low` to `agreement_high`.
    """

    n_pairs: int
    max_drift: float
    mean_drift: float
    rank_correlation: float
    flips: int
    agreement: float
    agreement_low: float
    agreement_high: float

    @property
    def exact_enough(self) -> bool:
        """Whether the two decide alike in `EXACT_ENOUGH` of the pairs."""
        return self.agreement >= EXACT_ENOUGH

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


def compare_logits(reference: FloatArray, other: FloatArray, *, threshold: float = 0.0) -> Parity:
    """`reference` and `other`: float32 `(n_pairs, num_labels)` of the same pairs and labels.

    A decision is the label of the highest logit, or, for models of one label, whether the logit is above `threshold`.
    """
    if reference.shape != other.shape or reference.ndim != 2 or not len(reference):
        raise InputError(
            f"Comparing logits: shapes {reference.shape} and {other.shape}; expected two arrays (n_pairs, num_labels) "
            "of the same pairs and labels, with at least one pair."
        )
    drift = np.abs(reference.astype(np.float64) - other)
    same = int((decisions(reference, threshold) == decisions(other, threshold)).sum())
    low, high = wilson(same, len(reference))
    return Parity(
        n_pairs=len(reference),
        max_drift=float(drift.max()),
        mean_drift=float(drift.mean()),
        rank_correlation=min(spearman(reference[:, label], other[:, label]) for label in range(reference.shape[1])),
        flips=len(reference) - same,
        agreement=same / len(reference),
        agreement_low=low,
        agreement_high=high,
    )


def decisions(logits: FloatArray, threshold: float = 0.0) -> IntArray:
    """Label ids, int64 `(n_pairs,)`; for one label, 1 where the logit is above `threshold`."""
    if logits.shape[1] == 1:
        return (logits[:, 0] > threshold).astype(np.int64)
    chosen: IntArray = logits.argmax(axis=1)
    return chosen


def spearman(first: FloatArray, second: FloatArray) -> float:
    """Spearman's rank correlation, ties sharing their mean rank; 1.0 where both are constant, 0.0 where one is."""
    a, b = _ranks(first), _ranks(second)
    spread = float(a.std() * b.std())
    if spread == 0.0:
        return float(a.std() == b.std())
    return float(((a - a.mean()) * (b - b.mean())).mean() / spread)


def wilson(successes: int, trials: int, z: float = Z_95) -> tuple[float, float]:
    """Wilson's interval of a proportion (1927)."""
    share = successes / trials
    centre = share + z * z / (2 * trials)
    half = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)


def _ranks(values: FloatArray) -> np.ndarray[Any, np.dtype[np.float64]]:
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks: np.ndarray[Any, np.dtype[np.float64]] = (ends - (counts - 1) / 2)[place]
    return ranks
