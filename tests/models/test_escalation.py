"""A fitted threshold keeps the share of equal decisions that was asked for, and no lower one does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossjudge.backends.exits import confidence, first_sure
from crossjudge.errors import InputError
from crossjudge.models.escalation import fit_escalation, fit_exits, most_differences, pairs_needed
from crossjudge.models.parity import decisions
from crossjudge.types import FloatArray

N_PAIRS = 300


def two_models(seed: int, num_labels: int, noise: float, *, coarse: bool) -> tuple[FloatArray, FloatArray]:
    """A strong model's logits, and a cheap one's that are those and noise; `coarse`: with many ties."""
    random = np.random.default_rng(seed)
    strong = random.normal(0, 2, (N_PAIRS, num_labels)).astype(np.float32)
    cheap = strong + random.normal(0, noise, strong.shape).astype(np.float32)
    return (np.round(cheap) if coarse else cheap), strong


def agreement_at(threshold: float, cheap: FloatArray, strong: FloatArray) -> float:
    kept = confidence(cheap) >= threshold
    return float(((decisions(cheap) == decisions(strong)) | ~kept).mean())


CASES = st.tuples(st.integers(0, 999), st.sampled_from([1, 2, 3]), st.sampled_from([0.0, 0.5, 3.0]))


@settings(max_examples=60, deadline=None)
@given(CASES, st.booleans(), st.sampled_from([0.99, 0.95, 0.8]))
def test_it_is_the_lowest_threshold_that_keeps_the_agreement(
    case: tuple[int, int, float], coarse: bool, agreement: float
) -> None:
    cheap, strong = two_models(*case, coarse=coarse)
    threshold = fit_escalation(cheap, strong, agreement=agreement, confidence_level=None)
    assert agreement_at(threshold, cheap, strong) >= agreement
    if threshold > 0:
        lower = np.nextafter(threshold, 0)
        assert agreement_at(lower, cheap, strong) < agreement


@settings(max_examples=40, deadline=None)
@given(CASES, st.sampled_from([0.99, 0.95, 0.8]))
def test_exits_together_keep_the_agreement(case: tuple[int, int, float], agreement: float) -> None:
    seed, num_labels, noise = case
    nearer, full = two_models(seed, num_labels, noise, coarse=False)
    farther = nearer + np.random.default_rng(seed + 1).normal(0, noise, full.shape).astype(np.float32)
    thresholds = fit_exits([farther, nearer], full, agreement=agreement)
    answers = first_sure([farther, nearer, full], thresholds)
    assert (decisions(answers) == decisions(full)).mean() >= agreement


def test_equal_models_escalate_nothing() -> None:
    _, strong = two_models(1, 3, 0.0, coarse=False)
    assert fit_escalation(strong, strong, agreement=0.99) == 0.0
    assert fit_exits([strong, strong], strong, agreement=0.99) == (0.0, 0.0)


def test_a_cheap_model_that_is_sure_and_wrong_is_never_trusted() -> None:
    strong = np.tile(np.array([[5.0, 0.0]], dtype=np.float32), (N_PAIRS, 1))
    threshold = fit_escalation(strong[:, ::-1] * 20, strong, agreement=0.99)
    assert threshold > 1.0
    assert agreement_at(threshold, strong[:, ::-1] * 20, strong) == 1.0


@pytest.mark.parametrize(("agreement", "needed"), [(0.995, 598), (0.99, 299), (0.9, 29)])
def test_too_few_pairs_are_refused_with_the_number_that_is_needed(agreement: float, needed: int) -> None:
    assert pairs_needed(agreement) == needed
    logits = np.zeros((needed - 1, 3), dtype=np.float32)
    with pytest.raises(InputError, match=f"at least {needed} are needed"):
        fit_escalation(logits, logits, agreement=agreement)
    enough = np.zeros((needed, 3), dtype=np.float32)
    assert fit_escalation(enough, enough, agreement=agreement) == 0.0


@pytest.mark.parametrize("agreement", [0.0, 1.0, 1.5, float("nan")])
def test_an_agreement_that_cannot_be_fitted_is_refused(agreement: float) -> None:
    logits = np.zeros((N_PAIRS, 3), dtype=np.float32)
    with pytest.raises(InputError, match="above 0 and below 1"):
        fit_escalation(logits, logits, agreement=agreement)


def test_logits_that_are_not_of_the_same_pairs_are_refused() -> None:
    logits = np.zeros((N_PAIRS, 3), dtype=np.float32)
    with pytest.raises(InputError, match="same pairs and labels"):
        fit_escalation(logits[1:], logits, agreement=0.9)
    with pytest.raises(InputError, match="finite"):
        fit_escalation(np.full_like(logits, np.nan), logits, agreement=0.9)


@pytest.mark.parametrize("num_labels", [1, 2, 5])
def test_confidence_is_the_best_labels_probability(num_labels: int) -> None:
    logits, _ = two_models(3, num_labels, 0.0, coarse=False)
    wide = logits.astype(np.float64)
    if num_labels == 1:
        positive = 1 / (1 + np.exp(-wide[:, 0]))
        expected = np.maximum(positive, 1 - positive)
    else:
        expected = (np.exp(wide) / np.exp(wide).sum(axis=1, keepdims=True)).max(axis=1)
    np.testing.assert_allclose(confidence(logits), expected, rtol=1e-12)


def test_the_agreement_holds_for_other_pairs_as_often_as_was_asked() -> None:
    """Fitted on 300 pairs with 95% confidence, 100 times; the truth is what 30,000 others say."""
    n_fits, agreement, kept = 100, 0.95, 0
    strong = np.random.default_rng(0).normal(0, 2, (30_000, 3)).astype(np.float32)
    cheap = strong + np.random.default_rng(1).normal(0, 1, strong.shape).astype(np.float32)
    for seed in range(n_fits):
        rows = np.random.default_rng(seed + 2).choice(len(strong), N_PAIRS, replace=False)
        kept += agreement_at(fit_escalation(cheap[rows], strong[rows], agreement=agreement), cheap, strong) >= agreement
    assert kept >= 90, f"the agreement held {kept} times of {n_fits}"


@pytest.mark.parametrize(
    ("n_pairs", "differences"), [(597, -1), (598, 0), (946, 0), (947, 1), (1_258, 2), (1_000_000, 4_883)]
)
def test_how_many_may_differ_is_the_exact_binomial_bound(n_pairs: int, differences: int) -> None:
    assert most_differences(n_pairs, 0.995, 0.95) == differences
