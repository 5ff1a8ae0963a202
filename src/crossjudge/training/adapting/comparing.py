"""Before and after on pairs that nothing was fitted to or chosen by, and whether after is better."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from crossjudge.calibration.measurement import Figure
from crossjudge.models.parity import wilson
from crossjudge.training.adapting.fitting import Flags, Numbers, gold_log_likelihood, log_probabilities
from crossjudge.types import IntArray

RESAMPLES = 4_000
SEED = 11


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """`accuracy`: share of pairs whose most probable class is the gold one (Wilson); `macro_f1`: over the gold classes.

    `log_loss`: mean negative log-probability of the gold class.
    """

    accuracy: Figure
    macro_f1: float
    log_loss: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """The same `n` pairs before and after.

    `gained`, `lost`: pairs that only after, or only before, are right. `accuracy_gain`, `loss_gain`: after minus before
    (before minus after for the loss), so that above zero is better; 95% intervals of a paired bootstrap over groups.
    """

    n: int
    groups: int
    before: Figures
    after: Figures
    gained: int
    lost: int
    accuracy_gain: Figure
    loss_gain: Figure

    @property
    def decides_better(self) -> bool:
        """Whether more decisions are right, beyond chance."""
        return self.accuracy_gain.low > 0

    @property
    def better(self) -> bool:
        """Whether decisions are better beyond chance, or probabilities are and decisions are no worse."""
        return self.decides_better or (self.loss_gain.low > 0 and self.accuracy_gain.value >= 0)

    def verdict(self) -> str:
        """For people."""
        if self.decides_better:
            return "better: more decisions are right, beyond chance"
        if self.better:
            return "better: its probabilities are, beyond chance, and no fewer decisions are right"
        if self.loss_gain.low > 0:
            return "not better: its probabilities are, but fewer decisions are right"
        return "not better: neither decisions nor probabilities are better beyond chance"

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {**asdict(self), "better": self.better, "verdict": self.verdict()}


def compare(before: Numbers, after: Numbers, allowed: Flags, classes: Flags, groups: IntArray) -> Comparison:
    """`before`, `after`: logits `(n, n_columns)`; `allowed`: the columns of each gold; `classes`: of each class.

    `groups` `(n,)`: rows of one group are drawn together.
    """
    right = [_right(logits, allowed, classes) for logits in (before, after)]
    losses = [-gold_log_likelihood(logits, allowed) for logits in (before, after)]
    return Comparison(
        n=len(before),
        groups=len(np.unique(groups)),
        before=_figures(before, right[0], losses[0], allowed, classes),
        after=_figures(after, right[1], losses[1], allowed, classes),
        gained=int((right[1] & ~right[0]).sum()),
        lost=int((right[0] & ~right[1]).sum()),
        accuracy_gain=_paired(right[1].astype(float) - right[0], groups),
        loss_gain=_paired(losses[0] - losses[1], groups),
    )


def _right(logits: Numbers, allowed: Flags, classes: Flags) -> Flags:
    chosen = classes[class_probabilities(logits, classes).argmax(axis=1)]
    right: Flags = (chosen == allowed).all(axis=1)
    return right


def class_probabilities(logits: Numbers, classes: Flags) -> Numbers:
    """`(n, n_classes)`: the probabilities of a class's labels together."""
    probabilities: Numbers = np.exp(log_probabilities(logits)) @ classes.T
    return probabilities


def _figures(logits: Numbers, right: Flags, losses: Numbers, allowed: Flags, classes: Flags) -> Figures:
    chosen = class_probabilities(logits, classes).argmax(axis=1)
    gold = (allowed[:, None, :] == classes[None]).all(axis=2).argmax(axis=1)
    low, high = wilson(int(right.sum()), len(right))
    return Figures(
        accuracy=Figure(float(right.mean()), low, high),
        macro_f1=float(np.mean([_f1(chosen == one, gold == one) for one in np.unique(gold)])),
        log_loss=float(losses.mean()),
    )


def _f1(chosen: Flags, gold: Flags) -> float:
    return 2 * float((chosen & gold).sum()) / float(chosen.sum() + gold.sum())


def _paired(differences: Numbers, groups: IntArray) -> Figure:
    """Mean of differences `(n,)` with a percentile interval; whole groups are drawn."""
    _, place = np.unique(groups, return_inverse=True)
    sums, sizes = np.bincount(place, weights=differences), np.bincount(place)
    n = len(sums)
    drawn = np.random.default_rng([SEED, n]).multinomial(n, np.full(n, 1 / n), size=RESAMPLES)
    low, high = np.quantile(drawn @ sums / (drawn @ sizes), [0.025, 0.975])
    return Figure(float(differences.mean()), float(low), float(high))
