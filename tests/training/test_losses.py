"""Losses are functions of tensors, with values that can be worked out by hand."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

import torch
from torch.nn import functional

from crossjudge.errors import LabelError
from crossjudge.training.losses import UNIONS, allowed_labels, embedding_distance, marginal_cross_entropy

LABELS = ("contradiction", "entailment", "neutral")


def logits(n: int = 7) -> torch.Tensor:
    return torch.randn(n, 3, generator=torch.Generator().manual_seed(0)) * 3


def test_with_one_allowed_label_it_is_plain_cross_entropy() -> None:
    gold = torch.tensor([0, 1, 2, 0, 1, 2, 1])
    allowed = allowed_labels([LABELS[index] for index in gold], LABELS)
    assert marginal_cross_entropy(logits(), allowed) == pytest.approx(float(functional.cross_entropy(logits(), gold)))


def test_with_several_it_is_the_log_of_their_summed_probability() -> None:
    allowed = allowed_labels(["not_entailment"] * 7, LABELS)
    assert allowed.tolist() == [[True, False, True]] * 7
    probabilities = logits().softmax(-1)
    expected = -(probabilities[:, 0] + probabilities[:, 2]).log().mean()
    assert marginal_cross_entropy(logits(), allowed) == pytest.approx(float(expected), abs=1e-6)


def test_with_all_allowed_there_is_nothing_to_learn() -> None:
    values = logits().requires_grad_()
    loss = marginal_cross_entropy(values, torch.ones(7, 3, dtype=torch.bool))
    loss.backward()
    assert float(loss.detach()) == pytest.approx(0, abs=1e-6)
    assert values.grad is not None
    assert values.grad.abs().max() < 1e-6


def test_large_and_half_precision_logits_stay_finite_and_so_do_gradients() -> None:
    values = torch.tensor([[3e4, -3e4, 0.0]], dtype=torch.bfloat16, requires_grad=True)
    loss = marginal_cross_entropy(values, torch.tensor([[False, True, False]]))
    loss.backward()
    assert float(loss.detach()) == pytest.approx(6e4, rel=0.01)
    assert values.grad is not None
    assert torch.isfinite(values.grad).all()


def test_a_union_becomes_its_labels_and_an_unknown_label_says_how_to_map_it() -> None:
    assert all(set(union) <= set(LABELS) for union in UNIONS.values())
    with pytest.raises(LabelError, match=r"'supported' is not among contradiction, entailment, neutral.*Map it"):
        allowed_labels(["entailment", "supported"], LABELS)


def test_distance_of_vectors_is_one_minus_their_cosine() -> None:
    ours, theirs = torch.tensor([[1.0, 0.0], [0.0, 2.0]]), torch.tensor([[1.0, 0.0], [3.0, 0.0]])
    assert float(embedding_distance(ours, theirs)) == pytest.approx(0.5)
