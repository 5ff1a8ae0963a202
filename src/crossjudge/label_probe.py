"""A few pairs that nobody could get wrong, asked at load time: does the stated label order fit what the model says?"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from itertools import permutations

import numpy as np

from crossjudge.errors import NonFiniteLogitsError
from crossjudge.types import FloatArray

OBVIOUS = (
    ("A man is playing a guitar on stage.", "A man is playing an instrument.", "entailment"),
    ("Two children are swimming in a lake.", "Children are in the water.", "entailment"),
    ("The shop opens at nine and closes at five.", "The shop closes at five.", "entailment"),
    ("A woman is sleeping in her bed.", "The woman is wide awake and running.", "contradiction"),
    ("The glass is completely empty.", "The glass is full of water.", "contradiction"),
    ("Nobody came to the party.", "Many people came to the party.", "contradiction"),
    ("A boy is eating an apple.", "The boy's sister lives in Canada.", "neutral"),
    ("The train arrived at noon.", "The train was built in France.", "neutral"),
    ("A dog is lying on the grass.", "The dog's owner is a dentist.", "neutral"),
)

CONVINCING = 6
"""Obvious pairs that an order must get right to be suggested: a model that is merely bad proves no other order."""
CLEARLY_BETTER = 3
"""By how many pairs that order must beat the stated one."""


class LabelOrderWarning(UserWarning):
    """The stated label order contradicts what the model says of obvious pairs."""


def warn_if_contradicted(
    logits_of: Callable[[Sequence[tuple[str, str]]], FloatArray],
    order: tuple[int, ...],
    labels: Sequence[str],
    name: str,
) -> None:
    """Warn with `LabelOrderWarning` when another order fits the obvious pairs clearly better than the stated one.

    `logits_of` gives a checkpoint's own logits `(n_pairs, 3)`; `order[i]` is the id stated for `labels[i]`. A model
    that answers NaN here says nothing of its labels: the error is left to the caller's own pair.
    """
    try:
        chosen = logits_of([(premise, hypothesis) for premise, hypothesis, _ in OBVIOUS]).argmax(axis=1)
    except NonFiniteLogitsError:
        return
    gold = np.array([labels.index(label) for _, _, label in OBVIOUS])
    right = {ids: int((np.array(ids)[gold] == chosen).sum()) for ids in permutations(range(len(labels)))}
    best = max(right, key=lambda ids: (right[ids], ids == order))
    if right[best] >= CONVINCING and right[best] - right[order] >= CLEARLY_BETTER:
        suggested = [labels[best.index(label_id)] for label_id in range(len(labels))]
        warnings.warn(
            f"The model {name!r} got {right[order]} of {len(OBVIOUS)} obvious pairs right under the stated label "
            f"order, and {right[best]} under ({', '.join(suggested)}). Check its card, and state the order: "
            f"Judge(model, labels={tuple(suggested)!r}).",
            LabelOrderWarning,
            stacklevel=3,
        )
