"""What logits mean: one file per objective, found by name."""

from __future__ import annotations

from collections.abc import Mapping

from crossjudge.errors import ObjectiveError
from crossjudge.objectives.base import Objective
from crossjudge.objectives.duplicate import DUPLICATE
from crossjudge.objectives.nli import NLI
from crossjudge.objectives.relevance import RELEVANCE
from crossjudge.objectives.similarity import SIMILARITY

OBJECTIVES: Mapping[str, Objective] = {one.name: one for one in (NLI, SIMILARITY, DUPLICATE, RELEVANCE)}


def get_objective(name: str) -> Objective:
    """The objective of that name; raises `ObjectiveError` listing those there are."""
    if name not in OBJECTIVES:
        raise ObjectiveError(f"Choosing an objective: {name!r} is not known; expected one of {', '.join(OBJECTIVES)}.")
    return OBJECTIVES[name]
