"""Losses are functions of tensors, with values that can be worked out by hand."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

import torch
from torch.nn import functional

from crossjudge.training.losses import embedding_distance, graded_cross_entropy, marginal_cross_entropy

LABELS = ("contradiction", "entailment", "neutral")


def logits(n: int = 7) -> torch.Tensor:
    return torch.randn(n, 3, generator=torch.Generator().manual_seed(0)) * 3


def only(labels: list[int]) -> torch.Tensor:
    """Bool `(n_pairs, 3)`: each pair allows one label."""
    return functional.one_hot(torch.tensor(labels), 3).bool()


def test_with_one_allowed_label_it_is_plain_cross_entropy() -> None:
    gold = [0, 1, 2, 0, 1, 2, 1]
    expected = functional.cross_entropy(logits(), torch.tensor(gold), reduction="none")
    assert torch.allclose(marginal_cross_entropy(logits(), only(gold)), expected, atol=1e-6)


def test_with_several_it_is_the_log_of_their_summed_probability() -> None:
    allowed = torch.tensor([[True, False, True]] * 7)
    probabilities = logits().softmax(-1)
    expected = -(probabilities[:, 0] + probabilities[:, 2]).log()
    assert torch.allclose(marginal_cross_entropy(logits(), allowed), expected, atol=1e-6)


def test_with_all_allowed_there_is_nothing_to_learn() -> None:
    values = logits().requires_grad_()
    loss = marginal_cross_entropy(values, torch.ones(7, 3, dtype=torch.bool)).mean()
    loss.backward()
    assert float(loss.detach()) == pytest.approx(0, abs=1e-6)
    assert values.grad is not None
    assert values.grad.abs().max() < 1e-6


def test_large_and_half_precision_logits_stay_finite_and_so_do_gradients() -> None:
    values = torch.tensor([[3e4, -3e4, 0.0]], dtype=torch.bfloat16, requires_grad=True)
    loss = marginal_cross_entropy(values, torch.tensor([[False, True, False]])).mean()
    loss.backward()
    assert float(loss.detach()) == pytest.approx(6e4, rel=0.01)
    assert values.grad is not None
    assert torch.isfinite(values.grad).all()


def test_degrees_are_learned_each_on_its_own_and_the_unknown_teaches_nothing() -> None:
    values = torch.tensor([[2.0, -1.0], [0.5, 3.0]], requires_grad=True)
    degrees = torch.tensor([[1.0, float("nan")], [0.25, 0.0]])
    losses = graded_cross_entropy(values, degrees)
    single = functional.binary_cross_entropy_with_logits(values, degrees.nan_to_num(0.0), reduction="none")
    assert torch.allclose(losses, torch.stack([single[0, 0], single[1].mean()]))
    losses.sum().backward()
    assert values.grad is not None
    assert values.grad[0, 1] == 0


def test_a_pair_of_which_nothing_is_known_costs_nothing() -> None:
    assert graded_cross_entropy(torch.ones(1, 2), torch.full((1, 2), float("nan"))).tolist() == [0.0]


def test_distance_of_vectors_is_one_minus_their_cosine() -> None:
    ours, theirs = torch.tensor([[1.0, 0.0], [0.0, 2.0]]), torch.tensor([[1.0, 0.0], [3.0, 0.0]])
    assert float(embedding_distance(ours, theirs)) == pytest.approx(0.5)
