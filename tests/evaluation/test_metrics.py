"""Figures of one model: what is a failure, which threshold is its own, and what its labels found."""

from __future__ import annotations

import numpy as np
import pytest

from crossjudge.evaluation.gold import Gold, read_gold
from crossjudge.evaluation.known_sets import GradedPair
from crossjudge.evaluation.metrics import best_threshold, decisions_at, nli_result, reading_result
from crossjudge.evaluation.normalise import ScoreRule
from crossjudge.evaluation.results import BEST, ReadingResult
from crossjudge.evaluation.statistics import Bootstrap
from crossjudge.evaluation.suite import SuitePair
from crossjudge.objectives.nli import NLI

RULE = ScoreRule(name="score", formula="as it is", apply=lambda raw: raw[:, 0].astype(np.float64))


def gold(*rows: tuple[str, bool | None], labels: tuple[str | None, str | None] = (None, None)) -> Gold:
    pairs = [
        SuitePair(str(place), category, "a", "b", *labels, duplicate)
        for place, (category, duplicate) in enumerate(rows)
    ]
    return read_gold(pairs)


CONTROLS = [("positive_control", True)] * 4 + [("negative_control", False)] * 4


def read(scores: list[float], of: Gold, rule: ScoreRule = RULE) -> ReadingResult:
    return reading_result(rule, np.array(scores), of, thresholds=(0.5, 0.8), bootstrap=Bootstrap(resamples=100, seed=0))


# Failures


def test_a_pair_that_is_no_duplicate_fails_at_the_threshold_and_a_duplicate_below_it() -> None:
    rows = [("negation", False)] * 4 + [("positive_control", True)] * 2
    found = read([0.5, 0.49, 0.8, 0.9, 0.5, 0.79], gold(*rows))
    negation, positive = found.category("negation"), found.category("positive_control")
    assert {name: rate.count for name, rate in negation.failure.items()} == {"0.5": 3, "0.8": 2}
    assert {name: rate.count for name, rate in positive.failure.items()} == {"0.5": 0, "0.8": 2}


def test_a_category_of_both_kinds_fails_pair_by_pair() -> None:
    found = read([0.9, 0.9, 0.1], gold(("mixed", True), ("mixed", False), ("mixed", None)))
    assert (found.category("mixed").failure["0.5"].count, found.category("mixed").failure["0.5"].n) == (1, 2)


def test_pairs_that_nobody_called_duplicate_or_not_have_no_failures() -> None:
    found = read([0.9, 0.1], gold(("open", None), ("open", None)))
    assert found.category("open").failure == {}
    assert (found.category("open").auc, found.adversarial, found.decisions) == (None, None, {})
    assert found.category("open").mean.value == pytest.approx(0.5)


def test_the_adversarial_pairs_are_the_non_duplicates_without_the_negative_controls() -> None:
    of = gold(*CONTROLS, ("negation", False), ("hedging", False), ("mixed", True), ("mixed", False))
    found = read([0.9] * 12, of)
    assert found.adversarial.n == 3
    assert found.adversarial.failure["0.5"].count == 3


def test_a_score_without_thresholds_has_figures_and_no_failures() -> None:
    logits = ScoreRule(name="logit", formula="", apply=RULE.apply, has_thresholds=False)
    found = read([9.0] * 4 + [-3.0] * 4, gold(*CONTROLS), logits)
    assert found.category("negative_control").failure == {}
    assert found.category("negative_control").auc.value == 1.0
    assert (found.best_threshold, found.decisions) == (None, {})


# The model's own threshold


def test_the_own_threshold_is_the_middle_of_the_gap_between_the_controls() -> None:
    found = best_threshold(np.array([0.9, 0.8, 0.7, 0.6, 0.1, 0.2, 0.3, 0.3]), gold(*CONTROLS))
    assert (found.low, found.high) == (0.3, 0.6)
    assert found.value == pytest.approx(0.45)
    assert found.balanced_accuracy == 1.0


def test_the_own_threshold_weighs_both_kinds_of_control_alike() -> None:
    rows = [("positive_control", True)] * 2 + [("negative_control", False)] * 20
    scores = np.array([0.9, 0.4, *[0.1] * 18, 0.5, 0.6])
    found = best_threshold(scores, gold(*rows))
    assert 0.1 < found.value <= 0.4, "two of twenty false alarms weigh less than one of two misses"
    assert found.balanced_accuracy == pytest.approx((1 + 0.9) / 2)


def test_no_other_pair_moves_the_own_threshold() -> None:
    of = gold(*CONTROLS, *[("negation", False)] * 50)
    controls = [0.9, 0.8, 0.7, 0.6, 0.1, 0.2, 0.3, 0.3]
    low, high = (best_threshold(np.array([*controls, *[at] * 50]), of) for at in (0.0, 1.0))
    assert low == high
    assert read([*controls, *[0.44] * 50], of).category("negation").failure[BEST].count == 0
    assert read([*controls, *[0.46] * 50], of).category("negation").failure[BEST].count == 50


@pytest.mark.parametrize("rows", [CONTROLS[:4], CONTROLS[4:], [("negation", False)]])
def test_without_both_controls_there_is_no_own_threshold(rows: list[tuple[str, bool]]) -> None:
    assert best_threshold(np.linspace(0, 1, len(rows)), gold(*rows)) is None


