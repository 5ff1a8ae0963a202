"""The answer in words: which model for which job and where it fails, from the figures by the rules of `rules.toml`.

In every sentence a model's name stands between backticks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crossjudge.evaluation.rendering.deciders import (
    Decider,
    Failing,
    category_failures,
    deciders,
    usual_threshold,
)
from crossjudge.evaluation.rendering.notation import counted, estimate, listed, number, percent, percent_range, plural
from crossjudge.evaluation.rendering.rules import ALONE, FEW, HELPS, WEAK, opposite, overlap, rules
from crossjudge.evaluation.rendering.titles import category_title, shown_threshold
from crossjudge.evaluation.results import Estimate, Evaluation, ModelResult, NliResult, Rate, TwoStages
from crossjudge.evaluation.suite import NEGATIVE_CONTROL, POSITIVE_CONTROL

_NAMED_FAILURES = 3
"""How many failing categories a sentence lists."""
_NAMED_EQUALS = 3
"""From this many on, models as good as the best are counted in a headline, not named."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Advice:
    """One job: what to use, the figures that say so, and where it fails (empty where nothing does)."""

    job: str
    answer: str
    evidence: str
    limits: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Portrait:
    """One model in a few sentences."""

    model: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a report opens with."""

    headline: str
    standfirst: str
    advice: tuple[Advice, ...]
    portraits: tuple[Portrait, ...]


def answer(evaluation: Evaluation) -> Answer:
    """The whole answer."""
    ranked = deciders(evaluation)
    jobs = (
        _grading_job(evaluation),
        _same_job(ranked),
        _support_job(evaluation),
        _candidates_job(evaluation),
        _two_stage_job(evaluation),
        _relevance_job(evaluation),
    )
    return Answer(
        headline=_headline(evaluation, ranked),
        standfirst=_standfirst(evaluation),
        advice=tuple(job for job in jobs if job is not None),
        portraits=tuple(Portrait(model=model.name, text=_portrait(evaluation, model)) for model in evaluation.models),
    )


# ------------------------------------------------------------------------------------------------------------ opening


def _headline(evaluation: Evaluation, ranked: Sequence[Decider]) -> str:
    if not ranked:
        return _headline_without_deciders(evaluation)
    best = ranked[0]
    worst = best.failures[0] if best.failures else None
    is_failing = worst is not None and rules().is_failing(worst.failure)
    if len(evaluation.models) == 1:
        return f"{best.name} gets {wrong_of(worst)} wrong" if is_failing and worst else f"{best.name}: {_NO_FAILURE}"
    leads = _lead(best, ranked[1:])
    return f"{leads}, and still gets {wrong_of(worst)} wrong" if is_failing and worst else f"{leads}; {_NO_FAILURE}"


def _lead(best: Decider, others: Sequence[Decider]) -> str:
    """How surely the best decider is the best."""
    equals = dict.fromkeys(one.name for one in others if one.model is not best.model and one.as_good_as(best))
    if not equals:
        return f"{best.name} tells look-alikes from duplicates best"
    named = listed([*equals]) if len(equals) < _NAMED_EQUALS else plural(len(equals), "other model")
    return f"{best.name} tells look-alikes from duplicates no more surely than {named}"


_NO_FAILURE = "no category shows a clear failure"


def _headline_without_deciders(evaluation: Evaluation) -> str:
    """Where labels, or duplicates alone, or look-alikes alone are known; or nothing."""
    labelled = _best_at_labels(evaluation)
    if labelled is not None:
        model, _, right = labelled
        return f"`{model.name}` gives {percent(right.value)} of the pairs their right label"
    failures = [(model, failing[0]) for model in evaluation.models if (failing := category_failures(evaluation, model))]
    if not failures:
        return "Without gold labels: how the scores are distributed"
    model, worst = min(failures, key=lambda one: one[1].failure.value)
    if rules().is_failing(worst.failure):
        return f"`{model.name}` gets {wrong_of(worst)} wrong"
    return _NO_FAILURE.capitalize()


def _standfirst(evaluation: Evaluation) -> str:
    suite, sentences = evaluation.suite, []
    sentences.append(
        f"Measured: {plural(len(evaluation.models), 'model')} on {plural(suite.n_pairs, 'pair')} in "
        f"{plural(len(suite.categories), 'category')} of the suite '{suite.name}'."
    )
    groups = [
        (name, _spread(rates))
        for name, rates in (
            ("bi-encoders", _look_alikes(evaluation, "bi_encoder")),
            ("cross-encoders", _look_alikes(evaluation, "cross_encoder")),
        )
        if rates
    ]
    if groups:
        (name, share), *others = groups
        told = "".join(f", {other} {also}" for other, also in others)
        sentences.append(
            f"At their most favourable thresholds, {name} take {share} of the look-alikes for duplicates{told}."
        )
    return " ".join(sentences)


def _look_alikes(evaluation: Evaluation, kind: str) -> list[Rate]:
    found = []
    for model in evaluation.models:
        name, together = usual_threshold(evaluation, model), model.main.adversarial
        if model.kind == kind and model.objective != "relevance" and name and together and name in together.failure:
            found.append(together.failure[name])
    return found


def _spread(rates: Sequence[Rate]) -> str:
    low, high = min(rate.value for rate in rates), max(rate.value for rate in rates)
    return percent(low) if percent(low) == percent(high) else percent_range(low, high)


def wrong_of(found: Failing) -> str:
    """`"62% of hedged pairs"`; of few pairs how many, since a share of them would sound like more."""
    failure, pairs = found.failure, category_title(found.category).pairs
    share = f"{failure.count} of {failure.n}" if failure.n < rules().few else f"{percent(failure.value)} of"
    return f"{share} {pairs}"


# --------------------------------------------------------------------------------------------------------------- jobs


def _same_job(ranked: Sequence[Decider]) -> Advice | None:
    if not ranked:
        return None
    best = ranked[0]
    equals = [one.named for one in ranked[1:] if one.as_good_as(best)]
    evidence = f"It keeps {counted(best.kept)} of the duplicates, and tells {counted(best.apart)} of the others apart."
    if equals:
        evidence += f" Within the intervals as good: {listed(equals)}."
    return Advice(
        job="Deciding whether two texts say the same",
        answer={
            ALONE: f"Use {best.named}: on pairs like these it can decide by itself.",
            HELPS: f"Use {best.named}, and look twice at decisions that matter.",
            WEAK: f"No model here should decide by itself; {best.named} comes closest.",
            FEW: f"Too few pairs to say; {best.named} comes first on these.",
        }[rules().strength(best.kept, best.apart)],
        evidence=evidence,
        limits=_where_it_fails(best.failures),
    )


def _grading_job(evaluation: Evaluation) -> Advice | None:
    """For suites that grade similarity, where the order of scores is what counts."""
    ranked = sorted(
        (
            (model.main.rank_correlation, model)
            for model in evaluation.models
            if model.objective != "relevance" and model.main.rank_correlation is not None
        ),
        key=lambda one: -one[0].value,
    )
    if not ranked:
        return None
    best, model = ranked[0]
    equals = [f"`{other.name}`" for found, other in ranked[1:] if found.high is None or found.high >= (best.low or 1)]
    also = f" Within the intervals as good: {listed(equals)}." if equals else ""
    return Advice(
        job="Grading how alike two texts are",
        answer=f"`{model.name}` orders these pairs best.",
        evidence=f"Spearman's correlation of its scores with the gold grades is {estimate(best)}.{also}",
        limits="",
    )


def _where_it_fails(failures: Sequence[Failing]) -> str:
    """At most three categories that fail; empty where none does."""
    failing = [one for one in failures if rules().is_failing(one.failure)]
    if not failing:
        return ""
    named = [
        f"{category_title(one.category).pairs} ({percent(one.failure.value)} wrong, "
        f"{percent_range(one.failure.low, one.failure.high)})"
        for one in failing[:_NAMED_FAILURES]
    ]
    more = len(failing) - len(named)
    return f"It fails on {listed([*named, *([plural(more, 'other category')] if more else [])])}."


def _best_at_labels(evaluation: Evaluation) -> tuple[ModelResult, NliResult, Rate] | None:
    labelled = [
        (model, model.nli, model.nli.accuracy_forward)
        for model in evaluation.models
        if model.nli is not None and model.nli.accuracy_forward is not None
    ]
    return max(labelled, key=lambda one: one[2].value, default=None)


def _support_job(evaluation: Evaluation) -> Advice | None:
    best = _best_at_labels(evaluation)
    if best is None:
        return None
    model, nli, right = best
    equals = [
        f"`{other.name}`"
        for other in evaluation.models
        if other is not model
        and other.nli
        and other.nli.accuracy_forward
        and overlap(other.nli.accuracy_forward, right)
    ]
    evidence = [f"It gives {counted(right)} of the pairs their gold label."]
    if nli.contradiction_found is not None:
        evidence.append(f"Of the contradictions it finds {counted(nli.contradiction_found)}.")
    if nli.hedging_detected is not None:
        evidence.append(f"It does not take a hedge for a fact in {counted(nli.hedging_detected)}.")
    if equals:
        evidence.append(f"Within the intervals as good: {listed(equals)}.")
    wrong = [
        Failing(category=one.category, failure=opposite(one.accuracy_forward))
        for one in nli.categories
        if one.accuracy_forward is not None
    ]
    return Advice(
        job="Checking whether a source supports or contradicts a claim",
        answer={
            ALONE: f"Use the labels of `{model.name}`: on pairs like these it can decide by itself.",
            HELPS: f"Use the labels of `{model.name}`, and look twice at decisions that matter.",
            WEAK: f"No model here should decide by itself; the labels of `{model.name}` come closest.",
            FEW: f"Too few pairs to say; the labels of `{model.name}` come first on these.",
        }[rules().strength(right)],
        evidence=" ".join(evidence),
        limits=_where_it_fails(sorted(wrong, key=lambda one: -one.failure.value)),
    )


def _candidates_job(evaluation: Evaluation) -> Advice | None:
    ranked = sorted(
        (
            (figures.auc, model)
            for model in evaluation.models
            if model.kind == "bi_encoder"
            and (figures := model.main.category(NEGATIVE_CONTROL)) is not None
            and figures.auc is not None
        ),
        key=lambda one: -one[0].value,
    )
    if not ranked:
        return None
    auc, best = ranked[0]
    equals = [f"`{model.name}`" for other, model in ranked[1:] if number(other.value, 3) == number(auc.value, 3)]
    also = f" So {'does' if len(equals) == 1 else 'do'} {listed(equals)}." if equals else ""
    together = model_failure(evaluation, best)
    return Advice(
        job="Finding candidates among many texts",
        answer=f"Use `{best.name}` as a first stage."
        if _fewest_controls(evaluation) >= rules().few
        else f"Too few pairs to say; `{best.name}` comes first on these.",
        evidence=f"It scores a paraphrase above an unrelated pair {_times(auc)}.{also}",
        limits=""
        if together is None
        else f"It must not have the last word: of the look-alikes it passes {counted(together)}.",
    )


def _fewest_controls(evaluation: Evaluation) -> int:
    """Pairs of the smaller kind of control; where a suite has no positive controls, its duplicates stand for them."""
    found = {facts.name: facts.n for facts in evaluation.suite.categories}
    duplicates = sum(facts.duplicates for facts in evaluation.suite.categories)
    return min(found.get(POSITIVE_CONTROL, duplicates), found.get(NEGATIVE_CONTROL, 0))


def _times(auc: Estimate) -> str:
    """`"every time (97 to 100 in 100)"`."""
    often = "every time" if number(auc.value, 3) == "1.000" else f"{number(auc.value * 100, 1)} times in 100"
    if auc.low is None or auc.high is None:
        return often
    return f"{often} ({number(auc.low * 100, 0)} to {number(auc.high * 100, 0)} in 100)"


def model_failure(evaluation: Evaluation, model: ModelResult) -> Rate | None:
    """The main reading's failure rate over all look-alikes, at the threshold that the model is described at."""
    name, together = usual_threshold(evaluation, model), model.main.adversarial
    return None if together is None or name is None else together.failure.get(name)


