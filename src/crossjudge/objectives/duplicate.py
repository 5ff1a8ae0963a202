"""Duplicates: do two texts say, or two questions ask, the same thing?"""

from __future__ import annotations

import numpy as np

from crossjudge.objectives.base import Objective
from crossjudge.types import FloatArray


def weakest_decides(logits: FloatArray) -> FloatArray:
    """The window that looks least like a duplicate decides, `(n_protected, n_read, 2)` -> `(2,)`."""
    flat = logits.reshape(-1, logits.shape[-1])
    weakest: FloatArray = flat[np.argmin(flat[:, 0] - flat[:, 1])]
    return weakest


DUPLICATE = Objective(
    name="duplicate",
    labels=("duplicate", "not_duplicate"),
    aliases={
        "duplicate": ("is_duplicate", "paraphrase", "equivalent", "same", "yes"),
        "not_duplicate": ("different", "not_paraphrase", "not_equivalent", "no", "distinct"),
    },
    single_logit=True,
    symmetric=True,
    scale="probability that both texts say the same, 0 to 1",
    read_side="a",
    merge=weakest_decides,
    merge_rule="the window that looks least like a duplicate decides",
)
