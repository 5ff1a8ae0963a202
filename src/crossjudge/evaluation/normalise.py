"""Raw outputs to scores from 0 to 1: each rule with its formula in words, so that a report states what it did.

Scores are float64, so that they tie only where the logits nearly do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from crossjudge.models.activation_functions import resolve_activation
from crossjudge.objectives.nli import ENTAILMENT, NLI
from crossjudge.types import FloatArray

Numbers: TypeAlias = NDArray[np.float64]

STUDY_SCALE = 5.0
"""What the study divided the answers of STS-B cross-encoders by."""
NLI_COLUMNS = tuple(f"{direction} {label}" for direction in ("forward", "backward") for label in NLI.labels)
"""Raw outputs of an NLI model: logits of text_a to text_b, then of text_b to text_a, each in the order of `NLI`."""
_BACKWARD = len(NLI.labels)


@dataclass(frozen=True, kw_only=True, slots=True)
class ScoreRule:
    """How raw outputs `(n_pairs, n_raw)` become one score a pair, `(n_pairs,)`.

    `formula`: the rule in words. `origin`: "ours", or "study" for one shown only because the study used it.
    `has_thresholds`: whether the score is from 0 to 1, so that thresholds apply.
    """

    name: str
    formula: str
    apply: Callable[[FloatArray], Numbers]
    origin: str = "ours"
    has_thresholds: bool = True


def cosine_rules() -> tuple[ScoreRule, ...]:
    """For bi-encoders, whose raw output is the cosine."""
    formula = "identity: the cosine of the two vectors; below 0 counts as 0"
    return (ScoreRule(name="cosine", formula=formula, apply=lambda raw: _clipped(_wide(raw)[:, 0])),)


def single_logit_rules(*, objective: str | None, activation: str | None, temperature: float) -> tuple[ScoreRule, ...]:
    """For cross-encoders of one logit. `activation`: the checkpoint's saved one, None for the usual sigmoid."""
    if objective == "similarity" and activation not in (None, "sigmoid"):
        return (_own_activation_rule(activation), _study_rule(lambda raw: _activated(raw, activation)))
    by = "" if temperature == 1.0 else f" over the calibrated temperature {temperature:.4g}"

    def sigmoid(raw: FloatArray) -> Numbers:
        return _sigmoid(_wide(raw)[:, 0] / temperature)

    main = ScoreRule(name="sigmoid", formula=f"sigmoid of the logit{by}", apply=sigmoid)
    if objective == "similarity":
        return (main, _study_rule(sigmoid))
    if objective == "relevance":
        return (main, _logit_rule())
    return (main,)


def two_logit_rules(positive: int, negative: int, *, labels: tuple[str, str]) -> tuple[ScoreRule, ...]:
    """For cross-encoders of two labels, at these places of the raw output."""
    return (
        ScoreRule(
            name="softmax",
            formula=f"softmax of the two logits, the probability of {labels[0]!r}",
            apply=lambda raw: _sigmoid(_wide(raw)[:, positive] - _wide(raw)[:, negative]),
        ),
    )


def nli_rules(*, temperature: float) -> tuple[ScoreRule, ...]:
    """For NLI models, whose raw outputs are `NLI_COLUMNS`."""
    by = "softmax of the three logits" + (
        "" if temperature == 1.0 else f" over the calibrated temperature {temperature:.4g}"
    )

    def forward(raw: FloatArray) -> Numbers:
        return nli_probabilities(raw[:, :_BACKWARD], temperature)[:, ENTAILMENT]

    def backward(raw: FloatArray) -> Numbers:
        return nli_probabilities(raw[:, _BACKWARD:], temperature)[:, ENTAILMENT]

    return (
        ScoreRule(
            name="mutual entailment",
            formula=f"the smaller of P(text_a entails text_b) and P(text_b entails text_a); {by}",
            apply=lambda raw: np.minimum(forward(raw), backward(raw)),
        ),
        ScoreRule(name="entailment forward", formula=f"P(text_a entails text_b); {by}", apply=forward),
        ScoreRule(name="entailment backward", formula=f"P(text_b entails text_a); {by}", apply=backward),
    )


def nli_probabilities(logits: FloatArray, temperature: float) -> Numbers:
    """Logits `(n_pairs, 3)` of one direction -> probabilities in the same order."""
    wide = _wide(logits) / temperature
    raised = np.exp(wide - wide.max(axis=1, keepdims=True))
    shares: Numbers = raised / raised.sum(axis=1, keepdims=True)
    return shares


def forward_logits(raw: FloatArray) -> FloatArray:
    """The first direction of `NLI_COLUMNS`, `(n_pairs, 3)`."""
    return raw[:, :_BACKWARD]


def backward_logits(raw: FloatArray) -> FloatArray:
    """The second direction of `NLI_COLUMNS`, `(n_pairs, 3)`."""
    return raw[:, _BACKWARD:]


def _own_activation_rule(activation: str | None) -> ScoreRule:
    return ScoreRule(
        name="own scale",
        formula=f"{activation} of the logit, as saved with the model, clipped to 0..1",
        apply=lambda raw: _clipped(_activated(raw, activation)),
    )


def _study_rule(answer: Callable[[FloatArray], Numbers]) -> ScoreRule:
    """The model already answers in 0 to 1, so that this rule squeezes its scores below 0.2: shown, never used."""
    return ScoreRule(
        name="divided by 5",
        formula="the study's rule: the model's own answer divided by 5, though it already lies in 0..1",
        origin="study",
        apply=lambda raw: _clipped(answer(raw) / STUDY_SCALE),
    )


def _logit_rule() -> ScoreRule:
    return ScoreRule(
        name="logit",
        formula="identity: the raw logit, unbounded; no threshold applies",
        has_thresholds=False,
        apply=lambda raw: _wide(raw)[:, 0],
    )


def _activated(raw: FloatArray, activation: str | None) -> Numbers:
    return _wide(resolve_activation(activation or "sigmoid")(raw[:, :1].copy()))[:, 0]


def _wide(raw: FloatArray) -> Numbers:
    return np.asarray(raw, dtype=np.float64)


def _clipped(values: Numbers) -> Numbers:
    return np.asarray(np.clip(values, 0.0, 1.0))


def _sigmoid(values: Numbers) -> Numbers:
    small = np.exp(-np.abs(values))
    return np.where(values >= 0, 1 / (1 + small), small / (1 + small))
