"""Training: data mixtures, the loop, and the record of what a model was trained on."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crossjudge.training.config import TrainConfig
    from crossjudge.training.distillation import distill
    from crossjudge.training.mixture import Mixture
    from crossjudge.training.trainer import train

__all__ = ["Mixture", "TrainConfig", "distill", "train"]

_HOMES = {
    "Mixture": "crossjudge.training.mixture",
    "TrainConfig": "crossjudge.training.config",
    "distill": "crossjudge.training.distillation",
    "train": "crossjudge.training.trainer",
}
"""Public name -> the module that defines it, imported when first used: only `train` and `distill` need torch."""


def __getattr__(name: str) -> Any:
    """Import a public name from its home, once (PEP 562)."""
    if name not in _HOMES:
        names = ", ".join(__all__)
        raise AttributeError(f"module 'crossjudge.training' has no attribute {name!r}; its public names are {names}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """What a user may type after `crossjudge.training.`, resolved or not."""
    return sorted({*globals(), *__all__})
