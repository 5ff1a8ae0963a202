"""Logits -> probabilities that mean what they say, and from which of them on a judge answers."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from crossjudge.calibration.abstention import Abstention
from crossjudge.calibration.isotonic import IsotonicCurve, pool_adjacent_violators
from crossjudge.calibration.measurement import Measured, measure
from crossjudge.calibration.risk import (
    Reliability,
    RiskCoverage,
    expected_calibration_error,
    reliability,
    risk_coverage,
)
from crossjudge.calibration.saved import Calibration, calibration_file
from crossjudge.calibration.temperature import fit_temperature, negative_log_likelihood

if TYPE_CHECKING:
    from crossjudge.calibration.fitting import fit_calibration

__all__ = [
    "Abstention",
    "Calibration",
    "IsotonicCurve",
    "Measured",
    "Reliability",
    "RiskCoverage",
    "calibration_file",
    "expected_calibration_error",
    "fit_calibration",
    "fit_temperature",
    "measure",
    "negative_log_likelihood",
    "pool_adjacent_violators",
    "reliability",
    "risk_coverage",
]

_HOMES = {"fit_calibration": "crossjudge.calibration.fitting"}
"""What asks a judge, which itself reads calibrations: resolved when first used."""


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; its names are {', '.join(__all__)}")
    return getattr(import_module(_HOMES[name]), name)
