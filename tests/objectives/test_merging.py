"""How the windows of one pair become one answer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from crossjudge.objectives.duplicate import DUPLICATE
from crossjudge.objectives.nli import CONTRADICTION, ENTAILMENT, NEUTRAL, NLI
from crossjudge.objectives.relevance import RELEVANCE
from crossjudge.objectives.similarity import SIMILARITY
from crossjudge.types import FloatArray

ENTAILED, CONTRADICTED, OPEN = [4.0, 0.0, 1.0], [0.0, 4.0, 1.0], [0.0, 1.0, 3.0]


def window_logits(num_labels: int, *, most_rows: int = 4) -> st.SearchStrategy[FloatArray]:
    numbers = st.floats(-30, 30, width=32)
    shapes = st.tuples(st.integers(1, most_rows), st.integers(1, 6), st.just(num_labels))
    return shapes.flatmap(lambda shape: arrays(np.float32, shape, elements=numbers))


def decided(windows: FloatArray) -> np.ndarray:
    return windows.argmax(axis=-1) != NEUTRAL


@given(window_logits(3, most_rows=1))
def test_nli_is_neutral_only_if_every_window_is(windows: FloatArray) -> None:
    assert (NLI.merge(windows).argmax() != NEUTRAL) == decided(windows).any()


@given(window_logits(3, most_rows=1))
def test_nli_takes_the_window_with_the_strongest_entailment_or_contradiction(windows: FloatArray) -> None:
    merged = NLI.merge(windows)
    candidates = windows[0][decided(windows[0])] if decided(windows).any() else windows[0]
    probabilities = np.exp(candidates.astype(np.float64))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    of_merged = np.exp(merged.astype(np.float64)) / np.exp(merged.astype(np.float64)).sum()
    assert merged.tolist() in candidates.tolist()
    strongest = probabilities[:, [ENTAILMENT, CONTRADICTION]].max()
    assert of_merged[[ENTAILMENT, CONTRADICTION]].max() == pytest.approx(strongest)


def test_one_decisive_window_outweighs_any_number_of_silent_ones() -> None:
    for sure in (ENTAILED, CONTRADICTED):
        for place in range(5):
            windows = [OPEN] * 5
            windows[place] = sure
            assert NLI.merge(np.array([windows], np.float32)).tolist() == sure


@pytest.mark.parametrize(
    ("first", "second", "merged"),
    [
        (ENTAILED, CONTRADICTED, CONTRADICTED),
        (ENTAILED, OPEN, OPEN),
        (OPEN, CONTRADICTED, CONTRADICTED),
        (ENTAILED, ENTAILED, ENTAILED),
        # Nearly entailed, yet contradicted; the other part is far from entailed, and open.
        ([2.0, 3.0, -5.0], [-9.0, 0.0, 3.0], [2.0, 3.0, -5.0]),
    ],
)
def test_a_hypothesis_in_parts_is_as_true_as_its_weakest_part(first, second, merged) -> None:
    assert NLI.merge(np.array([[first], [second]], np.float32)).tolist() == merged


def test_confidence_beyond_what_a_probability_can_tell_still_orders_windows() -> None:
    """Softmax in float32 is exactly 1 for both."""
    windows = np.array([[[60.0, 0, 0], [0, 90.0, 0]]], np.float32)
    assert NLI.merge(windows).argmax() == CONTRADICTION


@given(window_logits(2))
def test_relevance_is_that_of_the_most_relevant_window(windows: FloatArray) -> None:
    margins = windows[..., 0] - windows[..., 1]
    merged = RELEVANCE.merge(windows)
    assert merged[0] - merged[1] == margins.max()


@given(window_logits(2))
def test_duplicates_are_as_alike_as_their_least_alike_window(windows: FloatArray) -> None:
    margins = windows[..., 0] - windows[..., 1]
    merged = DUPLICATE.merge(windows)
    assert merged[0] - merged[1] == margins.min()


@given(window_logits(2))
def test_similarity_is_the_mean_of_all_windows(windows: FloatArray) -> None:
    merged = SIMILARITY.merge(windows)
    assert merged.dtype == np.float32
    assert merged == pytest.approx(windows.reshape(-1, 2).mean(axis=0), abs=1e-4)


@pytest.mark.parametrize("objective", [NLI, SIMILARITY, DUPLICATE, RELEVANCE], ids=lambda one: one.name)
def test_a_single_window_is_its_own_answer_and_the_rule_is_stated(objective) -> None:
    window = np.arange(len(objective.labels), dtype=np.float32)
    assert objective.merge(window.reshape(1, 1, -1)).tolist() == window.tolist()
    assert "window" in objective.merge_rule
