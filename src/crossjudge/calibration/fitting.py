"""`fit_calibration`: from labelled pairs to probabilities that hold for a model, and a threshold to abstain below."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crossjudge.calibration.abstention import Budget, fit_abstention
from crossjudge.calibration.deciding import winning_labels
from crossjudge.calibration.gold import check_gold, gold_ids
from crossjudge.calibration.isotonic import fit_curves
from crossjudge.calibration.measurement import log_likelihoods
from crossjudge.calibration.saved import Calibration
from crossjudge.calibration.temperature import fit_temperature
from crossjudge.errors import InputError
from crossjudge.judge import Judge
from crossjudge.models.cross_encoder import CrossEncoder
from crossjudge.types import FloatArray, IntArray, Verdict

METHODS = ("auto", "temperature", "isotonic")
ISOTONIC_FROM = 1_000
"""Examples below which "auto" takes the temperature unasked: curves of fewer follow chance (Niculescu-Mizil and Caruana
2005)."""
LEAST_OF_LABEL = 10
"""Examples that every label must have for curves."""
FOLDS = 5
_SEED = 0

Progress = Callable[[int, int], None]
"""Called with (pairs done, pairs in all)."""


def fit_calibration(
    model: Judge | CrossEncoder | str | Path | None,
    pairs: Any,
    gold: Iterable[Any],
    *,
    target_error: float | None = None,
    confidence: float = 0.95,
    objective: str | None = None,
    method: str = "auto",
    progress: Progress | None = None,
) -> Calibration:
    """Fit probabilities to labelled pairs, read as a `Judge` reads them.

    `model`: as for `Judge`, or a judge, whose windows and labels are then kept. `gold`: a label by name for each pair
    (or 1 and 0 where the objective has one score). `target_error`: also find the probability below which a judge must
    abstain, so that with `confidence` at most this share of its answers is wrong; half of the examples then test that
    threshold, and the probabilities are fitted on the other half. `objective`: "nli" if left out, or the judge's.
    `method`: "temperature", "isotonic", or "auto": a temperature unless curves are clearly better in cross-validation.

    Raises `InputError` for labels that do not fit, for one class only, and for too few examples: it says how many more.
    """
    judge = _judge(model, objective)
    asked, labels = list(pairs), list(gold)
    ids = gold_ids(labels, judge.objective)
    check_gold(ids, asked, judge.objective)
    if target_error is not None:
        Budget(target_error=target_error, confidence=confidence).check(len(ids))
    return calibrated(
        judge,
        logits_of(judge, judge.batch(asked, progress=progress)),
        ids,
        target_error=target_error,
        confidence=confidence,
        method=method,
    )


def logits_of(judge: Judge, verdicts: Sequence[Verdict]) -> FloatArray:
    """The logits of verdicts in the objective's order of labels, `(n_pairs, num_labels)`."""
    rows = [[verdict.logits[label] for label in judge.objective.labels] for verdict in verdicts]
    return np.array(rows, dtype=np.float32).reshape(len(verdicts), len(judge.objective.labels))


def calibrated(
    judge: Judge,
    logits: FloatArray,
    gold: IntArray,
    *,
    target_error: float | None = None,
    confidence: float = 0.95,
    method: str = "auto",
) -> Calibration:
    """`fit_calibration` for a judge's logits `(n_pairs, num_labels)` and gold label ids `(n_pairs,)` at hand."""
    check_gold(gold, logits, judge.objective)
    if target_error is None:
        return _mapping(judge, logits, gold, method)
    budget = Budget(target_error=target_error, confidence=confidence)
    budget.check(len(gold))
    # The threshold's test is exact only for probabilities that did not see the pairs it tests.
    first, second = parts(len(gold), 2)
    mapping = _mapping(judge, logits[first], gold[first], method)
    abstention = fit_abstention(
        _sure_and_right(mapping, logits[first], gold[first]),
        _sure_and_right(mapping, logits[second], gold[second]),
        budget,
    )
    return replace(mapping, abstention=abstention, examples=len(gold))


def parts(n: int, count: int) -> list[IntArray]:
    """Rows 0 to n - 1 in `count` random parts of equal size, the same for the same n."""
    return np.array_split(np.random.default_rng(_SEED).permutation(n), count)


def _judge(model: Judge | CrossEncoder | str | Path | None, objective: str | None) -> Judge:
    if not isinstance(model, Judge):
        return Judge(model, objective=objective or "nli")
    if objective not in (None, model.objective.name):
        raise InputError(
            f"Fitting a calibration: objective is {objective!r} and the judge's is {model.objective.name!r}. Leave it "
            "out, or pass the model itself."
        )
    return model


def _mapping(judge: Judge, logits: FloatArray, gold: IntArray, method: str) -> Calibration:
    """Logits to probabilities by the method, without a threshold."""
    if method not in METHODS:
        raise InputError(f"Fitting a calibration: method is {method!r}; expected one of {', '.join(METHODS)}.")
    check_gold(gold, logits, judge.objective)
    if method == "isotonic":
        _check_every_label(gold, judge.objective.labels)
    curved = method == "isotonic" or (method == "auto" and _curves_are_better(judge, logits, gold))
    return _fitted(judge, logits, gold, curved=curved)


def _fitted(judge: Judge, logits: FloatArray, gold: IntArray, *, curved: bool) -> Calibration:
    return Calibration(
        objective=judge.objective.name,
        temperature=1.0 if curved else fit_temperature(logits, gold),
        fingerprints=(judge.model.fingerprint,),
        examples=len(gold),
        curves=fit_curves(logits, gold) if curved else None,
    )


def _curves_are_better(judge: Judge, logits: FloatArray, gold: IntArray) -> bool:
    """Whether curves give pairs they were not fitted on clearly more likelihood: by over a standard error."""
    counts = np.bincount(gold, minlength=logits.shape[1])
    if len(gold) < ISOTONIC_FROM or counts.min() < LEAST_OF_LABEL:
        return False
    gains = np.zeros(len(gold))
    for held_out in parts(len(gold), FOLDS):
        rest = np.setdiff1d(np.arange(len(gold)), held_out)
        for curved, sign in ((True, 1), (False, -1)):
            fitted = _fitted(judge, logits[rest], gold[rest], curved=curved)
            gains[held_out] += sign * log_likelihoods(fitted.probabilities(logits[held_out]), gold[held_out])
    return bool(gains.mean() > gains.std(ddof=1) / np.sqrt(len(gains)))


def _check_every_label(gold: IntArray, labels: Sequence[str]) -> None:
    for place, count in enumerate(np.bincount(gold, minlength=len(labels)).tolist()):
        if count < LEAST_OF_LABEL:
            raise InputError(
                f"Fitting isotonic curves: {count} of {len(gold)} examples are {labels[place]!r}; at least "
                f"{LEAST_OF_LABEL} of each label are needed. Add {LEAST_OF_LABEL - count}, or use "
                "method='temperature'."
            )


def _sure_and_right(
    mapping: Calibration, logits: FloatArray, gold: IntArray
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    probabilities = mapping.probabilities(logits)
    return probabilities.max(axis=1).astype(np.float64), winning_labels(logits, probabilities) == gold
