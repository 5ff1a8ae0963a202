"""A calibration as saved data, tied to the model it was fitted on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from crossjudge.calibration.abstention import Abstention
from crossjudge.calibration.isotonic import IsotonicCurve, probabilities_of
from crossjudge.errors import CorruptFileError, FingerprintError, InputError
from crossjudge.models.activation_functions import softmax
from crossjudge.objectives import OBJECTIVES
from crossjudge.types import FloatArray


@dataclass(frozen=True, kw_only=True, slots=True)
class Calibration:
    """A temperature or curves for one objective's logits, and the fingerprints (`CrossEncoder.fingerprint`) it is for.

    `curves`: one for each label, in the objective's order; the temperature is then 1. `abstention`: from which
    probability on to answer, where that was fitted. `examples` and `fitted_on` say what it was fitted on.
    """

    objective: str
    temperature: float
    fingerprints: tuple[str, ...]
    examples: int = 0
    fitted_on: str = ""
    curves: tuple[IsotonicCurve, ...] | None = None
    abstention: Abstention | None = None

    def __post_init__(self) -> None:
        if not (np.isfinite(self.temperature) and self.temperature > 0):
            raise InputError(f"Making a calibration: temperature {self.temperature}; expected a number above zero.")
        if self.curves is not None and len(self.curves) != len(OBJECTIVES[self.objective].labels):
            raise InputError(
                f"Making a calibration: {len(self.curves)} curves for objective {self.objective!r}; expected one for "
                f"each of {', '.join(OBJECTIVES[self.objective].labels)}. Fit it again."
            )

    @property
    def method(self) -> str:
        """ "isotonic" or "temperature"."""
        return "temperature" if self.curves is None else "isotonic"

    @property
    def abstain_below(self) -> float | None:
        """The probability below which a judge abstains; None where no threshold was fitted."""
        return None if self.abstention is None else self.abstention.abstain_below

    def probabilities(self, logits: FloatArray) -> FloatArray:
        """Arranged logits `(n_pairs, num_labels)` -> probabilities, rows that sum to 1."""
        if self.curves is None:
            return softmax(logits / np.float32(self.temperature))
        return probabilities_of(logits, self.curves)

    def check(self, *, objective: str, fingerprint: str) -> None:
        """Raise `FingerprintError` unless this was fitted for that objective and that very model."""
        if objective != self.objective:
            raise FingerprintError(
                f"Applying a calibration: it was fitted for objective {self.objective!r} and the judge's is "
                f"{objective!r}. Fit one for this objective."
            )
        if fingerprint not in self.fingerprints:
            raise FingerprintError(
                f"Applying a calibration: it covers {', '.join(self.fingerprints) or 'no model'} and the judge runs "
                f"{fingerprint} (weights:tokenizer:backend:precision). Fit one on this model, or load the one it was "
                "fitted on."
            )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, without what was not fitted."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def save(self, path: str | Path) -> None:
        """Write as JSON."""
        Path(path).write_text(json.dumps(self.to_dict(), indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> Calibration:
        """Read what `save` wrote, now or before there were curves and thresholds."""
        try:
            return cls(**_fields(json.loads(Path(path).read_text(encoding="utf-8"))))
        except OSError as error:
            raise InputError(
                f"Loading a calibration: {path} cannot be read ({error.strerror}). Name a file written by "
                "Calibration.save."
            ) from error
        except (ValueError, TypeError, KeyError) as error:
            raise CorruptFileError(
                f"Loading the calibration {path}: {error!r}. Expected what Calibration.save writes; fit it again.",
                path=path,
            ) from error


def _fields(content: Mapping[str, Any]) -> dict[str, Any]:
    """What stands in a file -> arguments of `Calibration`."""
    if not all(isinstance(name, str) for name in [*content["fingerprints"], content["objective"]]):
        raise ValueError("objective and fingerprints must be names")
    found = {**content, "fingerprints": tuple(content["fingerprints"])}
    if "curves" in found:
        found["curves"] = tuple(
            IsotonicCurve(tuple(curve["log_odds"]), tuple(curve["probabilities"])) for curve in found["curves"]
        )
    if "abstention" in found:
        found["abstention"] = Abstention(**found["abstention"])
    return found


def calibration_file(objective: str) -> str:
    """What a model's folder calls the calibration that it ships for an objective."""
    return "calibration.json" if objective == "nli" else f"calibration.{objective}.json"
