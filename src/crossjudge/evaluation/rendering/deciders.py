"""Everything in an evaluation that can say "duplicate" or "not": models at a threshold and NLI models by label."""

from __future__ import annotations

from dataclasses import dataclass

from crossjudge.evaluation.rendering.rules import opposite, overlap
from crossjudge.evaluation.rendering.titles import shown_threshold, threshold_names
from crossjudge.evaluation.results import Decisions, Evaluation, ModelResult, NliResult, Rate

BY_LABEL = "by label, both ways"
"""How an NLI model decides without a threshold: each text entails the other by its highest logit."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Failing:
    """A category and the share of its pairs that were decided wrongly."""

    category: str
    failure: Rate


@dataclass(frozen=True, kw_only=True, slots=True)
class Decider:
    """A model and how it decides. `kept`: duplicates it calls so; `apart`: other pairs it does not.

    `failures`: by category, worst first; of equals, the earlier one in the suite.
    """

    model: ModelResult
    how: str
    kept: Rate
    apart: Rate
    failures: tuple[Failing, ...]

    @property
    def balance(self) -> float:
        """Mean of both shares, by which deciders are ranked."""
        return (self.kept.value + self.apart.value) / 2

    @property
    def name(self) -> str:
        """The model's name as a sentence has it."""
        return f"`{self.model.name}`"

    @property
    def named(self) -> str:
        """The name, and how it decides."""
        return f"{self.name} {self.how if self.how == BY_LABEL else f'at {self.how}'}"

    def as_good_as(self, other: Decider) -> bool:
        """Whether the intervals of both shares overlap with the other's."""
        return overlap(self.kept, other.kept) and overlap(self.apart, other.apart)


def deciders(evaluation: Evaluation) -> list[Decider]:
    """Best first. Relevance models are left out: what they score is no likeness."""
    found = []
    for model in evaluation.models:
        if model.objective == "relevance":
            continue
        found += [one for one in (_by_threshold(evaluation, model), _by_label(evaluation, model)) if one is not None]
    return sorted(found, key=lambda one: -one.balance)


def usual_threshold(evaluation: Evaluation, model: ModelResult) -> str | None:
    """The threshold that a model is described at: its most favourable, else the first it was measured at."""
    measured = {name for figures in model.main.categories for name in figures.failure}
    first = next((name for name in threshold_names(evaluation) if name in measured), None)
    return model.main.favourable_threshold or first


def category_failures(evaluation: Evaluation, model: ModelResult) -> tuple[Failing, ...]:
    """The main reading's failure rates at the usual threshold, worst first."""
    name = usual_threshold(evaluation, model)
    found = [
        Failing(category=figures.category, failure=figures.failure[name])
        for figures in model.main.categories
        if name is not None and name in figures.failure
    ]
    return _worst_first(found)


def _by_threshold(evaluation: Evaluation, model: ModelResult) -> Decider | None:
    name = usual_threshold(evaluation, model)
    shares = _shares(model.main.decisions.get(name)) if name is not None else None
    if name is None or shares is None:
        return None
    kept, apart = shares
    failures = category_failures(evaluation, model)
    return Decider(model=model, how=shown_threshold(model, name), kept=kept, apart=apart, failures=failures)


def _by_label(evaluation: Evaluation, model: ModelResult) -> Decider | None:
    shares = _shares(model.nli.duplicate_rule) if model.nli is not None else None
    if model.nli is None or shares is None:
        return None
    kept, apart = shares
    failures = label_failures(evaluation, model.nli)
    return Decider(model=model, how=BY_LABEL, kept=kept, apart=apart, failures=failures)


def label_failures(evaluation: Evaluation, nli: NliResult) -> tuple[Failing, ...]:
    """Failure rates of the label rule, worst first, for categories whose pairs are all duplicates or all not."""
    found = []
    for facts in evaluation.suite.categories:
        labelled, unmixed = nli.category(facts.name), facts.n in (facts.duplicates, facts.not_duplicates)
        if labelled is not None and unmixed:
            passed = labelled.both_entailed
            found.append(
                Failing(category=facts.name, failure=opposite(passed) if facts.duplicates == facts.n else passed)
            )
    return _worst_first(found)


def _shares(decisions: Decisions | None) -> tuple[Rate, Rate] | None:
    if decisions is None or decisions.recall is None or decisions.specificity is None:
        return None
    return decisions.recall, decisions.specificity


def _worst_first(found: list[Failing]) -> tuple[Failing, ...]:
    return tuple(sorted(found, key=lambda one: -one.failure.value))
