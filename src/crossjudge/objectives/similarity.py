"""Similarity: how much do two texts mean the same, on a scale from 0 to 1?"""

from __future__ import annotations

import numpy as np

from crossjudge.objectives.base import Objective
from crossjudge.types import FloatArray


def mean_of_windows(logits: FloatArray) -> FloatArray:
    """The mean over all windows, `(n_protected, n_read, 2)` -> `(2,)`: every part of the text counts alike."""
    mean: FloatArray = logits.reshape(-1, logits.shape[-1]).mean(axis=0).astype(np.float32)
    return mean


SIMILARITY = Objective(
    name="similarity",
    labels=("similar", "not_similar"),
    aliases={"similar": ("equivalent", "same"), "not_similar": ("different", "dissimilar")},
    single_logit=True,
    symmetric=True,
    scale="similarity, 0 (unrelated) to 1 (same meaning); STS-B's 0 to 5 divided by 5",
    read_side="a",
    merge=mean_of_windows,
    merge_rule="the mean over all windows",
)
