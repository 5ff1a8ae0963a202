"""How near two engines' vectors of the same texts are: cosines, and the order of the texts' likenesses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crossjudge.errors import InputError
from crossjudge.models.parity import spearman
from crossjudge.types import FloatArray

NEAR_ENOUGH = 0.99
"""The mean cosine with fp32 from which on a faster precision's vectors serve as well."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VectorParity:
    """Two engines on the same texts.

    `mean_cosine`, `lowest_cosine`: between the two vectors of one text. `rank_correlation`: Spearman's, between the
    cosines of neighbouring texts as either engine has them.
    """

    n_texts: int
    mean_cosine: float
    lowest_cosine: float
    rank_correlation: float

    @property
    def exact_enough(self) -> bool:
        """Whether the vectors are, on average, within `NEAR_ENOUGH` of each other."""
        return self.mean_cosine >= NEAR_ENOUGH


def compare_vectors(reference: FloatArray, other: FloatArray) -> VectorParity:
    """`reference` and `other`: float32 `(n_texts, dim)` of the same texts, of any length."""
    if reference.shape != other.shape or reference.ndim != 2 or len(reference) < 2:
        raise InputError(
            f"Comparing vectors: shapes {reference.shape} and {other.shape}; expected two arrays (n_texts, dim) of the "
            "same texts, at least two."
        )
    cosines = _cosines(reference, other)
    return VectorParity(
        n_texts=len(reference),
        mean_cosine=float(cosines.mean()),
        lowest_cosine=float(cosines.min()),
        rank_correlation=spearman(_neighbours(reference), _neighbours(other)),
    )


def _neighbours(vectors: FloatArray) -> FloatArray:
    """Each text's cosine with the text before it, `(n_texts,)`."""
    return _cosines(vectors, np.roll(vectors, 1, axis=0))


def _cosines(first: FloatArray, second: FloatArray) -> FloatArray:
    sizes = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    cosines: FloatArray = (first * second).sum(axis=1) / np.maximum(sizes, 1e-12)
    return cosines
