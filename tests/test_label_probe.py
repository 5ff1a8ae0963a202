"""The probe warns of a label order that obvious pairs contradict, and of nothing else."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from itertools import permutations

import numpy as np
import pytest

from crossjudge.errors import NonFiniteLogitsError
from crossjudge.label_probe import OBVIOUS, LabelOrderWarning, warn_if_contradicted
from crossjudge.objectives.nli import NLI
from crossjudge.types import FloatArray

GOLD = {(premise, hypothesis): label for premise, hypothesis, label in OBVIOUS}
Logits = Callable[[Sequence[tuple[str, str]]], FloatArray]


def perfect(order: Sequence[int], *, wrong: int = 0) -> Logits:
    """A model that knows the obvious pairs (but for the first `wrong`), and gives `NLI.labels[i]` the id `order[i]`."""

    def logits_of(pairs: Sequence[tuple[str, str]]) -> FloatArray:
        ids = np.array([order[NLI.labels.index(GOLD[pair])] for pair in pairs])
        ids[:wrong] = (ids[:wrong] + 1) % 3
        return np.eye(3, dtype=np.float32)[ids]

    return logits_of


def warned(logits_of: Logits, order: tuple[int, ...]) -> list[warnings.WarningMessage]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_if_contradicted(logits_of, order, NLI.labels, "some/model")
    return caught


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_true_order_is_silent_and_every_other_one_warns(order: tuple[int, ...]) -> None:
    assert not warned(perfect(order), order)
    for other in permutations(range(3)):
        if other != order:
            assert [one.category for one in warned(perfect(order), other)] == [LabelOrderWarning]


def test_the_warning_states_the_order_that_fits_ready_to_be_passed() -> None:
    (warning,) = warned(perfect((1, 0, 2)), (0, 1, 2))
    assert "'some/model' got 3 of 9 obvious pairs right" in str(warning.message)
    assert "labels=('contradiction', 'entailment', 'neutral')" in str(warning.message)


def test_a_few_mistakes_are_not_a_contradiction() -> None:
    assert not warned(perfect((0, 1, 2), wrong=3), (0, 1, 2))
    assert warned(perfect((0, 1, 2), wrong=2), (2, 1, 0))


def test_a_model_that_knows_nothing_proves_no_order() -> None:
    def constant(pairs: Sequence[tuple[str, str]]) -> FloatArray:
        return np.tile(np.array([0.0, 1.0, 0.0], np.float32), (len(pairs), 1))

    def noise(pairs: Sequence[tuple[str, str]]) -> FloatArray:
        return np.eye(3, dtype=np.float32)[[0, 2, 1, 0, 1, 2, 0, 2, 1]]

    for order in permutations(range(3)):
        assert not warned(constant, order)
        assert not warned(noise, order)


def test_a_model_that_is_mostly_wrong_under_every_order_proves_none() -> None:
    """It gets five of nine right under one order and one under another: better, and not convincing."""

    def unsure(pairs: Sequence[tuple[str, str]]) -> FloatArray:
        return np.eye(3, dtype=np.float32)[[0, 0, 2, 1, 1, 0, 2, 0, 1]]

    assert not warned(unsure, (1, 2, 0))


def test_a_model_that_answers_nan_is_left_to_the_users_own_pair() -> None:
    def broken(pairs: Sequence[tuple[str, str]]) -> FloatArray:
        raise NonFiniteLogitsError("NaN", index=0)

    assert not warned(broken, (0, 1, 2))


def test_the_pairs_are_balanced() -> None:
    assert [list(GOLD.values()).count(label) for label in NLI.labels] == [3, 3, 3]