def best_two_stages(evaluation: Evaluation) -> TwoStages | None:
    """The two stages that keep most paraphrases and pass fewest look-alikes; of equals, the first."""
    measured = [one for one in evaluation.two_stages if one.look_alikes_passed is not None]
    return max(measured, key=_two_stage_balance, default=None)


def _two_stage_balance(stages: TwoStages) -> float:
    assert stages.look_alikes_passed is not None
    return stages.positives_kept.value - stages.look_alikes_passed.value


def _two_stage_job(evaluation: Evaluation) -> Advice | None:
    best = best_two_stages(evaluation)
    if best is None or best.look_alikes_passed is None or best.look_alikes_passed_first is None:
        return None
    design = (
        f"`{best.first}` pass what it scores at {number(best.first_threshold)} or more, and let `{best.second}` decide "
        f"at {number(best.second_threshold)}"
    )
    return Advice(
        job="Both in turn: find candidates, then judge them",
        answer={
            ALONE: f"Let {design}.",
            HELPS: f"Let {design}; look twice at decisions that matter.",
            WEAK: f"No two models here should decide by themselves; the closest: let {design}.",
            FEW: f"Too few pairs to say; first on these: let {design}.",
        }[rules().strength(best.positives_kept, opposite(best.look_alikes_passed))],
        evidence=(
            f"Together they keep {counted(best.positives_kept)} of the paraphrases and pass "
            f"{counted(best.look_alikes_passed)} of the look-alikes, where the first stage alone passes "
            f"{percent(best.look_alikes_passed_first.value)}."
        ),
        limits=f"What the second stage gets wrong stays wrong. It has to read {_second_reads(best)}.",
    )


