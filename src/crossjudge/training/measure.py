"""Held-out figures of a judge on a labelled NLI set: accuracy with its interval, F1, calibration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from crossjudge.calibration import expected_calibration_error
from crossjudge.datasets import Example, dataset_cards, read_examples
from crossjudge.errors import InputError
from crossjudge.judge import Judge
from crossjudge.models.parity import wilson
from crossjudge.types import FloatArray

TWO_WAY = ("entailment", "not_entailment")


@dataclass(frozen=True, slots=True)
class Measured:
    """Figures of one set. `interval`: 95% Wilson interval of accuracy. `two_way`: scored as entailment or not."""

    name: str
    pairs: int
    accuracy: float
    interval: tuple[float, float]
    macro_f1: float
    calibration_error: float
    two_way: bool

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


def measure(
    judge: Judge,
    name: str,
    split: str,
    *,
    folder: Path | None = None,
    limit: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Measured:
    """Judge one split (its first `limit` pairs) and compare with gold."""
    examples = list(islice(read_examples(name, split, folder=folder), limit))
    if not examples:
        raise InputError(f"Measuring {name}.{split}: it has no labelled rows.")
    verdicts = judge.batch([(example.text_a, example.text_b) for example in examples], progress=progress)
    labels = judge.objective.labels
    probabilities = np.array([[one.probabilities[label] for label in labels] for one in verdicts], dtype=np.float32)
    return score(f"{name}.{split}", examples, probabilities, labels, two_way=dataset_cards()[name].two_way)


def score(
    name: str, examples: list[Example], probabilities: FloatArray, labels: tuple[str, ...], *, two_way: bool
) -> Measured:
    """Figures from probabilities `(n_pairs, 3)` in the order of `labels`; `two_way`: gold says entailment or not."""
    if two_way:
        entailed = probabilities[:, labels.index("entailment")]
        # Two-way sets ask whether the premise entails the hypothesis; neutral and contradiction are both "no".
        probabilities, labels = np.stack([entailed, 1 - entailed], axis=1), TWO_WAY
    gold = np.array([labels.index(_two_way(example) if two_way else str(example.gold)) for example in examples])
    chosen = probabilities.argmax(axis=1)
    right = int((chosen == gold).sum())
    return Measured(
        name=name,
        pairs=len(examples),
        accuracy=right / len(examples),
        interval=wilson(right, len(examples)),
        macro_f1=macro_f1(chosen, gold, len(labels)),
        calibration_error=expected_calibration_error(probabilities, gold),
        two_way=two_way,
    )


def _two_way(example: Example) -> str:
    return "entailment" if example.gold == "entailment" else "not_entailment"


def macro_f1(chosen: np.ndarray, gold: np.ndarray, num_labels: int) -> float:
    """Mean F1 over the labels."""
    scores = []
    for label in range(num_labels):
        hit = int(((chosen == label) & (gold == label)).sum())
        total = int((chosen == label).sum() + (gold == label).sum())
        scores.append(2 * hit / total if total else 0.0)
    return float(np.mean(scores))
