"""The heading of each section says what its figures show; these are the rules that make it."""

from __future__ import annotations

from collections.abc import Sequence

from crossjudge.evaluation.rendering.contents import nli_models
from crossjudge.evaluation.rendering.deciders import Decider, Failing, deciders
from crossjudge.evaluation.rendering.notation import estimate, listed, number, percent, plural
from crossjudge.evaluation.rendering.rules import rules
from crossjudge.evaluation.rendering.titles import category_title, probe_finding
from crossjudge.evaluation.rendering.words import best_two_stages
from crossjudge.evaluation.results import (
    ADVERSARIAL,
    EVERY_CATEGORY,
    Beside,
    ComparisonRow,
    Estimate,
    Evaluation,
    ModelResult,
    Rate,
)
from crossjudge.evaluation.suite import POSITIVE_CONTROL


def failures_finding(evaluation: Evaluation) -> str:
    """Which category even the best decider fails most on."""
    hardest = hardest_category(evaluation)
    if hardest is None:
        return "Failure rates"
    found, decider = hardest
    if not rules().is_failing(found.failure):
        return "In every category at least one way of deciding shows no clear failure"
    even = f"even {decider.name}, the best at them," if len(_compared(evaluation)) > 1 else decider.name
    return f"Hardest are {category_title(found.category).pairs}: {even} gets {percent(found.failure.value)} wrong"


def hardest_category(evaluation: Evaluation) -> tuple[Failing, Decider] | None:
    """The category whose best decider is worst, and that decider; None without failure rates."""
    best_at: dict[str, tuple[Failing, Decider]] = {}
    for decider in deciders(evaluation):
        for found in decider.failures:
            least = best_at.get(found.category)
            if least is None or found.failure.value < least[0].failure.value:
                best_at[found.category] = (found, decider)
    return max(best_at.values(), key=lambda one: one[0].failure.value, default=None)


def scores_finding(evaluation: Evaluation) -> str:
    """How well scores order paraphrases above look-alikes, by kind of model."""
    parts = [
        f"{_auc_spread(found)} times in 100 for {kind}"
        for kind, found in (("bi-encoders", _aucs(evaluation, "bi_encoder")), ("cross-encoders", _crossed(evaluation)))
        if found
    ]
    if not parts:
        return "How the scores are distributed"
    return f"A paraphrase scores above a look-alike {listed(parts)}"


def _compared(evaluation: Evaluation) -> list[ModelResult]:
    return [model for model in evaluation.models if model.objective != "relevance"]


def _crossed(evaluation: Evaluation) -> list[float]:
    return _aucs(evaluation, "cross_encoder")


def _aucs(evaluation: Evaluation, kind: str) -> list[float]:
    found = [model.main.category(ADVERSARIAL) for model in _compared(evaluation) if model.kind == kind]
    return [figures.auc.value for figures in found if figures is not None and figures.auc is not None]


def _auc_spread(values: Sequence[float]) -> str:
    low, high = round(min(values) * 100), round(max(values) * 100)
    return f"{low}" if low == high else f"{low} to {high}"


def thresholds_finding(costs: Sequence[tuple[str, Rate]]) -> str:
    """What keeping nine duplicates in ten costs. `costs`: model and the look-alikes it then passes, any order."""
    if not costs:
        return "Choosing a threshold"
    kept = f"Keeping {percent(rules().kept)} of the duplicates"
    ranked = sorted(costs, key=lambda one: one[1].value)
    (best, least), (worst, most) = ranked[0], ranked[-1]
    if len(ranked) == 1 or percent(least.value) == percent(most.value):
        return f"{kept} lets {percent(least.value)} of the look-alikes through"
    return (
        f"{kept} lets {percent(least.value)} of the look-alikes through with `{best}`, "
        f"{percent(most.value)} with `{worst}`"
    )


def effects_finding(evaluation: Evaluation) -> str:
    """Where cross-encoders lower scores most, where they do not, and whether paraphrases pay for it."""
    rows = [
        (row, comparison.second, row.cohens_d)
        for comparison in evaluation.comparisons
        for row in comparison.rows
        if row.cohens_d is not None
    ]
    alike = [one for one in rows if one[0].category in _look_alike_categories(evaluation)]
    if not alike:
        return "Bi-encoders against cross-encoders"
    row, second, most = max(alike, key=lambda one: one[2].value)
    told = f"Against bi-encoders, {second} lower {_scores_of(row)} most (d = {number(most.value, 1)})"
    paid = [
        one for one in rows if one[1] == second and one[0].category == POSITIVE_CONTROL and not _reaches_zero(one[0])
    ]
    if paid:
        told += f", and {_scores_of(paid[0][0])} too ({number(paid[0][2].value, 1)})"
    unmoved = [
        category_title(name).title.lower()
        for name in dict.fromkeys(one.category for one, _, _ in alike)
        if all(_reaches_zero(one) for one, _, _ in alike if one.category == name)
    ]
    return f"{told}; they do not clearly lower {listed(unmoved)}" if unmoved else told


