"""Scores from raw outputs: each rule is its formula, and says so."""

from __future__ import annotations

import math

import numpy as np
import pytest

from crossjudge.evaluation.normalise import (
    NLI_COLUMNS,
    cosine_rules,
    nli_rules,
    single_logit_rules,
    two_logit_rules,
)


def column(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float32)[:, None]


def test_a_cosine_is_a_score_and_below_zero_nothing_is_alike() -> None:
    (rule,) = cosine_rules()
    assert rule.apply(column(-0.2, 0.0, 0.75, 1.0)) == pytest.approx([0, 0, 0.75, 1])
    assert "identity" in rule.formula


@pytest.mark.parametrize("objective", ["duplicate", "relevance", None])
def test_a_logit_becomes_a_score_by_the_sigmoid(objective: str | None) -> None:
    main = single_logit_rules(objective=objective, activation=None, temperature=1.0)[0]
    assert main.apply(column(0.0, 2.0, -40.0)) == pytest.approx([0.5, 1 / (1 + math.exp(-2)), math.exp(-40)])
    assert main.formula == "sigmoid of the logit"


def test_scores_do_not_tie_where_float32_would() -> None:
    main = single_logit_rules(objective="duplicate", activation="sigmoid", temperature=1.0)[0]
    saturated = main.apply(column(20.0, 25.0, 30.0))
    assert len(set(saturated)) == 3


def test_a_similarity_model_answers_from_0_to_1_and_the_studys_division_stands_beside_it() -> None:
    ours, study = single_logit_rules(objective="similarity", activation="sigmoid", temperature=1.0)
    logits = column(3.0, -3.0)
    assert study.apply(logits) == pytest.approx(ours.apply(logits) / 5)
    assert (ours.origin, study.origin) == ("ours", "study")
    assert study.apply(column(50.0)).max() <= 0.2, "so that no threshold of 0.5 or 0.8 is ever reached"


def test_a_similarity_model_with_a_scale_of_its_own_keeps_it() -> None:
    ours, study = single_logit_rules(objective="similarity", activation="identity", temperature=1.0)
    assert ours.apply(column(0.4, 1.3)) == pytest.approx([0.4, 1.0])
    assert study.apply(column(4.0)) == pytest.approx([0.8])
    assert "identity" in ours.formula


def test_relevance_is_shown_as_logit_too_to_which_no_threshold_applies() -> None:
    sigmoid, logit = single_logit_rules(objective="relevance", activation="identity", temperature=1.0)
    assert (sigmoid.has_thresholds, logit.has_thresholds) == (True, False)
    assert logit.apply(column(9.2, -4.0)) == pytest.approx([9.2, -4.0])


def test_two_logits_are_one_probability() -> None:
    (rule,) = two_logit_rules(1, 0, labels=("duplicate", "not_duplicate"))
    raw = np.array([[0.0, 0.0], [1.0, 3.0]], dtype=np.float32)
    assert rule.apply(raw) == pytest.approx([0.5, 1 / (1 + math.exp(-2))])
    assert "'duplicate'" in rule.formula


def test_mutual_entailment_is_the_weaker_direction() -> None:
    mutual, forward, backward = nli_rules(temperature=1.0)
    raw = np.zeros((2, len(NLI_COLUMNS)), dtype=np.float32)
    raw[0, NLI_COLUMNS.index("forward entailment")] = 3
    raw[1, NLI_COLUMNS.index("backward entailment")] = 3
    strong = math.exp(3) / (math.exp(3) + 2)
    assert forward.apply(raw) == pytest.approx([strong, 1 / 3])
    assert backward.apply(raw) == pytest.approx([1 / 3, strong])
    assert mutual.apply(raw) == pytest.approx([1 / 3, 1 / 3])


def test_a_calibrated_temperature_is_applied_and_stated() -> None:
    mutual = nli_rules(temperature=2.0)[0]
    raw = np.tile(np.array([4.0, 0.0, 0.0], dtype=np.float32), (1, 2))
    assert mutual.apply(raw) == pytest.approx([math.exp(2) / (math.exp(2) + 2)])
    assert "temperature 2" in mutual.formula
    assert "temperature" not in nli_rules(temperature=1.0)[0].formula
