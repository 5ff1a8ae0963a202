"""Which label wins, given probabilities and the logits that they were made of."""

from __future__ import annotations

import numpy as np

from crossjudge.types import FloatArray, IntArray


def winning_labels(logits: FloatArray, probabilities: FloatArray) -> IntArray:
    """The most probable label of each row, int64 `(n_pairs,)`; both `(n_pairs, num_labels)`.

    Probabilities saturate, and a tie between them may be none: then the logits decide.
    """
    best = probabilities == probabilities.max(axis=1, keepdims=True)
    winners: IntArray = np.where(best, logits, -np.inf).argmax(axis=1)
    return winners
