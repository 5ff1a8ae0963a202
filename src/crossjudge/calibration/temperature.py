"""One number that logits are divided by."""

from __future__ import annotations

import numpy as np

from crossjudge.errors import InputError
from crossjudge.types import FloatArray, IntArray


def fit_temperature(logits: FloatArray, gold: IntArray) -> float:
    """The temperature that minimises negative log-likelihood (Guo et al. 2017, arXiv 1706.04599).

    `logits` `(n_pairs, num_labels)`, `gold` int64 `(n_pairs,)`. Golden-section search on its logarithm: the loss has
    one minimum there.
    """
    if len(logits) == 0 or len(logits) != len(gold):
        raise InputError(
            f"Fitting a temperature: {len(logits)} rows of logits and {len(gold)} gold labels; expected as many of one "
            "as of the other, and some."
        )
    if gold.min() < 0 or gold.max() >= logits.shape[1]:
        raise InputError(
            f"Fitting a temperature: gold label ids from {gold.min()} to {gold.max()} for {logits.shape[1]} labels; "
            f"expected 0 to {logits.shape[1] - 1}. Leave out rows without a gold label."
        )
    low, high, ratio = np.log(0.05), np.log(20.0), (np.sqrt(5) - 1) / 2
    for _ in range(60):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        if negative_log_likelihood(logits / np.exp(left), gold) < negative_log_likelihood(logits / np.exp(right), gold):
            high = right
        else:
            low = left
    return float(np.exp((low + high) / 2))


def negative_log_likelihood(logits: FloatArray, gold: IntArray) -> float:
    """Mean of -log softmax at the gold label."""
    wide = logits.astype(np.float64)
    top = wide.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(wide - top).sum(axis=1)) + top[:, 0]
    return float((log_sum - wide[np.arange(len(gold)), gold]).mean())
