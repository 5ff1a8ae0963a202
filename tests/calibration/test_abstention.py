"""The promise of a threshold holds as often as it says, and a refusal counts right."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.calibration.abstention import Budget, fit_abstention
from crossjudge.calibration.binomial import answers_needed, chance_of_at_most, clopper_pearson, fewest_answers
from crossjudge.errors import InputError

BUDGET = Budget(target_error=0.1, confidence=0.9)


@given(st.integers(0, 30), st.integers(1, 30), st.floats(0.01, 0.99))
def test_chances_are_those_of_the_binomial(count: int, n: int, rate: float) -> None:
    exact = sum(math.comb(n, k) * rate**k * (1 - rate) ** (n - k) for k in range(min(count, n) + 1))
    assert chance_of_at_most(count, n, rate) == pytest.approx(exact, abs=1e-9)


def test_exact_intervals_are_scipys() -> None:
    stats = pytest.importorskip("scipy.stats")
    for count, n in ((0, 7), (3, 20), (20, 20), (412, 1000)):
        theirs = stats.binomtest(count, n).proportion_ci(method="exact")
        assert clopper_pearson(count, n) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


@pytest.mark.parametrize(("target", "confidence"), [(0.05, 0.95), (0.1, 0.9), (0.01, 0.99), (0.2, 0.5)])
def test_the_fewest_answers_show_it_and_one_less_does_not(target: float, confidence: float) -> None:
    n = fewest_answers(target_error=target, confidence=confidence)
    assert chance_of_at_most(0, n, target) <= 1 - confidence < chance_of_at_most(0, n - 1, target)


def test_as_many_answers_as_are_said_to_be_needed_show_it() -> None:
    n = answers_needed(0.03, target_error=0.05, confidence=0.95)
    assert n is not None
    assert chance_of_at_most(math.ceil(0.03 * n), n, 0.05) <= 0.05
    assert answers_needed(0.05, target_error=0.05, confidence=0.95) is None


def wrong_share(sure: np.ndarray) -> np.ndarray:
    """How often a pair of that confidence is answered wrongly; it does not always fall with it."""
    return 0.3 * (1 - sure) + 0.08 * np.sin(9 * sure) ** 2 * (sure < 0.8)


def drawn(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    sure = rng.random(n)
    return sure, rng.random(n) >= wrong_share(sure)


def test_the_promise_is_broken_no_oftener_than_it_says() -> None:
    """In 200 worlds; by chance alone, more than 32 of them would break a promise of 90% once in 10,000 times."""
    grid = np.linspace(0, 1, 10_001)
    broken = fitted = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        try:
            found = fit_abstention(drawn(rng, 300), drawn(rng, 300), BUDGET)
        except InputError:
            continue
        fitted += 1
        broken += wrong_share(grid[grid >= found.abstain_below]).mean() > BUDGET.target_error
    assert chance_of_at_most(32, 200, 0.1) > 0.99
    assert broken <= 32
    assert fitted > 100


def test_a_threshold_states_what_it_did_on_the_pairs_that_tested_it() -> None:
    sure, right = drawn(np.random.default_rng(0), 2_000)
    found = fit_abstention((sure[:1000], right[:1000]), (sure[1000:], right[1000:]), BUDGET)
    answered = sure[1000:] >= found.abstain_below
    assert found.coverage == answered.mean()
    assert found.error == (~right[1000:][answered]).mean()
    assert found.error_low < found.error < found.error_high
    assert chance_of_at_most(int((~right[1000:][answered]).sum()), int(answered.sum()), 0.1) <= 0.1


def test_who_is_right_anyway_answers_everything() -> None:
    sure, right = np.random.default_rng(0).random(300), np.ones(300, dtype=np.bool_)
    assert fit_abstention((sure, right), (sure, right), BUDGET).abstain_below == 0


def test_too_few_examples_are_refused_with_the_number_that_would_do() -> None:
    budget = Budget(target_error=0.05, confidence=0.95)
    with pytest.raises(InputError, match=r"there are 80 examples, and at least 118 are needed.*Label 38 more"):
        budget.check(80)
    budget.check(118)
    sure, right = np.linspace(0.5, 1, 59), np.ones(59, dtype=np.bool_)
    assert fit_abstention((sure, right), (sure, right), budget).coverage == 1
    with pytest.raises(InputError, match="do not show it"):
        fit_abstention((sure, right), (sure[1:], right[1:]), budget)


def test_the_refusal_s_count_would_do_if_errors_stay_as_they_are() -> None:
    sure, right = np.linspace(0.5, 1, 100), np.arange(100) % 13 != 0
    with pytest.raises(InputError, match=r"about (\d+) more examples would show it") as refused:
        fit_abstention((sure, right), (sure, right), BUDGET)
    more = int(re.search(r"about (\d+) more", str(refused.value))[1])
    times = math.ceil((200 + more) / 200)
    many = np.tile(sure, times), np.tile(right, times)
    assert fit_abstention(many, many, BUDGET).error <= BUDGET.target_error


def test_more_examples_of_the_hopeless_are_not_asked_for() -> None:
    sure, right = np.linspace(0.5, 1, 200), np.arange(200) % 2 == 0
    with pytest.raises(InputError, match="more examples like these would not help"):
        fit_abstention((sure, right), (sure, right), BUDGET)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, float("nan")])
def test_targets_and_confidences_are_shares(share: float) -> None:
    with pytest.raises(InputError, match="target_error is"):
        Budget(target_error=share, confidence=0.9)
    with pytest.raises(InputError, match="confidence is"):
        Budget(target_error=0.1, confidence=share)
