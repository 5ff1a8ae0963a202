"""A figure by its name, as gates and published tables name it: `hedging.failure_rate@0.8`, `suite.accuracy_forward`."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from crossjudge.errors import InputError
from crossjudge.evaluation.results import ADVERSARIAL, BEST, CategoryFigures, Decisions, Estimate, ModelResult, Rate

SUITE = "suite"
"""Stands where a category would for a figure of all pairs."""
DEFAULT_THRESHOLD = "0.5"
"""What `failure_rate` means where no threshold is named."""

Value: TypeAlias = Estimate | Rate | float | None
_OfScores: TypeAlias = Callable[[CategoryFigures, str], Value]
_OfDecisions: TypeAlias = Callable[[Decisions], Value]


@dataclass(frozen=True, slots=True)
class FigureName:
    """`category.metric`, or `category.metric@threshold`. Checks itself: raises `InputError` with near names."""

    category: str
    metric: str
    threshold: str | None = None

    def __post_init__(self) -> None:
        known = SUITE_METRICS if self.category == SUITE else CATEGORY_METRICS
        if self.metric not in known:
            raise InputError(
                f"Naming a figure: {self.metric!r} is no metric of {_of(self.category)}. {near(self.metric, known)}"
            )
        if self.threshold is not None and self.metric not in CUT_METRICS:
            raise InputError(
                f"Naming a figure: {self.metric!r} depends on no threshold; leave out '@{self.threshold}'. Those that "
                f"do: {', '.join(CUT_METRICS)}."
            )

    def __str__(self) -> str:
        return f"{self.category}.{self.metric}" + (f"@{self.threshold}" if self.threshold else "")


_OF_SCORES: Mapping[str, _OfScores] = {
    "failure_rate": lambda figures, cut: figures.failure.get(cut),
    "mean": lambda figures, _: figures.mean,
    "sd": lambda figures, _: figures.sd,
    "median": lambda figures, _: figures.median,
    "min": lambda figures, _: figures.min,
    "max": lambda figures, _: figures.max,
    "auc": lambda figures, _: figures.auc,
    "n": lambda figures, _: float(figures.n),
}
_OF_NLI_CATEGORIES = (
    "accuracy_forward",
    "accuracy_backward",
    "entailment_found",
    "contradiction_found",
    "non_entailment_found",
    "both_entailed",
)
_OF_DECISIONS: Mapping[str, _OfDecisions] = {
    "accuracy": lambda decided: decided.accuracy,
    "precision": lambda decided: decided.precision,
    "recall": lambda decided: decided.recall,
    "specificity": lambda decided: decided.specificity,
    "f1": lambda decided: decided.f1,
}
_OF_NLI = (
    "accuracy_forward",
    "accuracy_backward",
    "calibration_error",
    "contradiction_found",
    "non_entailment_found",
    "hedging_detected",
)

CATEGORY_METRICS = (*_OF_SCORES, *_OF_NLI_CATEGORIES)
"""What may follow a category's name; the last six are of NLI models."""
SUITE_METRICS = (*_OF_DECISIONS, *_OF_NLI, "rank_correlation", "best_threshold")
"""What may follow `suite`."""
CUT_METRICS = ("failure_rate", *_OF_DECISIONS)
"""What may be followed by `@0.8` or `@best`."""


def find_figure(model: ModelResult, name: FigureName) -> Value:
    """That figure of the model's main reading or of its labels; None where the model or the suite has none."""
    cut = name.threshold or DEFAULT_THRESHOLD
    if name.category == SUITE:
        return _of_suite(model, name.metric, cut)
    if name.metric in _OF_SCORES:
        figures = model.main.category(name.category)
        return _OF_SCORES[name.metric](figures, cut) if figures is not None else None
    labels = model.nli.category(name.category) if model.nli is not None else None
    return _value(labels, name.metric)


def _of_suite(model: ModelResult, metric: str, cut: str) -> Value:
    main = model.main
    if metric in _OF_DECISIONS:
        decided = main.decisions.get(cut)
        return _OF_DECISIONS[metric](decided) if decided is not None else None
    if metric == "rank_correlation":
        return main.rank_correlation
    if metric == "best_threshold":
        return main.best_threshold.value if main.best_threshold is not None else None
    return _value(model.nli, metric)


def _value(holder: object, metric: str) -> Value:
    value: Value = getattr(holder, metric) if holder is not None else None
    return value


def near(name: str, known: Iterable[str]) -> str:
    """What else might be meant, as a sentence."""
    known = list(known)
    found = difflib.get_close_matches(name, known, n=3)
    return f"Did you mean {' or '.join(map(repr, found))}?" if found else f"Known: {', '.join(known)}."


def _of(category: str) -> str:
    if category == SUITE:
        return "the whole suite"
    return "all adversarial pairs" if category == ADVERSARIAL else f"a category such as {category!r}"


def threshold_names(thresholds: Iterable[float]) -> tuple[str, ...]:
    """The names of thresholds in use, the model's own last."""
    return (*(f"{one:g}" for one in thresholds), BEST)