def _look_alike_categories(evaluation: Evaluation) -> set[str]:
    return {facts.name for facts in evaluation.suite.categories if facts.role == "adversarial"}


def _scores_of(row: ComparisonRow) -> str:
    return f"the scores of {category_title(row.category).pairs}"


def _reaches_zero(row: ComparisonRow) -> bool:
    effect = row.cohens_d
    return effect is not None and (effect.value <= 0 or (effect.low is not None and effect.low <= 0))


def labels_finding(evaluation: Evaluation) -> str:
    """How much of contradiction and hedging the best NLI model sees."""
    found = [(model, nli) for model, nli in nli_models(evaluation) if nli.contradiction_found is not None]
    if not found:
        return "What the labels say"
    model, nli = max(found, key=lambda one: one[1].contradiction_found.value if one[1].contradiction_found else 0)
    assert nli.contradiction_found is not None
    seen = f"`{model.name}` finds {percent(nli.contradiction_found.value)} of the contradictions"
    if nli.hedging_detected is None:
        return seen
    return f"{seen} and takes {percent(1 - nli.hedging_detected.value)} of the hedges for facts"


def two_stages_finding(evaluation: Evaluation) -> str:
    """What the second stage adds."""
    best = best_two_stages(evaluation)
    if best is None or best.look_alikes_passed is None or best.look_alikes_passed_first is None:
        return "Two stages"
    return (
        f"Judging what `{best.first}` finds with `{best.second}` cuts the look-alikes passed from "
        f"{percent(best.look_alikes_passed_first.value)} to {percent(best.look_alikes_passed.value)} and keeps "
        f"{percent(best.positives_kept.value)} of the paraphrases"
    )


def probes_finding(evaluation: Evaluation) -> str:
    """Which way of asking again changes most."""
    found = [(one, one.changed) for one in evaluation.probes if one.changed is not None]
    if not found:
        return "Consistency"
    worst, changed = max(found, key=lambda one: one[1].value)
    if changed.count == 0:
        return "No decision changed when the same was asked in another way"
    steady = sum(rate.count == 0 for _, rate in found)
    head = f"`{worst.model}` {probe_finding(worst.probe, percent(changed.value))}"
    return f"{head}; {steady} of {plural(len(found), 'check')} changed nothing" if steady else head


def study_finding(evaluation: Evaluation) -> str:
    """In how many categories the study's figure lies within our interval."""
    if not evaluation.beside:
        return "What the study published"
    within = sum(_covers(one.ours, one.theirs) for one in evaluation.beside)
    furthest = max(evaluation.beside, key=lambda one: abs(one.ours.value - one.theirs))
    head = f"On our pairs, {within} of the study's {len(evaluation.beside)} comparable figures lie within our intervals"
    return f"{head}; {_apart(furthest)} differs most" if within < len(evaluation.beside) else head


def _covers(ours: Estimate | Rate, theirs: float) -> bool:
    if ours.low is None or ours.high is None:
        return ours.value == theirs
    # Published shares are whole percents.
    return ours.low - 0.005 <= theirs <= ours.high + 0.005


def _apart(one: Beside) -> str:
    title = category_title(one.category).title.lower()
    if one.metric.startswith("failure_rate"):
        return f"{title} ({percent(one.ours.value)} here, {percent(one.theirs)} there)"
    return f"{title} ({number(one.ours.value)} here, {number(one.theirs)} there)"


def overall_effect(evaluation: Evaluation) -> list[str]:
    """One sentence for each comparison: the effect over all pairs."""
    return [
        f"{comparison.first.capitalize()} against {comparison.second}: Cohen's d {estimate(row.cohens_d)}, "
        f"Cliff's delta {estimate(row.cliffs_delta)} over all pairs."
        for comparison in evaluation.comparisons
        for row in comparison.rows
        if row.category == EVERY_CATEGORY
    ]
