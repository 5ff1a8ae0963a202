"""What turns logits into the scores `predict` returns: names, callables on arrays, torch modules on any backend."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np

from crossjudge.errors import InputError
from crossjudge.models.activations import canonical_activation
from crossjudge.types import FloatArray

Activation: TypeAlias = Callable[[FloatArray], FloatArray]


def sigmoid(logits: FloatArray) -> FloatArray:
    """Elementwise 1 / (1 + e^-x), without overflow at either end."""
    small = np.exp(-np.abs(logits))
    return np.where(logits >= 0, 1 / (1 + small), small / (1 + small)).astype(np.float32)


def softmax(logits: FloatArray) -> FloatArray:
    """Probabilities along the last axis, `(n_pairs, num_labels)`."""
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares: FloatArray = (raised / raised.sum(axis=-1, keepdims=True)).astype(np.float32)
    return shares


def identity(logits: FloatArray) -> FloatArray:
    """The logits themselves."""
    return logits


def relu(logits: FloatArray) -> FloatArray:
    """Negative values become zero."""
    return np.maximum(logits, np.float32(0))


def tanh(logits: FloatArray) -> FloatArray:
    """Hyperbolic tangent, elementwise."""
    return np.tanh(logits)


NAMED: Mapping[str, Activation] = {
    "sigmoid": sigmoid,
    "softmax": softmax,
    "identity": identity,
    "relu": relu,
    "tanh": tanh,
}


def default_activation(saved: str | None, num_labels: int) -> Activation:
    """The checkpoint's saved activation, else sigmoid for one label and identity for several."""
    if saved is not None:
        return resolve_activation(saved)
    return sigmoid if num_labels == 1 else identity


def resolve_activation(wanted: Any) -> Activation:
    """A name, a dotted torch path, a torch module or a callable on arrays or tensors -> a function of arrays."""
    if isinstance(wanted, str):
        name = canonical_activation(wanted) or wanted.lower()
        if name not in NAMED:
            raise InputError(
                f"Choosing an activation: {wanted!r} is not known; expected one of {', '.join(NAMED)}. Pass one of "
                "these, or a callable on arrays or tensors."
            )
        return NAMED[name]
    if isinstance(wanted, type):
        wanted = wanted()
    if not callable(wanted):
        raise InputError(f"Choosing an activation: got {type(wanted).__name__}; expected a name or a callable.")
    return _through_torch(wanted) if _wants_tensor(wanted) else _checked(wanted)


def _wants_tensor(function: Any) -> bool:
    """A torch module or function gets a tensor; nobody holds one unless torch is already imported."""
    torch = sys.modules.get("torch")
    if torch is None:
        return False
    module = getattr(function, "__module__", None) or ""
    return isinstance(function, torch.nn.Module) or str(module).startswith("torch") or _is_builtin_of(torch, function)


def _is_builtin_of(torch: Any, function: Any) -> bool:
    """`torch.sigmoid` and its like are built-ins that name no module."""
    name = getattr(function, "__name__", "")
    return bool(name) and any(
        getattr(home, name, None) is function for home in (torch, torch.nn.functional, torch.special)
    )


def _through_torch(function: Callable[[Any], Any]) -> Activation:
    def apply(logits: FloatArray) -> FloatArray:
        torch = sys.modules["torch"]
        with torch.inference_mode():
            scores = function(torch.from_numpy(np.ascontiguousarray(logits)))
        answer: FloatArray = scores.float().cpu().numpy()
        return answer

    return apply


def _checked(function: Callable[[Any], Any]) -> Activation:
    """A callable of the user's own: arrays first; one that turns out to want tensors gets them."""

    def apply(logits: FloatArray) -> FloatArray:
        try:
            scores = function(logits)
        except (TypeError, AttributeError):
            if "torch" not in sys.modules:
                raise
            return _through_torch(function)(logits)
        if hasattr(scores, "detach"):
            scores = scores.detach().cpu().numpy()
        return np.asarray(scores, dtype=np.float32)

    return apply