def _second_reads(stages: TwoStages) -> str:
    """How much work the first stage leaves; in a suite of look-alikes that is most, among unrelated texts little."""
    all_pairs = f"{percent(stages.asked.value)} of these pairs, most of which are look-alikes"
    unrelated = stages.unrelated_passed_first
    return all_pairs if unrelated is None else f"{all_pairs}, but {counted(unrelated)} of the unrelated ones"


def _relevance_job(evaluation: Evaluation) -> Advice | None:
    models = [model for model in evaluation.models if model.objective == "relevance"]
    if not models:
        return None
    named = listed([f"`{model.name}`" for model in models])
    together = [
        f"`{model.name}` scores a paraphrase above a look-alike {_times(model.main.adversarial.auc)}"
        for model in models
        if model.main.adversarial is not None and model.main.adversarial.auc is not None
    ]
    return Advice(
        job="Ordering passages by how well they answer a query",
        answer=f"These pairs do not measure it. Trained for it: {named}.",
        evidence=f"{listed(together)}." if together else "",
        limits="A relevance score says that a passage is about the query, not that both agree: no test for duplicates.",
    )


# ----------------------------------------------------------------------------------------------------------- portraits


def _portrait(evaluation: Evaluation, model: ModelResult) -> str:
    sentences = [_decision_sentence(evaluation, model)]
    same = {facts.name for facts in evaluation.suite.categories if facts.duplicates == facts.n}
    failures = [one for one in category_failures(evaluation, model) if one.category not in same]
    failing = [one for one in failures if rules().is_failing(one.failure)]
    holding = [one for one in failures if rules().is_holding(one.failure)]
    most = [one for one in failing if one.failure.value >= rules().most]
    every = {facts.name for facts in evaluation.suite.categories if facts.role == "adversarial"}
    some = [one for one in failing if one.failure.value < rules().most]
    if len(every) > _NAMED_FAILURES and every <= {one.category for one in most}:
        alike = [one.failure for one in most if one.category in every]
        sentences.append(f"It gets most of every kind of look-alike wrong ({_spread(alike)}).")
        most = [one for one in most if one.category not in every]
    if most:
        sentences.append(f"It gets most of these wrong: {_categories(most)}.")
    if some:
        sentences.append(f"It {'also ' if most else ''}fails on {_categories(some)}.")
    if holding:
        sentences.append(f"It holds on {listed([category_title(one.category).pairs for one in holding])}.")
    if model.pooled_as is None and model.not_pooled_because:
        sentences.append(f"It is not pooled with others: {model.not_pooled_because}.")
    return " ".join(sentence for sentence in sentences if sentence)


def _categories(found: Sequence[Failing]) -> str:
    return listed([f"{category_title(one.category).pairs} ({percent(one.failure.value)})" for one in found])


def _decision_sentence(evaluation: Evaluation, model: ModelResult) -> str:
    name = usual_threshold(evaluation, model)
    decided = model.main.decisions.get(name) if name is not None else None
    if name is None or decided is None:
        right = model.nli.accuracy_forward if model.nli is not None else None
        return "" if right is None else f"It gives {counted(right)} of the pairs their gold label."
    parts = []
    if decided.recall is not None:
        parts.append(f"keeps {counted(decided.recall)} of the duplicates")
    if decided.specificity is not None:
        parts.append(f"tells {counted(decided.specificity)} of the others apart")
    return f"At {shown_threshold(model, name)}, it {listed(parts)}." if parts else ""
