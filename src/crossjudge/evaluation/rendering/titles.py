"""What things are called in a report: categories, thresholds, metrics, probes (the words stand in `titles.toml`)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from crossjudge.evaluation.rendering.notation import number
from crossjudge.evaluation.results import BEST, CategoryFacts, Evaluation, ModelResult

SURFACE_PREFIX = "surface_"
"""Of the probes that change nothing but a text's surface."""


@dataclass(frozen=True, slots=True)
class CategoryTitle:
    """`title`: in tables and figures; `pairs`: in a sentence ("12% of ..."); `what`: what was done to the pair."""

    title: str
    pairs: str
    what: str = ""


def category_title(name: str) -> CategoryTitle:
    """The words for a category; one that we do not know is called by its own name."""
    known = _words()["categories"].get(name)
    if known is not None:
        return CategoryTitle(**known)
    spoken = name.replace("_", " ")
    return CategoryTitle(spoken[:1].upper() + spoken[1:], f"pairs of '{spoken}'")


def role_title(role: str) -> str:
    """What a category with this role is made of."""
    return str(_words()["roles"].get(role, role))


def kind_title(kind: str) -> str:
    """`"bi-encoder"` or `"cross-encoder"`."""
    return str(_words()["kinds"].get(kind, kind))


def metric_title(metric: str) -> str:
    """The metric of a published figure in words."""
    name, _, threshold = metric.partition("@")
    if name == "failure_rate":
        return f"failure rate at {threshold}" if threshold else "failure rate"
    known = _words()["metrics"].get(name)
    return str(known) if known else metric.replace("_", " ")


def probe_title(probe: str) -> str:
    """The question that a probe asks."""
    surface = _surface(probe)
    if surface is not None:
        return f"Does {surface} matter?"
    known = _words()["probes"].get(probe)
    return probe.replace("_", " ") if known is None else str(known["asks"])


def probe_finding(probe: str, share: str) -> str:
    """What a model does of which that share of decisions changed, after its name."""
    surface = _surface(probe)
    if surface is not None:
        return f"changes {share} of its answers with {surface}"
    known = _words()["probes"].get(probe)
    return f"changes {share} of its answers" if known is None else str(known["finding"]).format(share=share)


def _surface(probe: str) -> str | None:
    name = probe.removeprefix(SURFACE_PREFIX)
    return None if name == probe else str(_words()["surfaces"].get(name, name.replace("_", " ")))


def threshold_title(name: str) -> str:
    """`"0.8"` -> `"at 0.8"`; the model's own -> `"at its own best threshold"`."""
    return "at its own best threshold" if name == BEST else f"at {name}"


def threshold_of(model: ModelResult, name: str) -> float | None:
    """The number behind a threshold's name, for the main reading; None where the model has none."""
    if name != BEST:
        return float(name)
    best = model.main.best_threshold
    return None if best is None else best.value


def threshold_names(evaluation: Evaluation) -> tuple[str, ...]:
    """Every threshold that some model was measured at: those of the settings, then the models' own."""
    seen = {name for model in evaluation.models for name in _measured_at(model)}
    fixed = sorted((name for name in seen if name != BEST), key=float)
    return (*fixed, *([BEST] if BEST in seen else []))


def _measured_at(model: ModelResult) -> Iterable[str]:
    return (name for reading in model.readings for figures in reading.categories for name in figures.failure)


def shown_threshold(model: ModelResult, name: str) -> str:
    """The threshold as a sentence names it: `"0.8"`, or `"0.71 (chosen on the controls)"`."""
    value = threshold_of(model, name)
    if name != BEST or value is None:
        return name
    return f"{number(value)} (chosen on the controls)"


_LAST = {"mixed": 1, "unlabelled": 1, "negative_control": 2, "duplicates": 3, "positive_control": 4}


def in_reading_order(categories: Iterable[CategoryFacts]) -> list[CategoryFacts]:
    """Look-alikes first, in the suite's order, then the controls: what should be low before what should be high."""
    return sorted(categories, key=lambda facts: _LAST.get(facts.role, 0))


@cache
def _words() -> dict[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath("titles.toml").read_text(encoding="utf-8"))
