"""What the page's script draws from: scores and texts of the pairs shown, counts at every threshold, effects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crossjudge.evaluation.gold import Gold
from crossjudge.evaluation.rendering.contents import in_order
from crossjudge.evaluation.rendering.deciders import deciders
from crossjudge.evaluation.rendering.findings import hardest_category
from crossjudge.evaluation.rendering.measured import Measured
from crossjudge.evaluation.rendering.titles import category_title, in_reading_order, metric_title, threshold_of
from crossjudge.evaluation.rendering.trade_off import STEPS, TradeOff
from crossjudge.evaluation.results import Comparison, Estimate, Evaluation, ModelResult

SCORE_DECIMALS = 4


def page_data(measured: Measured) -> dict[str, Any]:
    """Plain JSON values."""
    evaluation, shown = measured.evaluation, measured.shown
    known = in_reading_order(evaluation.suite.categories)
    ordered = [facts.name for facts in known]
    rows = [*shown.drawn.tolist(), *sorted(shown.pairs.keys() - set(shown.drawn.tolist()))]
    places = {row: place for place, row in enumerate(rows)}
    return {
        "steps": STEPS,
        "drawn": len(shown.drawn),
        "categories": [
            {"title": category_title(facts.name).title, "allSame": facts.duplicates == facts.n} for facts in known
        ],
        "open": _opens_with(evaluation, ordered),
        "models": [_model(measured, model, places, ordered) for model in evaluation.models],
        "pairs": [_pair(measured, row, ordered) for row in rows],
        "effects": [_effects(evaluation, one) for one in evaluation.comparisons],
        "beside": _beside(evaluation),
    }


def _opens_with(evaluation: Evaluation, ordered: list[str]) -> dict[str, int]:
    """What is chosen until the reader chooses: the best decider, and the category that is hardest."""
    best, hardest = next(iter(deciders(evaluation)), None), hardest_category(evaluation)
    return {
        "model": 0 if best is None else evaluation.models.index(best.model),
        "category": 0 if hardest is None else ordered.index(hardest[0].category),
    }


def _pair(measured: Measured, row: int, ordered: list[str]) -> dict[str, Any]:
    pair = measured.shown.pairs[row]
    return {
        "id": pair.id,
        "c": ordered.index(pair.category),
        "a": pair.text_a,
        "b": pair.text_b,
        "same": pair.duplicate,
        "note": pair.note,
    }


def _model(measured: Measured, model: ModelResult, places: Mapping[int, int], ordered: list[str]) -> dict[str, Any]:
    scores, counted = measured.scores[model.name], measured.trade_offs.get(model.name)
    worst = measured.shown.worst[model.name]
    return {
        "name": model.name,
        "kind": "relevance" if model.objective == "relevance" else model.kind,
        "reading": model.main.name,
        "cuts": {name: threshold_of(model, name) for name in measured.threshold_names} if counted else {},
        "scores": [round(float(scores[row]), SCORE_DECIMALS) for row in places],
        "worst": [[places[row] for row in worst.get(name, ())] for name in ordered],
        "counts": None if counted is None else _counts(counted, measured.gold, ordered),
    }


def _counts(counted: TradeOff, gold: Gold, ordered: list[str]) -> dict[str, Any]:
    return {
        "kept": counted.kept.tolist(),
        "nKept": counted.n_duplicates,
        "wrong": [counted.wrong[name].tolist() for name in ordered],
        "n": [counted.n[name] for name in ordered],
    }


def _effects(evaluation: Evaluation, comparison: Comparison) -> dict[str, Any]:
    return {
        "first": comparison.first,
        "second": comparison.second,
        "rows": [
            {
                "title": category_title(row.category).title,
                "n": row.n,
                "d": _interval(row.cohens_d),
                "delta": _interval(row.cliffs_delta),
            }
            for row in in_order(evaluation, comparison)
        ],
    }


def _interval(found: Estimate | None) -> list[float | None] | None:
    if found is None:
        return None
    return [None if one is None else round(one, SCORE_DECIMALS) for one in (found.value, found.low, found.high)]


def _beside(evaluation: Evaluation) -> list[dict[str, Any]]:
    several = len({one.model for one in evaluation.beside}) > 1
    return [
        {
            "title": f"{category_title(one.category).title}{f', {one.model}' if several else ''}",
            "metric": metric_title(one.metric),
            "ours": [one.ours.value, one.ours.low, one.ours.high],
            "theirs": one.theirs,
        }
        for one in evaluation.beside
    ]
