"""What may be changed of a model's last layer, and which change cross-validation prefers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crossjudge.models.last_layer import LastLayer
from crossjudge.training.adapting.fitting import Flags, Numbers, fit_shift, gold_log_likelihood, moved_by
from crossjudge.types import IntArray

UNCHANGED = "unchanged"
THRESHOLDS, SCALES, HEAD = "thresholds", "scales", "head"
KINDS = {
    UNCHANGED: "the model as it is",
    THRESHOLDS: "a number added to each logit",
    SCALES: "each logit a weighted sum of the old ones",
    HEAD: "new weights of the last layer",
}
"""Kind of change -> what it is."""

_PENALTIES = {THRESHOLDS: (0.0,), SCALES: (1.0, 0.1, 0.01, 0.001), HEAD: (3.0, 1.0, 0.3, 0.1, 0.03, 0.01)}
FOLDS = 5
SEED = 7


@dataclass(frozen=True, slots=True)
class Read:
    """What the last layer reads of pairs, `(n, hidden_size)`, and the logits it gives, `(n, n_columns)`.

    A temperature is worked into `logits`. `judged`: logits of the probabilities that a judge gives today; where curves
    make them they are not `logits`, and a change, which starts from `logits`, does without the curves.
    """

    features: Numbers
    logits: Numbers
    judged: Numbers
    moved: int

    def of(self, rows: IntArray | Flags) -> Read:
        """Of these rows alone."""
        return Read(self.features[rows], self.logits[rows], self.judged[rows], self.moved)

    def inputs(self, kind: str) -> Numbers:
        """What a kind of change is a function of."""
        if kind == HEAD:
            return self.features
        return self.logits[:, : self.moved] if kind == SCALES else np.zeros((len(self.logits), 0))


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A kind of change, and how strongly it is held back. `loss`: mean over pairs left out, negative log-likelihood."""

    kind: str
    penalty: float
    loss: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A fitted change: `weights` `(n_inputs + 1, moved)` as `fit_shift` gives them."""

    kind: str
    weights: Numbers

    def logits(self, read: Read) -> Numbers:
        """The new logits, `(n, n_columns)`."""
        if self.kind == UNCHANGED:
            return read.judged
        return moved_by(read.logits, read.inputs(self.kind) @ self.weights[:-1] + self.weights[-1])

    def applied(self, layer: LastLayer) -> LastLayer:
        """`layer`, which gives the calibrated logits, with the change worked in."""
        by_input, by_itself = self.weights[:-1], self.weights[-1]
        weight, bias = layer.weight.astype(np.float64), layer.bias.astype(np.float64)
        if self.kind == HEAD:
            weight = weight + by_input
        elif self.kind == SCALES:
            weight, bias = weight + weight @ by_input, bias + bias @ by_input
        return LastLayer(_float32(weight), _float32(bias + by_itself))


def choose(read: Read, allowed: Flags, parts: IntArray) -> tuple[Candidate, list[Candidate]]:
    """The candidate of the lowest loss in cross-validation over `parts` `(n,)`, and all of them."""
    candidates = list(_tried(read, allowed, parts))
    return min(candidates, key=lambda one: one.loss), candidates


def fit(read: Read, allowed: Flags, candidate: Candidate) -> Change:
    """The candidate's change, fitted to all rows of `read`."""
    if candidate.kind == UNCHANGED:
        return Change(kind=UNCHANGED, weights=np.zeros((1, read.moved)))
    weights = fit_shift(read.inputs(candidate.kind), read.logits, allowed, penalty=candidate.penalty, moved=read.moved)
    return Change(kind=candidate.kind, weights=weights)


def _tried(read: Read, allowed: Flags, parts: IntArray) -> Iterator[Candidate]:
    unchanged = -float(gold_log_likelihood(read.judged, allowed).mean())
    yield Candidate(kind=UNCHANGED, penalty=0.0, loss=unchanged)
    for kind, penalties in _PENALTIES.items():
        for penalty in penalties:
            candidate = Candidate(kind=kind, penalty=penalty, loss=0.0)
            yield Candidate(kind=kind, penalty=penalty, loss=_left_out_loss(read, allowed, parts, candidate))


def _left_out_loss(read: Read, allowed: Flags, parts: IntArray, candidate: Candidate) -> float:
    losses: list[Sequence[float]] = []
    for part in np.unique(parts):
        out = parts == part
        change = fit(read.of(~out), allowed[~out], candidate)
        losses.append((-gold_log_likelihood(change.logits(read.of(out)), allowed[out])).tolist())
    return float(np.mean([loss for one in losses for loss in one]))


def _float32(values: Numbers) -> NDArray[np.float32]:
    return values.astype(np.float32)