def test_a_score_that_says_nothing_still_gives_a_threshold_and_says_how_little_it_tells() -> None:
    assert best_threshold(np.full(8, 0.7), gold(*CONTROLS)).balanced_accuracy == 0.5


# Ranking


def test_auc_is_against_the_positive_controls_or_else_every_duplicate() -> None:
    rows = [("positive_control", True), ("other", True), ("negation", False)]
    assert read([0.9, 0.1, 0.5], gold(*rows)).category("negation").auc.value == 1.0
    assert read([0.1, 0.5], gold(("other", True), ("negation", False))).category("negation").auc.value == 0.0
    assert read([0.9, 0.1, 0.5], gold(*rows)).category("positive_control").auc is None


def test_graded_similarity_is_compared_by_rank() -> None:
    graded = read_gold(GradedPair(str(n), "all", "a", "b", score=n / 20) for n in range(20))
    found = read([(n / 20) ** 3 for n in range(20)], graded)
    assert found.rank_correlation.value == pytest.approx(1.0)
    noisy = read(list(np.random.default_rng(0).random(20)), graded).rank_correlation
    assert -1 < noisy.low < noisy.value < noisy.high < 1
    assert read([0.5] * 8, gold(*CONTROLS)).rank_correlation is None


# Decisions


def test_decisions_are_counted_over_every_pair_with_a_flag() -> None:
    found = decisions_at(
        np.array([0.9, 0.9, 0.1, 0.1, 0.9]), gold(*[("x", True)] * 2, *[("x", False)] * 2, ("x", None)), 0.5
    )
    assert (found.accuracy.value, found.accuracy.n, found.f1) == (1.0, 4, 1.0)
    nothing = decisions_at(np.array([0.1, 0.1]), gold(("x", True), ("x", False)), 0.5)
    assert (nothing.precision, nothing.recall.value, nothing.specificity.value, nothing.f1) == (None, 0.0, 1.0, 0.0)


# Labels


def says(*labels: str) -> np.ndarray:
    """Probabilities of a model that is fairly sure of each of these labels."""
    return np.array([[0.8 if one == label else 0.1 for one in NLI.labels] for label in labels])


def labelled(*rows: tuple[str, str | None, str | None], two_way: bool = False) -> Gold:
    pairs = [SuitePair(str(n), category, "a", "b", there, back) for n, (category, there, back) in enumerate(rows)]
    return read_gold(pairs, two_way=two_way)


def test_labels_are_right_or_wrong_in_each_direction() -> None:
    of = labelled(
        ("negation", "contradiction", "contradiction"),
        ("negation", "contradiction", "contradiction"),
        ("hedging", "entailment", "neutral"),
        ("hedging", "neutral", "entailment"),
    )
    found = nli_result(
        says("contradiction", "neutral", "entailment", "entailment"),
        says("contradiction", "entailment", "entailment", "entailment"),
        of,
    )
    assert (found.accuracy_forward.count, found.accuracy_backward.count) == (2, 2)
    assert (found.contradiction_found.count, found.contradiction_found.n) == (2, 4)
    assert (found.hedging_detected.count, found.hedging_detected.n) == (0, 2)
    assert (found.category("negation").non_entailment_found.count, found.category("negation").both_entailed.count) == (
        3,
        0,
    )
    assert found.category("hedging").contradiction_found is None
    assert found.category("hedging").entailment_found.count == 2
    assert found.confusion_forward["contradiction"] == {"entailment": 0, "contradiction": 1, "neutral": 1}
    assert sum(sum(row.values()) for row in found.confusion_backward.values()) == 4


def test_both_directions_entailed_is_a_duplicate_rule() -> None:
    pairs = [SuitePair("1", "x", "a", "b", duplicate=True), SuitePair("2", "x", "a", "b", duplicate=False)]
    found = nli_result(says("entailment", "entailment"), says("entailment", "neutral"), read_gold(pairs))
    assert found.duplicate_rule.threshold is None
    assert (found.duplicate_rule.accuracy.value, found.duplicate_rule.f1) == (1.0, 1.0)
    assert found.accuracy_forward is None
    assert found.confusion_forward == {}


def test_where_gold_is_two_way_neutral_and_contradiction_are_the_same_no() -> None:
    of = labelled(("x", "neutral", None), ("x", "neutral", None), ("x", "entailment", None), two_way=True)
    torn = np.array([[0.45, 0.30, 0.25]])
    found = nli_result(np.concatenate([says("contradiction"), torn, says("entailment")]), says(*["neutral"] * 3), of)
    assert found.accuracy_forward.value == 1.0, "0.45 for entailment is 0.55 against it"
    assert found.contradiction_found is None
    assert set(found.confusion_forward) == {"entailment", "not_entailment"}


def test_confidence_that_comes_true_is_calibrated() -> None:
    of = labelled(*[("x", "entailment", None)] * 8, *[("x", "neutral", None)] * 2)
    assert nli_result(says(*["entailment"] * 10), says(*["neutral"] * 10), of).calibration_error == pytest.approx(
        0.0, abs=1e-6
    )
