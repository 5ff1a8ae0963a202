"""The answer in words: it follows the figures, says how sure it is, and names what nobody measured."""

from __future__ import annotations

from dataclasses import replace

import pytest
from made_up_report import ALL_MODELS, made_up_pairs, made_up_report

from crossjudge.evaluation.rendering import findings
from crossjudge.evaluation.rendering.caveats import caveats
from crossjudge.evaluation.rendering.deciders import deciders
from crossjudge.evaluation.rendering.rules import ALONE, FEW, HELPS, WEAK, opposite, overlap, rules
from crossjudge.evaluation.rendering.titles import category_title, in_reading_order, metric_title, probe_title
from crossjudge.evaluation.rendering.words import Advice, answer
from crossjudge.evaluation.results import Evaluation, Rate
from crossjudge.evaluation.statistics import share


def job(evaluation: Evaluation, about: str) -> Advice | None:
    """The advice whose job has this word."""
    return next((one for one in answer(evaluation).advice if about in one.job), None)


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    return made_up_report(made_up_pairs(40)).evaluation


# --------------------------------------------------------------------------------------------------------------- rules


@pytest.mark.parametrize(
    ("right", "n", "strength"),
    [(100, 100, ALONE), (20, 20, HELPS), (80, 100, HELPS), (70, 100, WEAK), (8, 8, FEW), (1, 8, WEAK)],
)
def test_few_pairs_never_make_a_model_sure(right: int, n: int, strength: str) -> None:
    """Eight of eight right is a share of 1 whose interval reaches down to 0.68."""
    assert rules().strength(share(right, n)) == strength


def test_the_weaker_of_two_shares_decides() -> None:
    assert rules().strength(share(100, 100), share(10, 100)) == WEAK


def test_a_category_fails_only_surely() -> None:
    assert rules().is_failing(share(30, 100))
    assert not rules().is_failing(share(1, 4))


def test_what_is_lost_is_the_opposite_of_what_is_kept() -> None:
    kept = share(30, 40)
    lost = opposite(kept)
    assert (lost.count, lost.n, lost.value) == (10, 40, 0.25)
    assert lost.low <= lost.value <= lost.high
    again = opposite(lost)
    assert (again.count, again.value, again.low) == (kept.count, kept.value, pytest.approx(kept.low))


def test_overlap_is_symmetric() -> None:
    low, high = share(1, 50), share(49, 50)
    assert not overlap(low, high)
    assert not overlap(high, low)
    assert overlap(low, low)


# --------------------------------------------------------------------------------------------------------------- advice


def test_the_best_decider_is_the_one_advised(evaluation: Evaluation) -> None:
    ranked = deciders(evaluation)
    assert [one.balance for one in ranked] == sorted((one.balance for one in ranked), reverse=True)
    advice = job(evaluation, "say the same")
    assert ranked[0].name in advice.answer
    assert f"{ranked[0].kept.count} of {ranked[0].kept.n}" in advice.evidence


def test_better_figures_change_the_advice(evaluation: Evaluation) -> None:
    """Nothing is hard-coded: the loser's figures made perfect make it the winner."""
    worst = deciders(evaluation)[-1].model
    perfect = {
        name: replace(decided, recall=share(1000, 1000), specificity=share(1000, 1000))
        for name, decided in worst.main.decisions.items()
    }
    better = replace(worst, readings=(replace(worst.main, decisions=perfect), *worst.readings[1:]))
    models = tuple(better if model is worst else model for model in evaluation.models)
    advice = job(replace(evaluation, models=models), "say the same")
    assert f"Use `{worst.name}`" in advice.answer
    assert "by itself" in advice.answer


def test_relevance_models_are_never_advised_for_likeness(evaluation: Evaluation) -> None:
    assert "ranker" not in {one.model.name for one in deciders(evaluation)}
    advice = job(evaluation, "Ordering")
    assert "do not measure" in advice.answer
    assert "`ranker`" in advice.answer


def test_bi_encoders_come_first_and_never_last(evaluation: Evaluation) -> None:
    advice = job(evaluation, "candidates among")
    assert "first stage" in advice.answer
    assert "last word" in advice.limits


def test_two_stages_never_keep_more_than_the_first(evaluation: Evaluation) -> None:
    assert evaluation.two_stages
    for stages in evaluation.two_stages:
        assert stages.look_alikes_passed.count <= stages.look_alikes_passed_first.count
        assert stages.positives_kept.count <= stages.positives_kept.n
    advice = job(evaluation, "Both in turn")
    assert "reader" in advice.answer


