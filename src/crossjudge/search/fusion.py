"""Several rankings of the same documents as one, by reciprocal rank."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

RRF = 60
"""The usual constant (Cormack, Clarke and Buettcher 2009): how little the first places differ."""


def fused(rankings: Sequence[Sequence[int]]) -> list[tuple[int, float]]:
    """(document, score), best first: a document's score is the sum of 1 / (60 + its rank) over the rankings.

    `rankings`: documents by place, best first. Equal scores are ordered by place.
    """
    scores: dict[int, float] = defaultdict(float)
    for ranking in rankings:
        for rank, place in enumerate(ranking, start=1):
            scores[place] += 1 / (RRF + rank)
    return sorted(scores.items(), key=lambda one: (-one[1], one[0]))
