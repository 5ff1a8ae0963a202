"""Risk by coverage and accuracy by confidence."""

from __future__ import annotations

import numpy as np
import pytest

from crossjudge.calibration import expected_calibration_error, reliability, risk_coverage
from crossjudge.errors import InputError

PROBABILITIES = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.3, 0.7]], np.float32)
GOLD = [0, 0, 0, 1]


def test_the_curve_of_a_known_case() -> None:
    curve = risk_coverage(PROBABILITIES, GOLD)
    assert curve.coverage == (0.25, 0.5, 1.0)
    assert curve.risk == (0.0, 0.5, 0.25)
    assert curve.thresholds == pytest.approx((0.9, 0.8, 0.7))
    assert curve.area == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 4) / 4)


def test_the_order_of_equal_probabilities_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    first = rng.integers(50, 60, 300) / 100
    probabilities, gold = np.stack([first, 1 - first], axis=1).astype(np.float32), rng.integers(0, 2, 300)
    order = rng.permutation(300)
    assert risk_coverage(probabilities, gold) == risk_coverage(probabilities[order], gold[order])


def test_answering_everything_is_wrong_as_often_as_the_model() -> None:
    curve = risk_coverage(PROBABILITIES, GOLD)
    assert curve.risk[-1] == (PROBABILITIES.argmax(axis=1) != GOLD).mean()


def test_reliability_bins_hold_every_pair_and_their_gap_is_the_calibration_error() -> None:
    found = reliability(PROBABILITIES, GOLD, bins=10)
    assert sum(found.pairs) == 4
    assert found.error == expected_calibration_error(PROBABILITIES, GOLD, bins=10)


@pytest.mark.parametrize(
    ("probabilities", "gold", "said"),
    [
        (PROBABILITIES, [0], "for 1 gold labels"),
        (PROBABILITIES * np.float32(np.nan), GOLD, "finite numbers"),
        (PROBABILITIES, [0, 0, 0, 2], "ids from 0 to 2 for 2 labels"),
        (PROBABILITIES[:0], [], "there are no pairs"),
    ],
)
def test_what_does_not_fit_is_refused(probabilities: np.ndarray, gold: list[int], said: str) -> None:
    with pytest.raises(InputError, match=said):
        risk_coverage(probabilities, gold)
