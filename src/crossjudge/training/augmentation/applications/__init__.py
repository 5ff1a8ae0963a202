"""Pairs as the applications ask them: tags, policies, rubrics, answers, grades and claims."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from crossjudge.training.augmentation.applications.answers import make_answers
from crossjudge.training.augmentation.applications.claims import make_claims
from crossjudge.training.augmentation.applications.grades import make_grades
from crossjudge.training.augmentation.applications.policies import make_policies
from crossjudge.training.augmentation.applications.rubrics import make_rubrics
from crossjudge.training.augmentation.applications.tags import make_tags
from crossjudge.training.augmentation.made import MadePair, Maker

USES: tuple[tuple[Maker, float], ...] = (
    (make_tags, 0.25),
    (make_policies, 0.23),
    (make_answers, 0.15),
    (make_rubrics, 0.14),
    (make_grades, 0.11),
    (make_claims, 0.12),
)
"""Each use's maker and its share of the pairs."""


def make(rng: random.Random, sentences: Sequence[str]) -> Iterator[MadePair]:
    """Endless pairs of all uses, mixed by their shares."""
    makers = [maker(rng, sentences) for maker, _ in USES]
    shares = [share for _, share in USES]
    while True:
        yield next(rng.choices(makers, shares)[0])
