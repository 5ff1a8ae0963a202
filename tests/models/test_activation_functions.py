"""Activations are torch's, whether named, written in numpy, or handed over as torch modules or functions."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from crossjudge.errors import InputError
from crossjudge.models.activation_functions import NAMED, default_activation, resolve_activation

LOGITS = np.array([[-90.0, 0.0, 1e-7], [3.5, -3.5, 88.0], [200.0, -200.0, 0.1]], dtype=np.float32)
ONE = LOGITS.reshape(-1, 1)

TORCH: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "sigmoid": torch.sigmoid,
    "softmax": lambda logits: torch.softmax(logits, dim=1),
    "identity": torch.nn.Identity(),
    "relu": torch.relu,
    "tanh": torch.tanh,
}


def expected(name: str, logits: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return TORCH[name](torch.from_numpy(logits)).numpy()


@pytest.mark.parametrize("name", NAMED)
def test_a_named_activation_gives_torchs_numbers(name: str) -> None:
    for logits in (LOGITS, ONE):
        scores = resolve_activation(name)(logits)
        assert scores.dtype == np.float32
        np.testing.assert_allclose(scores, expected(name, logits), rtol=2e-6, atol=1e-38)


@pytest.mark.parametrize(
    ("spelled", "name"),
    [
        ("Sigmoid", "sigmoid"),
        ("torch.nn.modules.activation.Sigmoid", "sigmoid"),
        ("torch.nn.modules.linear.Identity", "identity"),
        ("torch.nn.Softmax", "softmax"),
    ],
)
def test_names_are_understood_as_checkpoints_save_them(spelled: str, name: str) -> None:
    assert resolve_activation(spelled) is NAMED[name]


class Halving(torch.nn.Module):
    def forward(self, logits: torch.Tensor) -> torch.Tensor:
        return logits.mul_(0.5)


WAYS: dict[str, tuple[Any, Callable[[torch.Tensor], torch.Tensor]]] = {
    "a torch module": (torch.nn.Sigmoid(), torch.sigmoid),
    "a torch module class": (torch.nn.Tanh, torch.tanh),
    "a module of one's own, in place": (Halving(), lambda logits: logits * 0.5),
    "a module in half precision": (
        lambda t: torch.sigmoid(t.to(torch.bfloat16)),
        lambda t: torch.sigmoid(t.bfloat16()),
    ),
    "a torch function": (torch.sigmoid, torch.sigmoid),
    "a torch.nn.functional function": (torch.nn.functional.softplus, torch.nn.functional.softplus),
    "a torch.special function": (torch.special.expit, torch.sigmoid),
    "a partial of a torch function": (functools.partial(torch.softmax, dim=1), lambda t: torch.softmax(t, dim=1)),
    "a lambda that calls torch": (lambda t: torch.nn.functional.relu(t), torch.relu),
    "a lambda that calls a tensor's method": (lambda t: t.clamp(min=0), torch.relu),
    "a lambda that needs the tensor's keywords": (lambda t: t.softmax(dim=-1), lambda t: torch.softmax(t, dim=-1)),
    "a numpy function": (np.tanh, torch.tanh),
    "a lambda on arrays": (lambda a: 1 / (1 + np.exp(-np.clip(a, -80, 80))), lambda t: torch.sigmoid(t.clamp(-80, 80))),
    "a lambda that gives a list": (lambda a: [[2 * x for x in row] for row in a.tolist()], lambda t: t * 2),
}


@pytest.mark.parametrize("way", WAYS)
def test_any_callable_on_arrays_or_tensors_will_do(way: str) -> None:
    wanted, reference = WAYS[way]
    scores = resolve_activation(wanted)(LOGITS.copy())
    assert isinstance(scores, np.ndarray)
    assert scores.dtype == np.float32
    np.testing.assert_allclose(
        scores, reference(torch.from_numpy(LOGITS.copy())).float().numpy(), rtol=3e-6, atol=1e-30
    )


def test_an_error_of_the_callers_own_function_is_the_callers_to_see() -> None:
    with pytest.raises(ZeroDivisionError):
        resolve_activation(lambda logits: 1 / 0)(LOGITS)


def test_the_default_is_the_saved_one_then_sigmoid_for_one_label_and_identity_for_more() -> None:
    assert default_activation(None, 1) is NAMED["sigmoid"]
    assert default_activation(None, 3) is NAMED["identity"]
    assert default_activation("identity", 1) is NAMED["identity"]
    assert default_activation("softmax", 3) is NAMED["softmax"]


@pytest.mark.parametrize(("wanted", "seen"), [("sigmund", "'sigmund' is not known"), (3, "got int"), ([], "got list")])
def test_what_is_no_activation_is_refused_with_the_known_names(wanted: Any, seen: str) -> None:
    with pytest.raises(InputError, match=rf"Choosing an activation: {seen}.*expected"):
        resolve_activation(wanted)
