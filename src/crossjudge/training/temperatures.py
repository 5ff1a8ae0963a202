"""The temperature of each head of a release, fitted on half of some held-out pairs and checked on the other half."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from crossjudge.calibration import Calibration, expected_calibration_error, fit_temperature
from crossjudge.datasets import Example, read_examples
from crossjudge.judge import Judge
from crossjudge.models.activation_functions import softmax
from crossjudge.models.checkpoint import load_checkpoint
from crossjudge.models.cross_encoder import CrossEncoder
from crossjudge.objectives import get_objective
from crossjudge.training.heads import HEADS, gold_values
from crossjudge.types import FloatArray, IntArray

FITTED_ON: Mapping[str, tuple[str, ...]] = {
    "nli": ("snli.dev", "lingnli.dev", "fever.dev"),
    "duplicate": ("mrpc.dev", "qqp_pieces.dev"),
    "relevance": ("scifact_documents.dev", "trecqa.dev"),
}
"""Head -> sets whose gold its temperature is fitted on, and nothing else."""
ROWS_EACH = 2_000
CERTIFIED = (("onnx", None), ("torch", "fp32"), ("torch", "bf16"), ("openvino", "fp32"), ("openvino", "bf16"))
"""Backends and precisions that a shipped calibration covers, once their decisions were seen to agree with the first.

What ships of a joint network is its int8 graph, which runs on the first alone.
"""
LEAST_AGREEMENT = 0.99


def fit_head(folder: Path, head: str, *, data: Path) -> tuple[Calibration, dict[str, Any]]:
    """The calibration of one head of the released `folder`, and what was seen: errors, agreement of the backends."""
    samples = [_sample(head, *name.split("."), data=data) for name in FITTED_ON[head]]
    fitting = [example for sample in samples for example in sample[::2]]
    checking = [example for sample in samples for example in sample[1::2]]
    logits = {
        (backend, precision): _logits(folder, head, fitting, backend=backend, precision=precision)
        for backend, precision in (CERTIFIED if load_checkpoint(folder).attention == "one_way" else CERTIFIED[:1])
    }
    shipped = logits[CERTIFIED[0]][1]
    agreement = {name: float((other.argmax(1) == shipped.argmax(1)).mean()) for name, other in (logits.values())}
    calibration = Calibration(
        objective=head,
        temperature=fit_temperature(shipped, _gold(head, fitting)),
        fingerprints=tuple(name for name, share in agreement.items() if share >= LEAST_AGREEMENT),
        examples=len(fitting),
        fitted_on=", ".join(FITTED_ON[head]),
    )
    seen = {
        "temperature": calibration.temperature,
        "fitted_on": calibration.fitted_on,
        **_errors(folder, head, checking, calibration.temperature),
        "agreement": {":".join(name.split(":")[2:4]): share for name, share in agreement.items()},
    }
    return calibration, seen


def _logits(
    folder: Path, head: str, examples: Sequence[Example], *, backend: str = "onnx", precision: str | None = None
) -> tuple[str, FloatArray]:
    """The model's fingerprint, and its logits `(n_pairs, num_labels)` as a judge of that head reads them."""
    named = head if head in load_checkpoint(folder).heads else None
    model = CrossEncoder(folder, head=named, backend=backend, precision=precision)
    judge = Judge(model, objective=head)
    verdicts = judge.batch([(example.text_a, example.text_b) for example in examples])
    rows = [[one.logits[label] for label in judge.objective.labels] for one in verdicts]
    return model.fingerprint, np.array(rows, dtype=np.float32)


def _errors(folder: Path, head: str, examples: Sequence[Example], temperature: float) -> dict[str, float]:
    """Expected calibration error on pairs that the temperature was not fitted on, before and after."""
    _, logits = _logits(folder, head, examples)
    gold = _gold(head, examples)
    return {
        "pairs": len(examples),
        "error_before": expected_calibration_error(softmax(logits), gold),
        "error_after": expected_calibration_error(softmax(logits / np.float32(temperature)), gold),
    }


def _gold(head: str, examples: Sequence[Example]) -> IntArray:
    """Label ids `(n_pairs,)`; of heads that grade, the first label is a grade of half or more."""
    labels = get_objective(head).labels
    if head == "nli":
        return np.array([labels.index(str(example.gold)) for example in examples], dtype=np.int64)
    return np.array([int(gold_values(head, example.gold, HEADS)[0] < 0.5) for example in examples], dtype=np.int64)


def _sample(head: str, name: str, split: str, *, data: Path) -> list[Example]:
    rows = list(read_examples(name, split, folder=data))
    if head == "nli":
        rows = [row for row in rows if row.gold in get_objective(head).labels]
    chosen = np.random.default_rng(0).permutation(len(rows))[:ROWS_EACH]
    return [rows[place] for place in chosen]
