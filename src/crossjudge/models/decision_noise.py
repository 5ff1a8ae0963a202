"""Noise on logits: its size where decisions are made, and how many decisions noise of a size flips."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from crossjudge.types import FloatArray

FLIPS = 0.003
"""The share of flipped decisions that is aimed at; on other texts it is more (1.4 times the noise was seen)."""

RANKING = 0.05
"""For models of one label, noise up to this share of the scores' spread, since they are there for ranking."""

_HALVINGS = 60


def decision_noise(reference: FloatArray, other: FloatArray) -> float:
    """The mean square of what `other` changes in the number that decides; both float32 `(n_pairs, num_labels)`.

    That number is how far `reference`'s first label is above its second, or the only logit.
    """
    return float(np.square(_deciding(other, reference) - _deciding(reference, reference)).mean())


def noise_limit(reference: FloatArray, *, flips: float = FLIPS) -> float:
    """The decision noise that would flip the share `flips` of `reference`'s decisions, were it normal."""
    margins = np.abs(_deciding(reference, reference))
    low, high = 0.0, float(np.square(margins).max()) * 100 + 1e-12
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if _flipped(margins, middle) > flips else (middle, high)
    if reference.shape[1] == 1:
        return min(low, float(reference.var()) * RANKING**2)
    return low


def _deciding(logits: FloatArray, reference: FloatArray) -> NDArray[np.float64]:
    """How far the label that is first in `reference` is above the one that is second there, `(n_pairs,)`."""
    if reference.shape[1] == 1:
        return logits[:, 0].astype(np.float64)
    order = np.argsort(reference, axis=1)[:, -2:]
    top: NDArray[np.float64] = np.take_along_axis(logits.astype(np.float64), order, axis=1)
    return top[:, 1] - top[:, 0]


def _flipped(margins: NDArray[np.float64], noise: float) -> float:
    """The expected share of `margins` that normal noise of mean square `noise` carries over zero."""
    sizes = margins / math.sqrt(2 * noise) if noise else np.full_like(margins, np.inf)
    return float(np.mean([math.erfc(size) / 2 for size in sizes]))