def test_models_that_are_not_there_get_no_advice() -> None:
    only = made_up_report(models=("bi:small",), probes=False).evaluation
    assert job(only, "claim") is None
    assert job(only, "Both in turn") is None
    assert job(made_up_report(models=("twins",)).evaluation, "candidates") is None


def test_a_model_as_good_within_the_intervals_is_named() -> None:
    twin = made_up_report(models=("reader",)).evaluation
    double = replace(twin, models=(twin.models[0], replace(twin.models[0], name="second")))
    assert "Within the intervals as good: " in job(double, "say the same").evidence
    assert "`second`" in job(double, "claim").evidence


def test_of_few_pairs_nothing_is_claimed() -> None:
    few = made_up_report(made_up_pairs(3), ("all-MiniLM-L6-v2", "reader")).evaluation
    told = answer(few)
    for about in ("say the same", "candidates among", "Both in turn"):
        assert job(few, about).answer.startswith(("Too few pairs to say", "No "))
    assert "Use" not in " ".join(one.answer for one in told.advice)


def test_a_headline_says_where_the_best_is_not_surely_the_best() -> None:
    twin = made_up_report(models=("reader",)).evaluation
    double = replace(twin, models=(twin.models[0], replace(twin.models[0], name="second")))
    assert "`reader` tells look-alikes from duplicates no more surely than `second`" in answer(double).headline


def test_only_the_shipped_suites_are_said_to_be_made_to_fool(evaluation: Evaluation) -> None:
    told = "The pairs were made to fool models."
    assert not any(told in one for one in caveats(evaluation))
    shipped = replace(evaluation, suite=replace(evaluation.suite, name="stress"))
    assert any(told in one for one in caveats(shipped))


def test_a_headline_names_the_worst_category_of_the_best(evaluation: Evaluation) -> None:
    best = deciders(evaluation)[0]
    headline = answer(evaluation).headline
    assert best.name in headline
    if rules().is_failing(best.failures[0].failure):
        assert category_title(best.failures[0].category).pairs in headline
    else:
        assert "no category shows a clear failure" in headline


def test_without_gold_nothing_is_claimed() -> None:
    bare = [replace(pair, duplicate=None, nli_forward=None, nli_backward=None) for pair in made_up_pairs()]
    told = answer(made_up_report(bare, ("twins", "all-MiniLM-L6-v2")).evaluation)
    assert told.headline == "Without gold labels: how the scores are distributed"
    assert not told.advice


def test_every_model_has_its_portrait(evaluation: Evaluation) -> None:
    told = {one.model: one.text for one in answer(evaluation).portraits}
    assert list(told) == list(ALL_MODELS)
    assert all(told.values())
    assert "not pooled" in told["ranker"]


# ------------------------------------------------------------------------------------------------------------ headings


def test_headings_follow_the_figures(evaluation: Evaluation) -> None:
    found, decider = findings.hardest_category(evaluation)
    for other in deciders(evaluation):
        rates = [one.failure.value for one in other.failures if one.category == found.category]
        assert all(rate >= found.failure.value for rate in rates)
    assert decider.name in findings.failures_finding(evaluation) or not rules().is_failing(found.failure)
    assert "swapped" not in findings.probes_finding(evaluation)
    assert "10% of its answers when the two texts change places" in findings.probes_finding(evaluation)


def test_the_study_is_compared_by_intervals(evaluation: Evaluation) -> None:
    one = evaluation.beside[0]
    inside = replace(one, theirs=one.ours.value)
    outside = replace(one, ours=Rate(value=0.5, low=0.4, high=0.6, count=5, n=10), theirs=0.9)
    assert "1 of the study's 2" in findings.study_finding(replace(evaluation, beside=(inside, outside)))


def test_controls_are_read_last(evaluation: Evaluation) -> None:
    names = [facts.name for facts in in_reading_order(evaluation.suite.categories)]
    assert names[-2:] == ["negative_control", "positive_control"]


def test_what_is_not_in_the_book_is_called_by_its_name() -> None:
    assert category_title("house_rules").title == "House rules"
    assert category_title("negation").pairs == "negated pairs"
    assert metric_title("failure_rate@0.8") == "failure rate at 0.8"
    assert probe_title("surface_case") == "Does letter case matter?"
    assert probe_title("brand_new") == "brand new"
