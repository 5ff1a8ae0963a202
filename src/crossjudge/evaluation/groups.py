"""Groups of models against each other, category by category: effect sizes and tests. Pure functions of scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from crossjudge.evaluation.gold import Gold
from crossjudge.evaluation.results import EVERY_CATEGORY, Comparison, ComparisonRow
from crossjudge.evaluation.statistics import Bootstrap, Numbers, holm, mann_whitney, permutation_test

EVERY_CROSS_ENCODER = "cross-encoders"
"""All groups of cross-encoders together."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scored:
    """One model's main score on every pair, and the group it is pooled in."""

    model: str
    group: str
    scores: Numbers


def compare_groups(
    scored: Sequence[Scored], gold: Gold, *, first: str, bootstrap: Bootstrap, permutations: int
) -> tuple[Comparison, ...]:
    """The group `first` against every other group and, where there are several, against all of them together.

    A pair's score in a group is the mean over the group's models, so that the pair is what is counted: scores of
    several models on one pair are no independent observations. Empty where `first` or every other group has no model.
    """
    members: dict[str, list[Scored]] = {}
    for one in scored:
        members.setdefault(one.group, []).append(one)
    base = members.pop(first, [])
    if not base or not members:
        return ()
    if len(members) > 1:
        members[EVERY_CROSS_ENCODER] = [one for group in members.values() for one in group]
    return tuple(
        Comparison(
            first=first,
            second=name,
            first_models=tuple(one.model for one in base),
            second_models=tuple(one.model for one in group),
            rows=_rows(_mean(base), _mean(group), gold, bootstrap, permutations),
        )
        for name, group in members.items()
    )


def _mean(group: Sequence[Scored]) -> Numbers:
    return np.asarray(np.mean([one.scores for one in group], axis=0))


def _rows(
    first: Numbers, second: Numbers, gold: Gold, bootstrap: Bootstrap, permutations: int
) -> tuple[ComparisonRow, ...]:
    masks = {name: gold.is_in(name) for name in gold.categories}
    masks[EVERY_CATEGORY] = np.ones(len(gold), dtype=np.bool_)
    rows = [_row(name, first[mask], second[mask], bootstrap, permutations) for name, mask in masks.items()]
    corrected = _corrected(rows[:-1])
    return (*corrected, rows[-1])


def _row(name: str, first: Numbers, second: Numbers, bootstrap: Bootstrap, permutations: int) -> ComparisonRow:
    u, p = mann_whitney(first, second)
    exchanged = permutation_test(first, second, permutations=permutations, seed=bootstrap.seed)
    return ComparisonRow(
        category=name,
        n=len(first),
        mean_first=float(first.mean()),
        mean_second=float(second.mean()),
        mean_difference=bootstrap.mean_difference(first, second),
        cohens_d=bootstrap.cohens_d(first, second),
        cliffs_delta=bootstrap.cliffs_delta(first, second),
        mann_whitney_u=u,
        mann_whitney_p=p,
        mann_whitney_p_holm=p,
        permutation_p=exchanged,
        permutation_p_holm=exchanged,
    )


def _corrected(rows: Sequence[ComparisonRow]) -> list[ComparisonRow]:
    """The categories' p-values corrected for each other; the row of all pairs is no test of its own among them."""
    mann_whitney_p = holm([row.mann_whitney_p for row in rows])
    permutation_p = holm([row.permutation_p for row in rows])
    return [
        replace(row, mann_whitney_p_holm=mann_whitney_p[place], permutation_p_holm=permutation_p[place])
        for place, row in enumerate(rows)
    ]
