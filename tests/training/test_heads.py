"""Gold as numbers: labels that exclude each other, degrees, and what nobody knows."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

import numpy as np
import torch

from crossjudge.errors import LabelError
from crossjudge.training.heads import CERTAINTY, HEADS, UNIONS, UNLABELLED, Gold
from crossjudge.training.losses import marginal_cross_entropy
from crossjudge.training.targets import make_targets


def values(head: str, gold: Gold) -> list[float]:
    targets = make_targets([{head: gold}], HEADS, [1.0])
    row: list[float] = targets.values[0, targets.slices[head]].tolist()
    return row


def test_a_label_allows_itself_and_a_union_allows_its_labels() -> None:
    assert values("nli", "entailment") == [0, 1, 0]
    assert values("nli", "not_entailment") == [1, 0, 1]
    assert all(set(union) <= set(HEADS["nli"]) for union in UNIONS.values())


def test_unlabelled_gold_allows_every_label_and_costs_nothing() -> None:
    assert values("nli", UNLABELLED) == [1, 1, 1]
    logits = torch.tensor([[3.0, -2.0, 0.5]])
    assert marginal_cross_entropy(logits, torch.tensor([values("nli", UNLABELLED)]) > 0).tolist() == [0.0]
    with pytest.raises(LabelError, match="only a head whose labels exclude each other"):
        values("duplicate", UNLABELLED)


def test_two_labels_of_ones_own_exclude_each_other_whatever_the_head_is_called() -> None:
    labels = ("not_duplicate", "duplicate")
    targets = make_targets([{"duplicate": "duplicate"}], {"duplicate": labels}, [1.0])
    assert targets.values.tolist() == [[0, 1]]


def test_degrees_and_yes_or_no_are_numbers_up_to_one() -> None:
    assert values("similarity", 0.4) == [pytest.approx(0.4)]
    assert [values("duplicate", gold)[0] for gold in ("1", "0", 1.0)] == [1, 0, 1]
    assert values("relevance", 3.0) == [1]


def test_certainty_of_a_text_alone_says_nothing_about_a_shift() -> None:
    assert values("certainty", "weakened") == [1, 1]
    assert values("certainty", "as certain") == [0, 0]
    hedged, weakened = values("certainty", "hedged")
    assert hedged == 1
    assert np.isnan(weakened)
    assert len(CERTAINTY) == 5


def test_a_pair_can_teach_several_heads_and_the_others_know_nothing_of_it() -> None:
    targets = make_targets([{"nli": "entailment", "duplicate": 1.0}, {"duplicate": 0.0}], HEADS, [1.0, 0.5])
    assert targets.known("nli").tolist() == [0]
    assert targets.known("duplicate").tolist() == [0, 1]
    assert targets.known("relevance").tolist() == []
    second = targets.of(np.array([1]), "cpu")
    assert second.weights.tolist() == [0.5]
    assert torch.equal(second.known("duplicate"), torch.tensor([0]))


@pytest.mark.parametrize(
    ("head", "gold", "says"),
    [
        ("nli", "supported", r"'supported' is not among contradiction, entailment, neutral.*Map it"),
        ("tone", "polite", r"for the head 'tone', and the model has nli"),
        ("certainty", "maybe", r"'maybe'; expected one of hedged, certain"),
        ("duplicate", "perhaps", r"'perhaps'; expected a number of 0 or more"),
        ("similarity", -0.5, r"-0.5; expected a number of 0 or more"),
    ],
)
def test_gold_that_a_head_does_not_know_is_refused(head: str, gold: Gold, says: str) -> None:
    with pytest.raises(LabelError, match=says):
        values(head, gold)
