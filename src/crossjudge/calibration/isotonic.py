"""Isotonic regression: a label's probability as a rising curve of its log-odds, with no shape assumed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crossjudge.errors import InputError
from crossjudge.types import FloatArray, IntArray

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class IsotonicCurve:
    """Log-odds, rising, and the probability at each, rising too; a straight line between two, level beyond the ends."""

    log_odds: tuple[float, ...]
    probabilities: tuple[float, ...]

    def __post_init__(self) -> None:
        odds, values = np.array(self.log_odds, dtype=np.float64), np.array(self.probabilities, dtype=np.float64)
        rising = len(odds) == len(values) > 0 and (np.diff(odds) > 0).all() and (np.diff(values) >= 0).all()
        if not (rising and np.isfinite(odds).all() and values[0] > 0 and values[-1] < 1):
            raise InputError(
                f"Making an isotonic curve: {len(odds)} log-odds and {len(values)} probabilities; expected as many of "
                "one as of the other, both rising, and probabilities above 0 and below 1. Fit it again."
            )

    def __call__(self, log_odds: Numbers) -> Numbers:
        """Probabilities of the same shape."""
        found: Numbers = np.interp(log_odds, self.log_odds, self.probabilities)
        return found


def label_log_odds(logits: FloatArray) -> Numbers:
    """For each label, the log-odds that it holds rather than any other; `(n_pairs, num_labels)` like the logits."""
    wide = logits.astype(np.float64)
    others = [np.logaddexp.reduce(np.delete(wide, label, axis=1), axis=1) for label in range(wide.shape[1])]
    odds: Numbers = wide - np.stack(others, axis=1)
    return odds


def fit_curves(logits: FloatArray, gold: IntArray) -> tuple[IsotonicCurve, ...]:
    """A curve for each label against the others. `logits` `(n_pairs, num_labels)`, `gold` `(n_pairs,)`."""
    odds = label_log_odds(logits)
    return tuple(fit_curve(odds[:, label], gold == label) for label in range(odds.shape[1]))


def fit_curve(log_odds: Numbers, holds: NDArray[np.bool_]) -> IsotonicCurve:
    """The curve of one label. Both `(n_pairs,)`.

    Each block of pairs that `pool_adjacent_violators` makes equal is one point, in its middle (centred isotonic
    regression, Oron and Flournoy 2017), so that scores keep their order inside a block. One imagined pair at either end
    speaks against it: no finite sample makes a probability of 0 or 1.
    """
    ends = [log_odds.min(), log_odds.max()]
    odds, values = np.append(log_odds, ends), np.append(holds.astype(np.float64), [1.0, 0.0])
    order = np.argsort(odds, kind="stable")
    pooled = pool_adjacent_violators(odds[order], values[order])
    levels, block = np.unique(pooled, return_inverse=True)
    middles = np.bincount(block, odds[order]) / np.bincount(block)
    return IsotonicCurve(tuple(middles.tolist()), tuple(levels.tolist()))


def pool_adjacent_violators(scores: Numbers, values: Numbers) -> Numbers:
    """The rising function of `scores`, which must be sorted, that is nearest to `values` in squares; all `(n,)`.

    Equal scores get equal values (Ayer et al. 1955; Zadrozny and Elkan 2002).
    """
    _, group = np.unique(scores, return_inverse=True)
    totals, sizes = np.bincount(group, values), np.bincount(group).astype(np.float64)
    blocks: list[tuple[float, float, int]] = []  # sum of values, pairs, groups
    for total, size in zip(totals.tolist(), sizes.tolist(), strict=True):
        groups = 1
        while blocks and blocks[-1][0] * size >= total * blocks[-1][1]:
            before = blocks.pop()
            total, size, groups = total + before[0], size + before[1], groups + before[2]
        blocks.append((total, size, groups))
    by_group = np.repeat([total / size for total, size, _ in blocks], [groups for *_, groups in blocks])
    found: Numbers = by_group[group]
    return found


def probabilities_of(logits: FloatArray, curves: Sequence[IsotonicCurve]) -> FloatArray:
    """`(n_pairs, num_labels)`, rows that sum to 1.

    The first label, which objectives rank by, has its curve's value, so that its order stays that of its log-odds. The
    others share the rest in proportion to theirs.
    """
    odds = label_log_odds(logits)
    found = np.stack([curve(odds[:, label]) for label, curve in enumerate(curves)], axis=1)
    rest = found[:, 1:]
    found[:, 1:] = (1 - found[:, :1]) * rest / rest.sum(axis=1, keepdims=True)
    return found.astype(np.float32)
