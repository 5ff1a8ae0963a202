"""Balanced accuracy with its interval, from outcomes alone."""

import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def groundedness():
    """The module, as `python benchmarks/groundedness.py` has it."""
    sys.path.insert(0, str(BENCHMARKS))
    import groundedness

    yield groundedness
    sys.path.remove(str(BENCHMARKS))
    for name in ("groundedness", "figures"):
        sys.modules.pop(name, None)


def test_balanced_accuracy_is_the_mean_of_both_recalls(groundedness):
    pairs = [("supported", "supported")] * 3 + [("supported", "unread")] + [("contradicted", "contradicted")] * 5
    pairs += [("partially_supported", "supported")] * 5
    found = groundedness.measured("made_up", pairs)
    assert found.rows == 14
    assert found.balanced_accuracy == pytest.approx((3 / 4 + 5 / 10) / 2)
    assert found.outcomes["supported"] == {"contradicted": 0, "unread": 1, "not_mentioned": 0, "supported": 3}


def test_the_interval_holds_the_figure_and_narrows_with_more_rows(groundedness):
    few, many = groundedness.balanced(8, 10, 15, 20), groundedness.balanced(800, 1000, 1500, 2000)
    for accuracy, (low, high) in (few, many):
        assert 0 <= low < accuracy < high <= 1
    assert many[1][1] - many[1][0] < (few[1][1] - few[1][0]) / 5


def test_a_perfect_score_has_room_below_it_and_none_above(groundedness):
    accuracy, (low, high) = groundedness.balanced(10, 10, 10, 10)
    assert accuracy == 1
    assert low < 0.95
    assert high == pytest.approx(1)
