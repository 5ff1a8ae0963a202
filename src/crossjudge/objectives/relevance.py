"""Relevance: does text_b (document) answer or concern text_a (query)?"""

from __future__ import annotations

import numpy as np

from crossjudge.objectives.base import Objective
from crossjudge.types import FloatArray


def best_window(logits: FloatArray) -> FloatArray:
    """The most relevant window decides (MaxP, Dai and Callan 2019), `(n_protected, n_read, 2)` -> `(2,)`."""
    flat = logits.reshape(-1, logits.shape[-1])
    best: FloatArray = flat[np.argmax(flat[:, 0] - flat[:, 1])]
    return best


RELEVANCE = Objective(
    name="relevance",
    labels=("relevant", "not_relevant"),
    aliases={
        "relevant": ("entailment", "answers", "answerable", "yes"),
        "not_relevant": ("not_entailment", "irrelevant", "no"),
    },
    single_logit=True,
    symmetric=False,
    scale="logit, unbounded: it orders documents of one query, and is neither a probability nor a similarity",
    read_side="b",
    merge=best_window,
    merge_rule="the most relevant window decides",
    score_is_logit=True,
)
