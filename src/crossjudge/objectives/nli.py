"""Natural language inference: does text_a (premise) entail, contradict or leave open text_b (hypothesis)?"""

from __future__ import annotations

import numpy as np

from crossjudge.objectives.base import Objective
from crossjudge.types import FloatArray

ENTAILMENT, CONTRADICTION, NEUTRAL = 0, 1, 2
"""Places of the labels in arranged logits; the only place where they are told apart by number."""


def strongest_decides(logits: FloatArray) -> FloatArray:
    """The window with the strongest entailment or contradiction decides; neutral only if all windows are neutral.

    `logits`: `(n_hypothesis_windows, n_premise_windows, 3)`. Where the hypothesis itself was too long, one contradicted
    part contradicts it, and otherwise its least supported part decides.
    """
    parts = np.stack([_decisive(part) for part in logits])
    contradicted = parts.argmax(axis=1) == CONTRADICTION
    if contradicted.any():
        against = parts[contradicted]
        strongest: FloatArray = against[_margin(against, CONTRADICTION).argmax()]
        return strongest
    weakest: FloatArray = parts[_margin(parts, ENTAILMENT).argmin()]
    return weakest


def _decisive(windows: FloatArray) -> FloatArray:
    """One part of the hypothesis against every premise window `(n_windows, 3)` -> the window that decides."""
    certainty = np.maximum(_margin(windows, ENTAILMENT), _margin(windows, CONTRADICTION))
    decided = windows.argmax(axis=1) != NEUTRAL
    certainty = np.where(decided | ~decided.any(), certainty, -np.inf)
    chosen: FloatArray = windows[certainty.argmax()]
    return chosen


def _margin(logits: FloatArray, label: int) -> FloatArray:
    """Log-odds of one label against the other two, `(n,)`: it orders as the probability does and never saturates."""
    others = np.delete(logits, label, axis=1)
    margin: FloatArray = logits[:, label] - np.logaddexp(others[:, 0], others[:, 1])
    return margin


NLI = Objective(
    name="nli",
    labels=("entailment", "contradiction", "neutral"),
    aliases={
        "entailment": ("entail", "entails", "entailed", "supports", "supported"),
        "contradiction": ("contradict", "contradicts", "contradictory", "refutes", "refuted"),
        "neutral": ("unknown", "not_enough_info", "undetermined"),
    },
    single_logit=False,
    symmetric=False,
    scale="probability that text_a entails text_b, 0 to 1",
    read_side="a",
    merge=strongest_decides,
    merge_rule=(
        "the window with the strongest entailment or contradiction decides; neutral only if all are neutral. A "
        "hypothesis too long for one window is judged in parts: one contradicted part contradicts it, and otherwise "
        "its least supported part decides"
    ),
)
