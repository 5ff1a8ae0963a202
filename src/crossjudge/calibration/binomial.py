"""Exact chances of a count: what `wrong` of `answered` pairs shows, and how many pairs would show more."""

from __future__ import annotations

import math

import numpy as np

MOST_PAIRS = 1_000_000
"""Where `answers_needed` gives up."""
_HALVINGS = 60


def chance_of_at_most(count: int, n: int, rate: float) -> float:
    """The chance that at most `count` of `n` happen where each happens with `rate`, above 0 and below 1."""
    if count >= n:
        return 1.0
    ranks = np.arange(1, count + 1)
    # By logarithms: a share to the power of many pairs is nothing.
    steps = np.log(n - ranks + 1) - np.log(ranks) + math.log(rate) - math.log1p(-rate)
    terms = n * math.log1p(-rate) + np.concatenate([[0.0], np.cumsum(steps)])
    return float(np.exp(np.logaddexp.reduce(terms)))


def clopper_pearson(count: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """The exact interval of a rate of which `count` in `n` were seen (Clopper and Pearson 1934)."""
    tail = (1 - confidence) / 2
    return 1 - _upper(n - count, n, tail), _upper(count, n, tail)


def answers_needed(error: float, *, target_error: float, confidence: float) -> int | None:
    """How many answers with a share `error` of wrong ones would show at most `target_error`; None for beyond reach."""
    if error >= target_error:
        return None

    def shown(n: int) -> bool:
        return chance_of_at_most(math.ceil(error * n), n, target_error) <= 1 - confidence

    high = fewest_answers(target_error=target_error, confidence=confidence)
    low = high - 1
    while not shown(high):
        low, high = high, 2 * high
        if high > MOST_PAIRS:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if shown(middle) else (middle, high)
    return high


def fewest_answers(*, target_error: float, confidence: float) -> int:
    """How many answers without a single wrong one show at most `target_error`."""
    return math.ceil(math.log(1 - confidence) / math.log1p(-target_error))


def _upper(count: int, n: int, tail: float) -> float:
    """The rate at which so few as `count` of `n` have the chance `tail`."""
    if count >= n:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if chance_of_at_most(count, n, middle) > tail else (low, middle)
    return high
