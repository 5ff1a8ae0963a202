"""How far given grades agree with a teacher's: three grades, right or not, and quadratic kappa, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crossjudge.apps.base import Result, seen
from crossjudge.apps.grading import CORRECT, GRADES
from crossjudge.errors import InputError
from crossjudge.models.parity import wilson

RESAMPLES = 2_000

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Figure(Result):
    """A figure and its 95% interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Agreement(Result):
    """Of `n` answers: the share graded alike, the share alike in CORRECT or not, and the quadratic kappa of grades.

    Intervals are Wilson's and, for kappa, the percentile bootstrap's over answers. `macro_f1` is over the three
    grades. `confusion`: the teacher's grade -> the grade given -> answers.
    """

    n: int
    three_way: Figure
    two_way: Figure
    kappa: Figure
    macro_f1: float
    confusion: dict[str, dict[str, int]]


def agreement(given: Sequence[str], gold: Sequence[str], *, seed: int = 0) -> Agreement:
    """`given` beside `gold`, grades of the same answers; raises `InputError` for none or for other words."""
    if not gold or len(given) != len(gold):
        raise InputError(
            f"Comparing grades: got {len(given)} and {len(gold)} of them; expected as many, at least one. Pair them up."
        )
    strange = next((one for one in (*given, *gold) if one not in GRADES), None)
    if strange is not None:
        raise InputError(
            f"Comparing grades: found {seen(strange)}; expected each to be one of {', '.join(GRADES)}. Correct it."
        )
    counts = np.zeros((len(GRADES), len(GRADES)), dtype=np.int64)
    np.add.at(counts, ([GRADES.index(one) for one in gold], [GRADES.index(one) for one in given]), 1)
    right = GRADES.index(CORRECT)
    agree_two_way = int(counts[right, right] + np.delete(np.delete(counts, right, 0), right, 1).sum())
    return Agreement(
        n=len(gold),
        three_way=_share(int(np.trace(counts)), len(gold)),
        two_way=_share(agree_two_way, len(gold)),
        kappa=_kappa_figure(counts, seed),
        macro_f1=float(np.mean(_f1(counts))),
        confusion={
            grade: dict(zip(GRADES, row.tolist(), strict=True)) for grade, row in zip(GRADES, counts, strict=True)
        },
    )


def quadratic_kappa(counts: Counts) -> float:
    """Cohen's kappa with squared distances as weights; `counts` `(n, n)`, gold by given. 1 where all is one cell."""
    places = np.arange(len(counts))
    weights = (places[:, None] - places[None, :]) ** 2
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
    by_chance = float((weights * expected).sum())
    return 1.0 - float((weights * counts).sum()) / by_chance if by_chance else 1.0


def _kappa_figure(counts: Counts, seed: int) -> Figure:
    """Kappa is a function of the counts, so that answers are resampled by drawing counts."""
    n = int(counts.sum())
    drawn = np.random.default_rng(seed).multinomial(n, counts.ravel() / n, size=RESAMPLES)
    low, high = np.quantile([quadratic_kappa(one.reshape(counts.shape)) for one in drawn], [0.025, 0.975])
    return Figure(quadratic_kappa(counts), float(low), float(high))


def _share(count: int, n: int) -> Figure:
    return Figure(count / n, *wilson(count, n))


def _f1(counts: Counts) -> NDArray[np.float64]:
    """Of each grade; 0 for one that nobody gave or should have got."""
    either = counts.sum(axis=0) + counts.sum(axis=1)
    scores: NDArray[np.float64] = 2 * np.diag(counts) / np.maximum(either, 1)
    return scores
