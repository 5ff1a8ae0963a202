"""The heads known by name, and what each makes of a pair's gold."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from crossjudge.errors import LabelError

HEADS: Mapping[str, tuple[str, ...]] = {
    "nli": ("contradiction", "entailment", "neutral"),
    "similarity": ("similarity",),
    "duplicate": ("duplicate",),
    "relevance": ("relevance",),
    "certainty": ("hedged", "weakened"),
}
"""Name -> outputs by id."""

UNIONS = {"not_entailment": ("contradiction", "neutral")}
"""Two-way gold labels -> the three-way labels they leave open."""
UNLABELLED = "unlabelled"
"""Gold that leaves every label open, and so all to a teacher."""
CERTAINTY: Mapping[str, tuple[float, float]] = {
    "hedged": (1, math.nan),
    "certain": (0, math.nan),
    "weakened": (1, 1),
    "as hedged": (1, 0),
    "as certain": (0, 0),
}
"""Gold of `certainty` -> whether the second text is hedged, and whether it is less certain than the first."""
GRADES = {"1": 1.0, "0": 0.0, "duplicate": 1.0, "not_duplicate": 0.0, "relevant": 1.0, "not_relevant": 0.0}
"""What files say instead of a degree."""

Gold = str | float


def exclusive(head: str, labels: Sequence[str]) -> bool:
    """Whether a head's labels exclude each other; else each output is a yes or no, or a degree, of its own."""
    return len(labels) > 1 and head != "certainty"


def gold_values(head: str, gold: Gold, heads: Mapping[str, tuple[str, ...]]) -> list[float]:
    """A pair's gold as a number for each output of its head: 1 where allowed, or a degree; NaN where nothing is known.

    Raises `LabelError` for gold that the head does not know.
    """
    if head not in heads:
        raise LabelError(
            f"Preparing gold labels: a pair is for the head {head!r}, and the model has {', '.join(heads)}. Add the "
            "head to the settings, or name another one in the mixture."
        )
    labels = heads[head]
    if gold == UNLABELLED and not exclusive(head, labels):
        raise LabelError(
            f"Preparing gold of {head}: a pair leaves it to a teacher, which only a head whose labels exclude each "
            "other can. Give these pairs their gold, or leave the set out."
        )
    if exclusive(head, labels):
        allowed = labels if gold == UNLABELLED else UNIONS.get(str(gold), (str(gold),))
        if not set(allowed) <= set(labels):
            raise LabelError(
                f"Preparing gold labels: {gold!r} is not among {', '.join(labels)} (nor a union of them). "
                'Map it in the mixture: labels = { THEIRS = "OURS" }.'
            )
        return [float(label in allowed) for label in labels]
    if head == "certainty":
        if gold not in CERTAINTY:
            raise LabelError(f"Preparing gold of certainty: {gold!r}; expected one of {', '.join(CERTAINTY)}.")
        return list(CERTAINTY[str(gold)])
    grade = GRADES.get(gold) if isinstance(gold, str) else gold
    if grade is None or not grade >= 0:
        raise LabelError(
            f"Preparing gold of {head}: {gold!r}; expected a number of 0 or more, or one of {', '.join(GRADES)}."
        )
    return [min(float(grade), 1.0)]
