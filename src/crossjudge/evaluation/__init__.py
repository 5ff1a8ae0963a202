"""Evaluation: suites of labelled pairs, measures, statistics and reports; each public name resolved when first used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crossjudge.evaluation.report import Report
    from crossjudge.evaluation.runner import evaluate

__all__ = ["Report", "evaluate"]

_HOMES = {
    "Report": "crossjudge.evaluation.report",
    "evaluate": "crossjudge.evaluation.runner",
}
"""Public name -> the module that defines it."""


def __getattr__(name: str) -> Any:
    """Import a public name from its home, once (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'crossjudge.evaluation' has no attribute {name!r}; it has {', '.join(__all__)}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """What a user may type after `crossjudge.evaluation.`, resolved or not."""
    return sorted({*globals(), *__all__})
