"""A report with what every rendering needs of it worked out once: scores, gold, pairs shown, counts by threshold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crossjudge.evaluation.gold import Gold, read_gold
from crossjudge.evaluation.rendering.deciders import usual_threshold
from crossjudge.evaluation.rendering.shown_pairs import MOST_SHOWN, ShownPairs, choose_pairs
from crossjudge.evaluation.rendering.titles import threshold_names, threshold_of
from crossjudge.evaluation.rendering.trade_off import TradeOff, trade_off
from crossjudge.evaluation.report import Report
from crossjudge.evaluation.results import Evaluation, ModelResult


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """`scores`: model -> its main reading, float64 `(n_pairs,)`; `trade_offs`: the same for counts at every threshold,
    where a model has thresholds.
    """

    evaluation: Evaluation
    gold: Gold
    scores: Mapping[str, NDArray[np.float64]]
    shown: ShownPairs
    trade_offs: Mapping[str, TradeOff]
    threshold_names: tuple[str, ...]


def measured(report: Report) -> Measured:
    """Read the suite twice, once for its gold and once for the texts that are shown."""
    evaluation = report.evaluation
    gold = read_gold(report.pairs(), two_way=evaluation.suite.two_way)
    scores = {model.name: report.scores(model.name) for model in evaluation.models}
    has_gold = any(facts.duplicates + facts.not_duplicates for facts in evaluation.suite.categories)
    return Measured(
        evaluation=evaluation,
        gold=gold,
        scores=scores,
        shown=choose_pairs(
            report.pairs(),
            gold,
            scores,
            {model.name: _cut(evaluation, model) for model in evaluation.models},
            seed=evaluation.settings.seed,
            most=MOST_SHOWN,
        ),
        trade_offs={
            model.name: trade_off(scores[model.name], gold)
            for model in evaluation.models
            if model.main.has_thresholds and has_gold
        },
        threshold_names=threshold_names(evaluation),
    )


def _cut(evaluation: Evaluation, model: ModelResult) -> float | None:
    name = usual_threshold(evaluation, model)
    return None if name is None else threshold_of(model, name)
