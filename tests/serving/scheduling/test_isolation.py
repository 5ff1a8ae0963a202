"""Whoever is bad fails alone, and everyone else gets the numbers they would have had."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.errors import BackendError, NonFiniteLogitsError
from crossjudge.serving.scheduling.isolation import isolated
from crossjudge.types import FloatArray


@given(st.lists(st.sampled_from(["good", "good", "good", "raises", "nan"]), max_size=40))
def test_exactly_the_culprits_are_named(items: list[str]) -> None:
    calls = 0

    def compute(some: Sequence[str]) -> FloatArray:
        nonlocal calls
        calls += 1
        if "raises" in some:
            raise BackendError("no")
        return np.array([[np.nan if one == "nan" else 7] for one in some], dtype=np.float32)

    answers, culprits = isolated(compute, items, 1)
    assert {place: items[place] for place in culprits} == {
        place: one for place, one in enumerate(items) if one != "good"
    }
    for place, error in culprits.items():
        assert isinstance(error, BackendError if items[place] == "raises" else NonFiniteLogitsError)
    assert all(answers[place, 0] == 7 for place, one in enumerate(items) if one == "good")
    assert calls <= 1 + 2 * len(culprits) * max(1, len(items) - 1).bit_length()


def test_a_neighbours_nan_that_spreads_is_traced_to_its_source() -> None:
    """A mask that is added lets one pair's NaN reach the pairs it shares a row with."""

    def compute(some: Sequence[int]) -> FloatArray:
        return np.full((len(some), 1), np.nan if 3 in some else 1, dtype=np.float32)

    answers, culprits = isolated(compute, range(8), 1)
    assert list(culprits) == [3]
    assert np.delete(answers[:, 0], 3).tolist() == [1] * 7


def test_an_answer_of_another_shape_is_an_error() -> None:
    _, culprits = isolated(lambda some: np.zeros((len(some), 2), dtype=np.float32), [1, 2], 3)
    assert list(culprits) == [0, 1]
    assert "(1, 2); expected (1, 3)" in str(culprits[0])
