"""Gold labels as people write them -> the ids of an objective's labels."""

from __future__ import annotations

from collections.abc import Sequence, Sized
from typing import Any

import numpy as np

from crossjudge.errors import InputError, ItemError
from crossjudge.objectives.base import Objective
from crossjudge.types import IntArray

_OF_ONE_SCORE = {"1": 0, "true": 0, "0": 1, "false": 1}
"""How files say that a pair is, or is not, what the one score is about -> the place of that label."""


def gold_ids(gold: Sequence[Any], objective: Objective) -> IntArray:
    """Places in `objective.labels`, int64 `(n_pairs,)`, of labels by name.

    Objectives of one score also take 1 and 0, or true and false. Raises `ItemError`, which has the index, for others.
    """
    known = _spellings(objective)
    found = [known.get(_spelled(value)) for value in gold]
    for index, (place, value) in enumerate(zip(found, gold, strict=True)):
        if place is None:
            also = ", or 1 and 0" if objective.single_logit else ""
            raise ItemError(
                f"Reading gold labels: the label of pair {index} is {value!r}; expected one of "
                f"{', '.join(objective.labels)}{also}. Correct it, or leave the pair out.",
                index=index,
            )
    return np.array(found, dtype=np.int64)


def check_gold(gold: IntArray, pairs: Sized, objective: Objective) -> None:
    """Raise `InputError` unless there is one gold label for each pair, and more than one kind of them."""
    if len(gold) != len(pairs) or len(gold) == 0:
        raise InputError(
            f"Fitting a calibration: {len(pairs)} pairs and {len(gold)} gold labels; expected as many of one as of the "
            "other, and some. Give each pair its label."
        )
    seen = [objective.labels[place] for place in np.unique(gold)]
    if len(seen) == 1:
        raise InputError(
            f"Fitting a calibration: all {len(gold)} examples are {seen[0]!r}, and what one class alone shows fits any "
            f"probability. Add examples of {', '.join(label for label in objective.labels if label != seen[0])}."
        )


def _spellings(objective: Objective) -> dict[str, int]:
    found = dict(_OF_ONE_SCORE) if objective.single_logit else {}
    for place, label in enumerate(objective.labels):
        found |= dict.fromkeys((label, *objective.aliases.get(label, ())), place)
    return found


def _spelled(value: Any) -> str:
    """As a spelling of a label is written: 1, 1.0, True and "1" are the same."""
    if isinstance(value, (bool, np.bool_)):
        return str(value).lower()
    if isinstance(value, (int, float, np.integer, np.floating)):
        return f"{float(value):g}"
    return str(value).strip().lower().replace("-", "_").replace(" ", "_")
