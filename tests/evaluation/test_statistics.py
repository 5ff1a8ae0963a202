"""Statistics: each agrees with its definition, intervals with theory, and a million pairs with two thousand."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.evaluation.statistics import (
    GROUPS,
    LEVELS,
    Bootstrap,
    auc,
    histogram_auc,
    histogram_mean,
    histogram_median,
    histogram_sd,
    holm,
    mann_whitney,
    permutation_test,
    rate,
    to_levels,
)

BOOTSTRAP = Bootstrap(resamples=1_000, seed=0)
scores = st.lists(st.integers(0, 20).map(lambda whole: whole / 20), min_size=2, max_size=30).map(np.array)


def normal(n: int, *, mean: float = 0.5, sd: float = 0.1, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(mean, sd, n)


def counted(values: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """The histogram of values that each equal a level, `(1, n_levels)`."""
    return (values[:, None] == levels).sum(axis=0)[None].astype(np.float64)


# Definitions


@given(scores)
def test_a_statistic_of_a_histogram_is_the_statistic_of_its_values(values: np.ndarray) -> None:
    levels, _ = to_levels([values])
    counts = counted(values, levels)
    assert histogram_mean(counts, levels)[0] == pytest.approx(values.mean())
    assert histogram_sd(counts, levels)[0] == pytest.approx(values.std(ddof=1), abs=1e-9)
    assert histogram_median(counts, levels)[0] == pytest.approx(np.median(values))


@given(scores, scores)
def test_auc_is_the_share_of_pairs_in_the_right_order_and_ties_count_half(above: np.ndarray, below: np.ndarray) -> None:
    by_definition = np.mean([(a > b) + (a == b) / 2 for a, b in product(above, below)])
    assert auc(above, below) == pytest.approx(by_definition)
    assert auc(below, above) == pytest.approx(1 - by_definition)
    levels, _ = to_levels([above, below])
    assert histogram_auc(counted(above, levels), counted(below, levels))[0] == pytest.approx(by_definition)


@given(scores)
def test_effects_change_their_sign_with_the_order_of_the_groups(first: np.ndarray) -> None:
    second = first[::-1] ** 2
    there, back = BOOTSTRAP.cliffs_delta(first, second), BOOTSTRAP.cliffs_delta(second, first)
    assert there.value == pytest.approx(-back.value)
    assert there.low is not None
    assert there.low == pytest.approx(-back.high)
    forward, backward = BOOTSTRAP.cohens_d(first, second), BOOTSTRAP.cohens_d(second, first)
    assert (forward is None) == (backward is None)
    if forward is not None:
        assert forward.value == pytest.approx(-backward.value)


def test_cohens_d_is_the_difference_of_means_in_pooled_standard_deviations() -> None:
    first, second = np.array([1.0, 2.0, 3.0]), np.array([0.0, 1.0, 2.0])
    assert BOOTSTRAP.cohens_d(first, second).value == pytest.approx(1.0)
    assert BOOTSTRAP.cohens_d(np.ones(5), np.zeros(5)) is None, "nothing varies, so nothing can be measured in it"


def test_a_rate_has_its_wilson_interval() -> None:
    found = rate(np.array([True] * 5 + [False] * 95))
    assert (found.count, found.n, found.value) == (5, 100, 0.05)
    assert (found.low, found.high) == pytest.approx((0.0215, 0.1118), abs=1e-4)
    assert rate(np.zeros(10, dtype=bool)).high > 0.2, "none of ten is no proof of none"


# Intervals


def test_the_interval_of_a_mean_is_that_of_theory() -> None:
    values = normal(60)
    found = BOOTSTRAP.mean(values)
    half = 1.96 * values.std(ddof=1) / np.sqrt(60)
    assert found.value == values.mean()
    assert found.low == pytest.approx(values.mean() - half, abs=half / 5)
    assert found.high == pytest.approx(values.mean() + half, abs=half / 5)


def test_intervals_agree_with_scipys_bootstrap() -> None:
    stats = pytest.importorskip("scipy.stats")
    above, below = normal(40, mean=0.6), normal(35, seed=1)
    theirs = stats.bootstrap(
        (above, below),
        lambda a, b: (a[:, None] > b).mean() if a.ndim == 1 else auc(a, b),
        n_resamples=1_000,
        method="percentile",
        vectorized=False,
        rng=0,
    ).confidence_interval
    ours = BOOTSTRAP.auc(above, below)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.02)
    spread = stats.bootstrap((above,), lambda a: a.std(ddof=1), method="percentile", vectorized=False, rng=0)
    found = BOOTSTRAP.sd(above)
    assert (found.low, found.high) == pytest.approx(tuple(spread.confidence_interval), abs=0.005)


def test_19_of_20_intervals_hold_the_truth() -> None:
    held = 0
    for seed in range(300):
        found = BOOTSTRAP.mean(normal(50, seed=seed))
        held += found.low <= 0.5 <= found.high
    assert 0.90 <= held / 300 <= 0.98


def test_a_pair_is_drawn_with_both_its_scores() -> None:
    """A constant difference has no uncertainty, however much the scores vary."""
    first = normal(40)
    found = BOOTSTRAP.mean_difference(first + 0.1, first)
    assert (found.low, found.high) == pytest.approx((0.1, 0.1))


def test_many_pairs_cost_groups_and_levels_and_give_the_same_interval() -> None:
    n = 20 * GROUPS
    above, below = normal(n, mean=0.55), normal(n, seed=1)
    levels, (place, _) = to_levels([above, below])
    assert len(levels) <= LEVELS
    assert np.abs(levels[place] - above).mean() < 0.001
    mean = BOOTSTRAP.mean(above)
    half = 1.96 * 0.1 / np.sqrt(n)
    assert (mean.low, mean.high) == pytest.approx((above.mean() - half, above.mean() + half), abs=half / 4)
    area = BOOTSTRAP.auc(above, below)
    # Hanley and McNeil (1982).
    q1, q2 = area.value / (2 - area.value), 2 * area.value**2 / (1 + area.value)
    error = np.sqrt((area.value * (1 - area.value) + (n - 1) * (q1 + q2 - 2 * area.value**2)) / n**2)
    assert area.high - area.low == pytest.approx(2 * 1.96 * error, rel=0.15)
    assert area.low < area.value < area.high


def test_perfect_separation_of_few_pairs_is_not_certain() -> None:
    """No resample of separated scores overlaps, and yet the next pair may."""
    for n, lowest in ((10, 0.72), (1_000, 0.996)):
        found = BOOTSTRAP.auc(normal(n, mean=9), normal(n, seed=1))
        assert (found.value, found.high) == (1.0, pytest.approx(1.0))
        assert found.low == pytest.approx(lowest, abs=0.01)
        effect = BOOTSTRAP.cliffs_delta(normal(n, seed=1), normal(n, mean=9))
        assert (effect.value, effect.low) == (-1.0, pytest.approx(-1.0))
        assert effect.high == pytest.approx(1 - 2 * found.low)


def test_the_seed_makes_the_interval() -> None:
    values = normal(30)
    assert BOOTSTRAP.mean(values) == Bootstrap(resamples=1_000, seed=0).mean(values)
    assert BOOTSTRAP.mean(values) != Bootstrap(resamples=1_000, seed=1).mean(values)


def test_one_pair_has_no_interval() -> None:
    alone = np.array([0.3])
    assert (BOOTSTRAP.mean(alone).value, BOOTSTRAP.mean(alone).low) == (0.3, None)
    assert BOOTSTRAP.auc(alone, normal(5)).low is None


# Tests


def test_the_permutation_test_is_the_share_of_sign_flips_that_are_as_extreme() -> None:
    first = np.array([0.9, 0.8, 0.7, 0.4, 0.6, 0.5, 0.9, 0.3])
    second = np.array([0.1, 0.5, 0.6, 0.5, 0.2, 0.4, 0.7, 0.2])
    differences = first - second
    flips = np.array(list(product((-1, 1), repeat=len(first)))) @ differences
    exact = (np.abs(flips) >= abs(differences.sum()) - 1e-12).mean()
    found = permutation_test(first, second, permutations=9_999, seed=0)
    assert found == pytest.approx(exact, abs=0.01)
    assert found == permutation_test(second, first, permutations=9_999, seed=0)


def test_equal_scores_differ_by_chance_and_opposite_ones_do_not() -> None:
    same = normal(50)
    assert permutation_test(same, same, permutations=999, seed=0) == 1.0
    assert permutation_test(same + 1, same, permutations=999, seed=0) == 1 / 1_000
    many = normal(3 * GROUPS)
    assert permutation_test(many + 0.01, many, permutations=999, seed=0) == 1 / 1_000


def test_mann_whitney_is_scipys_and_says_nothing_of_constants() -> None:
    stats = pytest.importorskip("scipy.stats")
    first, second = normal(40, mean=0.55), normal(40, seed=1)
    theirs = stats.mannwhitneyu(first, second, method="asymptotic")
    assert mann_whitney(first, second) == (theirs.statistic, theirs.pvalue)
    assert theirs.statistic == pytest.approx(auc(first, second) * 1_600)
    assert mann_whitney(np.ones(4), np.ones(4)) == (8.0, 1.0)


def test_holm_is_the_textbook_example() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.9]) == [1.0, 1.0]


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_keeps_the_order_and_never_lowers_a_p(p_values: list[float]) -> None:
    corrected = holm(p_values)
    assert all(p <= after <= 1 for p, after in zip(p_values, corrected, strict=True))
    assert sorted(corrected) == [corrected[place] for place in np.argsort(p_values, kind="stable")]
