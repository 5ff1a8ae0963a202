"""Isotonic curves: the nearest rising function, order kept, never quite sure."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.calibration import IsotonicCurve, pool_adjacent_violators
from crossjudge.calibration.isotonic import fit_curve, fit_curves, label_log_odds, probabilities_of
from crossjudge.errors import InputError

ROWS = st.lists(st.tuples(st.integers(-4, 4), st.integers(0, 1)), min_size=1, max_size=12)


def by_brute_force(scores: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The minimax formula of isotonic regression: for each score, the highest of the lowest means around it."""
    return np.array(
        [
            max(
                min(values[(scores >= low) & (scores <= high)].mean() for high in scores[scores >= one])
                for low in scores[scores <= one]
            )
            for one in scores
        ]
    )


def sorted_rows(rows: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    scores, values = np.array(sorted(rows), dtype=np.float64).T
    return scores, values


@given(ROWS)
def test_pooling_equals_brute_force(rows: list[tuple[int, int]]) -> None:
    scores, values = sorted_rows(rows)
    assert pool_adjacent_violators(scores, values) == pytest.approx(by_brute_force(scores, values))


def test_pooling_equals_scikit_learn() -> None:
    isotonic = pytest.importorskip("sklearn.isotonic")
    rng = np.random.default_rng(0)
    scores = np.sort(rng.normal(size=500).round(2))
    values = (rng.random(500) < 1 / (1 + np.exp(-scores))).astype(np.float64)
    theirs = isotonic.IsotonicRegression().fit_transform(scores, values)
    assert pool_adjacent_violators(scores, values) == pytest.approx(theirs)


@given(ROWS)
def test_a_curve_rises_and_is_never_quite_sure(rows: list[tuple[int, int]]) -> None:
    scores, values = sorted_rows(rows)
    found = fit_curve(scores, values == 1)(np.linspace(-9, 9, 200))
    assert (np.diff(found) >= 0).all()
    assert 0 < found.min() <= found.max() < 1


def test_a_known_curve_is_found_again() -> None:
    rng = np.random.default_rng(0)
    odds = rng.uniform(-4, 4, 50_000)
    truth = 0.2 + 0.6 * (odds > 0)
    found = fit_curve(odds, rng.random(50_000) < truth)(np.array([-3.0, -1.0, 1.0, 3.0]))
    assert found == pytest.approx([0.2, 0.2, 0.8, 0.8], abs=0.03)


@pytest.mark.parametrize("num_labels", [2, 3])
def test_probabilities_sum_to_one_and_keep_the_order_of_the_score(num_labels: int) -> None:
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 2, (400, num_labels)).astype(np.float32)
    gold = (logits / 3 + rng.gumbel(size=logits.shape)).argmax(axis=1)
    probabilities = probabilities_of(logits, fit_curves(logits, gold))
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(400), abs=1e-6)
    assert (np.diff(probabilities[np.argsort(label_log_odds(logits)[:, 0]), 0]) >= 0).all()


@pytest.mark.parametrize(
    ("odds", "values"), [((), ()), ((1, 0), (0.1, 0.2)), ((0, 1), (0.2, 0.1)), ((0,), (1.0,)), ((0, 1), (0.1,))]
)
def test_what_does_not_rise_is_no_curve(odds: tuple[float, ...], values: tuple[float, ...]) -> None:
    with pytest.raises(InputError, match="both rising"):
        IsotonicCurve(odds, values)
