"""Thresholds by name: one number or many, stated or fitted, and tied to the model that they were fitted for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from crossjudge.apps.base import Result, checked_probability
from crossjudge.errors import FingerprintError, InputError

Scores: TypeAlias = NDArray[np.float64]
Applies: TypeAlias = NDArray[np.bool_]

USUAL = 0.5


@dataclass(frozen=True, slots=True)
class Thresholds(Result):
    """From which probability on a name holds. `fingerprint`: the model they were fitted for; None if stated by hand."""

    by_name: dict[str, float]
    otherwise: float = USUAL
    fingerprint: str | None = None

    def at(self, name: str) -> float:
        """The threshold of `name`."""
        return self.by_name.get(name, self.otherwise)

    @staticmethod
    def of(given: Any, *, names: Sequence[str], fingerprint: str, doing: str) -> Thresholds:
        """One number for all, a mapping by name, or thresholds fitted before.

        Raises `InputError` for a name that is not among `names`, `FingerprintError` for those of another model.
        """
        if not isinstance(given, (Thresholds, Mapping)):
            return Thresholds({}, checked_probability(given, doing=doing, what="the threshold"))
        found = given if isinstance(given, Thresholds) else Thresholds(dict(given))
        if found.fingerprint not in (None, fingerprint):
            raise FingerprintError(
                f"{doing}: the thresholds were fitted for the model {found.fingerprint}, and this is {fingerprint}; "
                "the same number means something else here. Fit them again with this model, or state them as numbers."
            )
        unknown = [name for name in found.by_name if name not in names]
        if unknown:
            raise InputError(
                f"{doing}: a threshold is given for {unknown[0]!r}; expected one of {', '.join(names[:20])}."
            )
        for name, value in found.by_name.items():
            checked_probability(value, doing=doing, what=f"the threshold of {name!r}")
        return found

    def save(self, path: str | Path) -> None:
        """As JSON."""
        Path(path).write_text(json.dumps(self.to_dict(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    @staticmethod
    def load(path: str | Path) -> Thresholds:
        """What `save` wrote; raises `InputError` for anything else."""
        try:
            content = json.loads(Path(path).read_text("utf-8"))
            return Thresholds(dict(content["by_name"]), float(content["otherwise"]), content["fingerprint"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"Reading the thresholds in {path}: {type(error).__name__} {error}; expected a file that "
                "Thresholds.save wrote. Name that file, or fit them again."
            ) from error


@dataclass(frozen=True, slots=True)
class FittedName(Result):
    """One name's threshold, and how well it does on the very texts it was fitted on.

    `positives` of `texts` have the name; `f1_before` belongs to the threshold that was there.
    """

    threshold: float
    texts: int
    positives: int
    f1: float
    f1_before: float


@dataclass(frozen=True, slots=True)
class Fitted(Result):
    """`thresholds` to pass on, and what is known of each name's. F1 is on the texts of the fit, so it flatters."""

    thresholds: Thresholds
    names: dict[str, FittedName]


def fit(
    scores: Mapping[str, Scores], applies: Mapping[str, Applies], *, before: Thresholds, fingerprint: str
) -> Fitted:
    """The thresholds of best F1. `scores`, `applies`: for each name `(n_texts,)`."""
    found = {name: _fit_one(scores[name], applies[name], before.at(name)) for name in scores}
    by_name = {name: one.threshold for name, one in found.items()}
    return Fitted(Thresholds(by_name, before.otherwise, fingerprint), found)


def _fit_one(scores: Scores, applies: Applies, before: float) -> FittedName:
    positives = int(applies.sum())
    was = f1_at(scores, applies, before)
    threshold = before
    if 0 < positives < len(scores):
        threshold = _best_gap(scores, applies)
    return FittedName(threshold, len(scores), positives, f1_at(scores, applies, threshold), was)


def f1_at(scores: Scores, applies: Applies, threshold: float) -> float:
    """F1 of `scores >= threshold`; 0.0 where nothing is right."""
    chosen = scores >= threshold
    right = int((chosen & applies).sum())
    return 2 * right / max(1, int(chosen.sum()) + int(applies.sum()))


def _best_gap(scores: Scores, applies: Applies) -> float:
    """Between two neighbouring scores: best F1 first, then the widest gap, which is the surest; then the lower."""
    levels = np.unique(np.concatenate([[0.0], scores, [1.0]]))
    middles = (levels[:-1] + levels[1:]) / 2
    f1 = [f1_at(scores, applies, float(one)) for one in middles]
    best = max(range(len(middles)), key=lambda place: (f1[place], levels[place + 1] - levels[place], -place))
    return float(middles[best])
