"""Logits moved by as little as the labels ask for: penalised logistic regression from a starting point."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]

STEPS = 400


def log_probabilities(logits: Numbers) -> Numbers:
    """Log-softmax over the last axis."""
    top = logits.max(axis=-1, keepdims=True)
    shifted = logits - top
    result: Numbers = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return result


def gold_log_likelihood(logits: Numbers, allowed: Flags) -> Numbers:
    """Log-probability that one of the allowed labels is meant, `(n,)`; both `(n, n_columns)`."""
    gold: Numbers = np.logaddexp.reduce(np.where(allowed, log_probabilities(logits), -np.inf), axis=1)
    return gold


def fit_shift(inputs: Numbers, start: Numbers, allowed: Flags, *, penalty: float, moved: int) -> Numbers:
    """Weights `(n_inputs + 1, moved)`, the last row a bias: `start + [inputs, 1] @ weights` are the new logits.

    `inputs` `(n, n_inputs)`, `start` and `allowed` `(n, n_columns)`; the first `moved` columns move, others stay. What
    is minimised is the mean negative log-likelihood plus half `penalty` times the squared weights, the bias not
    counted: without evidence the weights stay 0, and the logits as they were. Accelerated gradient (Nesterov 1983).
    """
    n = len(inputs)
    design = np.concatenate([inputs, np.ones((n, 1))], axis=1)
    weight_of = np.append(np.full(inputs.shape[1], penalty), 0.0)[:, None]
    # The Hessian of log-softmax is at most 1/2.
    step = 1 / (0.5 * float(np.linalg.norm(design, 2)) ** 2 / n + penalty)
    weights = np.zeros((design.shape[1], moved))
    ahead, momentum = weights, 1.0
    for _ in range(STEPS):
        gradient = design.T @ _residuals(start, design @ ahead, allowed) / n + weight_of * ahead
        reached = ahead - step * gradient
        faster = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        if ((ahead - reached) * (reached - weights)).sum() > 0:
            faster = 1.0  # it overshot: start gathering speed anew (O'Donoghue and Candes 2015)
        ahead = reached + (momentum - 1) / faster * (reached - weights)
        weights, momentum = reached, faster
    return weights


def moved_by(start: Numbers, shift: Numbers) -> Numbers:
    """`start` `(n, n_columns)` with `shift` `(n, moved)` added to its first columns."""
    moved = start.copy()
    moved[:, : shift.shape[1]] += shift
    return moved


def _residuals(start: Numbers, shift: Numbers, allowed: Flags) -> Numbers:
    """Gradient of the negative log-likelihood by the logits that move, `(n, moved)`."""
    logits = log_probabilities(moved_by(start, shift))
    gold = np.where(allowed, logits, -np.inf)
    share = np.exp(gold - np.logaddexp.reduce(gold, axis=1, keepdims=True))
    residuals: Numbers = (np.exp(logits) - share)[:, : shift.shape[1]]
    return residuals
