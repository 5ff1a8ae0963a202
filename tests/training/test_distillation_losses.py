"""Distillation losses are zero for a perfect student, and each is indifferent to what it should not see."""

from __future__ import annotations

from itertools import combinations

import pytest

pytest.importorskip("torch")

import torch
from torch import Tensor

from crossjudge.training.distillation_losses import kl_divergence, margin_mse


def logits(seed: int, n: int = 9, labels: int = 3) -> Tensor:
    return torch.randn(n, labels, generator=torch.Generator().manual_seed(seed)) * 3


def groups(*numbers: int) -> Tensor:
    return torch.tensor(numbers)


NINE = groups(4, 4, 0, 7, 7, 7, 4, 2, 0)


# KL


def test_kl_is_what_its_formula_says() -> None:
    student, teacher = logits(0), logits(1)
    said, taught = (student / 2).softmax(-1), (teacher / 2).softmax(-1)
    expected = 4 * (taught * (taught / said).log()).sum(-1).mean()
    assert kl_divergence(student, teacher, 2.0) == pytest.approx(float(expected), rel=1e-5)


@pytest.mark.parametrize("labels", [1, 3])
def test_kl_is_zero_at_the_teacher_and_above_elsewhere(labels: int) -> None:
    teacher = logits(1, labels=labels)
    assert kl_divergence(teacher, teacher, 2.0) == pytest.approx(0, abs=1e-6)
    assert kl_divergence(logits(0, labels=labels), teacher, 2.0) > 0.01


def test_a_constant_added_to_a_pairs_logits_changes_no_probability_and_no_kl() -> None:
    student, teacher = logits(0), logits(1)
    moved = student + torch.arange(9.0)[:, None]
    assert kl_divergence(moved, teacher, 3.0) == pytest.approx(float(kl_divergence(student, teacher, 3.0)), rel=1e-4)


def test_a_single_label_is_judged_as_a_yes_or_no() -> None:
    student, teacher = logits(0, labels=1), logits(1, labels=1)
    two = kl_divergence(*(torch.cat([one, torch.zeros(9, 1)], -1) for one in (student, teacher)), 2.0)
    assert kl_divergence(student, teacher, 2.0) == two


def test_a_high_temperature_compares_the_logits_themselves() -> None:
    """Hinton et al. 2015: in the limit KL times the squared temperature is half the variance of their difference."""
    student, teacher = logits(0).double(), logits(1).double()
    limit = (student - teacher).var(-1, correction=0).mean() / 2
    assert kl_divergence(student, teacher, 300.0) == pytest.approx(float(limit), rel=0.02)


def test_kl_of_large_half_precision_logits_is_finite_and_so_is_its_gradient() -> None:
    student = torch.tensor([[200.0, -200.0, 0.0]], dtype=torch.bfloat16, requires_grad=True)
    loss = kl_divergence(student, -student.detach(), 1.0)
    loss.backward()
    assert torch.isfinite(loss)
    assert student.grad is not None
    assert torch.isfinite(student.grad).all()


# Margin-MSE


@pytest.mark.parametrize("labels", [1, 3])
def test_margin_mse_is_the_mean_over_pairs_of_one_group(labels: int) -> None:
    student, teacher = logits(0, labels=labels), logits(1, labels=labels)
    gaps = [
        ((student[i] - student[j]) - (teacher[i] - teacher[j])) ** 2
        for i, j in combinations(range(9), 2)
        if NINE[i] == NINE[j]
    ]
    assert len(gaps) == 7
    assert margin_mse(student, teacher, NINE) == pytest.approx(float(torch.stack(gaps).mean()), rel=1e-5)


def test_only_margins_within_a_group_count() -> None:
    teacher = logits(1, labels=1)
    student = teacher + NINE[:, None].float() * 10 + 5
    assert margin_mse(student, teacher, NINE) == pytest.approx(0, abs=1e-6)
    assert margin_mse(student, teacher, groups(*[0] * 9)) > 1


def test_order_does_not_matter() -> None:
    student, teacher = logits(0), logits(1)
    turned = torch.arange(8, -1, -1)
    expected = margin_mse(student, teacher, NINE)
    assert margin_mse(student[turned], teacher[turned], NINE[turned]) == pytest.approx(float(expected), rel=1e-6)


def test_pairs_without_company_teach_nothing() -> None:
    student = logits(0).requires_grad_()
    loss = margin_mse(student, logits(1), torch.arange(9))
    loss.backward()
    assert float(loss.detach()) == 0
    assert student.grad is not None
    assert not student.grad.any()


def test_its_gradient_draws_margins_to_the_teachers() -> None:
    student, teacher = torch.zeros(9, 1, requires_grad=True), logits(1, labels=1)
    optimizer = torch.optim.SGD([student], lr=0.5)
    for _ in range(200):
        optimizer.zero_grad()
        margin_mse(student, teacher, NINE).backward()
        optimizer.step()
    assert float((student[4] - student[3]).detach()) == pytest.approx(float(teacher[4] - teacher[3]), abs=1e-3)
