"""The design that the study recommends, measured: a bi-encoder finds candidates, a cross-encoder decides about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from crossjudge.evaluation.gold import Flags, Gold
from crossjudge.evaluation.results import ModelResult, Rate, TwoStages
from crossjudge.evaluation.statistics import rate
from crossjudge.evaluation.suite import NEGATIVE_CONTROL

KEPT_AIM = 0.95
"""Share of the positives that the first stage must let through."""


def two_stages(
    models: Sequence[ModelResult], scores: Mapping[str, NDArray[np.float64]], gold: Gold
) -> tuple[TwoStages, ...]:
    """Every bi-encoder before every cross-encoder that is compared with them; `()` where no pair is a positive.

    `scores`: model name -> its main reading, float64 `(n_pairs,)`.
    """
    if not gold.positives.any():
        return ()
    firsts = [model for model in models if model.kind == "bi_encoder"]
    seconds = [model for model in models if model.kind == "cross_encoder" and model.pooled_as is not None]
    return tuple(
        _measured(first, second, threshold, scores, gold)
        for first in firsts
        for second in seconds
        if (threshold := _favourable(second)) is not None
    )


def _favourable(model: ModelResult) -> float | None:
    name = model.main.favourable_threshold
    return None if name is None else model.main.decisions[name].threshold


def _measured(
    first: ModelResult, second: ModelResult, high: float, scores: Mapping[str, NDArray[np.float64]], gold: Gold
) -> TwoStages:
    low = letting_through(scores[first.name][gold.positives], KEPT_AIM)
    let_through = scores[first.name] >= low
    called = let_through & (scores[second.name] >= high)
    unrelated = gold.is_in(NEGATIVE_CONTROL)
    return TwoStages(
        first=first.name,
        second=second.name,
        first_threshold=low,
        second_threshold=high,
        kept_aim=KEPT_AIM,
        asked=rate(let_through),
        positives_kept=rate(called[gold.positives]),
        look_alikes_passed_first=_rate_of(let_through, gold.adversarial),
        look_alikes_passed=_rate_of(called, gold.adversarial),
        unrelated_passed_first=_rate_of(let_through, unrelated),
        unrelated_passed=_rate_of(called, unrelated),
    )


def letting_through(positives: NDArray[np.float64], share: float) -> float:
    """The highest threshold that at least `share` of the scores `(n,)` reach."""
    needed = int(np.ceil(share * len(positives) - 1e-9))
    return float(np.sort(positives)[len(positives) - needed])


def _rate_of(flags: Flags, rows: Flags) -> Rate | None:
    return rate(flags[rows]) if rows.any() else None
