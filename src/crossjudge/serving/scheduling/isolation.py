"""One bad item must not fail its neighbours: a computation that fails is halved until the culprits stand alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from crossjudge.errors import BackendError, NonFiniteLogitsError
from crossjudge.types import FloatArray

Item = TypeVar("Item")


def isolated(
    compute: Callable[[Sequence[Item]], FloatArray], items: Sequence[Item], width: int
) -> tuple[FloatArray, dict[int, Exception]]:
    """`(n_items, width)`, and for each item that cannot be computed why not; rows of those mean nothing.

    `compute` of any items gives one row each, or raises. Calls: one where all is well, and about twice the logarithm of
    `n_items` for each culprit.
    """
    answers = np.zeros((len(items), width), dtype=np.float32)
    culprits: dict[int, Exception] = {}
    spans = [(0, len(items))] if items else []
    while spans:
        start, stop = spans.pop()
        try:
            answers[start:stop] = _checked(compute(items[start:stop]), (stop - start, width))
        except Exception as error:
            if stop - start == 1:
                culprits[start] = error
                continue
            middle = (start + stop) // 2
            spans += [(middle, stop), (start, middle)]
    return answers, culprits


def _checked(answer: FloatArray, shape: tuple[int, int]) -> FloatArray:
    """`answer` if it is numbers of that shape."""
    if answer.shape != shape:
        raise BackendError(
            f"Running the model: {shape[0]} input(s) were answered by an array of shape {answer.shape}; expected "
            f"{shape}. Graph and config do not belong together: export or fetch the model again."
        )
    broken = np.flatnonzero(~np.isfinite(answer).all(axis=1))
    if len(broken):
        raise NonFiniteLogitsError(
            f"Running the model: input {broken[0]} gave NaN or infinity; expected finite numbers. Try "
            "precision='fp32', or fetch the model again.",
            index=int(broken[0]),
        )
    return answer
