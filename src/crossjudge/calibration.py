"""Logits -> probabilities: fitted values as saved data, tied to the model they were fitted on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from crossjudge.errors import CorruptFileError, FingerprintError, InputError
from crossjudge.types import FloatArray, IntArray


@dataclass(frozen=True, kw_only=True, slots=True)
class Calibration:
    """A temperature for one objective's logits, and the fingerprints (`CrossEncoder.fingerprint`) it holds for.

    `examples` and `fitted_on` say what it was fitted on.
    """

    objective: str
    temperature: float
    fingerprints: tuple[str, ...]
    examples: int = 0
    fitted_on: str = ""

    def __post_init__(self) -> None:
        if not (np.isfinite(self.temperature) and self.temperature > 0):
            raise InputError(f"Making a calibration: temperature {self.temperature}; expected a number above zero.")

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

    def save(self, path: str | Path) -> None:
        """Write as JSON."""
        Path(path).write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> Calibration:
        """Read what `save` wrote."""
        try:
            content = json.loads(Path(path).read_text(encoding="utf-8"))
            if not all(isinstance(name, str) for name in [*content["fingerprints"], content["objective"]]):
                raise ValueError("objective and fingerprints must be names")
            return cls(**{**content, "fingerprints": tuple(content["fingerprints"])})
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


def calibration_file(objective: str) -> str:
    """What a model's folder calls the calibration that it ships for an objective."""
    return "calibration.json" if objective == "nli" else f"calibration.{objective}.json"


def fit_temperature(logits: FloatArray, gold: IntArray) -> float:
    """The temperature that minimises negative log-likelihood (Guo et al. 2017, arXiv 1706.04599).

    `logits` `(n_pairs, num_labels)`, `gold` int64 `(n_pairs,)`. Golden-section search on its logarithm: the loss has
    one minimum there.
    """
    if len(logits) == 0 or len(logits) != len(gold):
        raise InputError(
            f"Fitting a temperature: {len(logits)} rows of logits and {len(gold)} gold labels; expected as many of one "
            "as of the other, and some."
        )
    if gold.min() < 0 or gold.max() >= logits.shape[1]:
        raise InputError(
            f"Fitting a temperature: gold label ids from {gold.min()} to {gold.max()} for {logits.shape[1]} labels; "
            f"expected 0 to {logits.shape[1] - 1}. Leave out rows without a gold label."
        )
    low, high, ratio = np.log(0.05), np.log(20.0), (np.sqrt(5) - 1) / 2
    for _ in range(60):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        if negative_log_likelihood(logits / np.exp(left), gold) < negative_log_likelihood(logits / np.exp(right), gold):
            high = right
        else:
            low = left
    return float(np.exp((low + high) / 2))


def negative_log_likelihood(logits: FloatArray, gold: IntArray) -> float:
    """Mean of -log softmax at the gold label."""
    wide = logits.astype(np.float64)
    top = wide.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(wide - top).sum(axis=1)) + top[:, 0]
    return float((log_sum - wide[np.arange(len(gold)), gold]).mean())


def expected_calibration_error(probabilities: FloatArray, gold: Sequence[int] | IntArray, *, bins: int = 15) -> float:
    """Mean gap between confidence and accuracy over equal-width bins, weighted by size (Naeini et al. 2015).

    `probabilities` `(n_pairs, num_labels)`, `gold` `(n_pairs,)`.
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == np.asarray(gold)
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [
        abs(right[place == one].mean() - confidence[place == one].mean()) * (place == one).mean()
        for one in np.unique(place)
    ]
    return float(sum(gaps))
