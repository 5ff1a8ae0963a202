"""A suite's gold as arrays, one place a pair: what stays in memory of a million pairs besides their scores."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from crossjudge.evaluation.known_sets import GradedPair
from crossjudge.evaluation.results import CategoryFacts
from crossjudge.evaluation.suite import NEGATIVE_CONTROL, POSITIVE_CONTROL, SuitePair
from crossjudge.objectives.nli import NLI
from crossjudge.types import FloatArray

Flags: TypeAlias = NDArray[np.bool_]
Codes: TypeAlias = NDArray[np.int8]

UNKNOWN = -1
"""Code of a gold that nobody knows."""
_NLI_CODES: Mapping[str | None, int] = {None: UNKNOWN, **{label: code for code, label in enumerate(NLI.labels)}}
_FLAG_CODES: Mapping[bool | None, int] = {None: UNKNOWN, False: 0, True: 1}


@dataclass(frozen=True, kw_only=True)
class Gold:
    """The gold of `n_pairs` pairs in suite order.

    `category`: int32 `(n_pairs,)`, places in `categories`. `duplicate`: 1, 0 or `UNKNOWN`. `forward`, `backward`:
    places in `NLI.labels`, or `UNKNOWN`; where `two_way`, neutral stands for "not entailed". `graded`: float32
    similarity, NaN where there is none.
    """

    categories: tuple[str, ...]
    category: NDArray[np.int32]
    duplicate: Codes
    forward: Codes
    backward: Codes
    graded: FloatArray
    two_way: bool = False

    def __len__(self) -> int:
        return len(self.category)

    def is_in(self, category: str) -> Flags:
        """Which pairs are of that category, bool `(n_pairs,)`; none of an unknown one."""
        code = self.categories.index(category) if category in self.categories else UNKNOWN
        return np.asarray(self.category == code)

    @cached_property
    def positives(self) -> Flags:
        """The positive controls; where a suite has none, every pair that is a duplicate."""
        controls = self.is_in(POSITIVE_CONTROL)
        return controls if controls.any() else np.asarray(self.duplicate == 1)

    @cached_property
    def adversarial(self) -> Flags:
        """Every pair that is no duplicate, negative controls left out."""
        return np.asarray(self.duplicate == 0) & ~self.is_in(NEGATIVE_CONTROL)

    def facts(self) -> tuple[CategoryFacts, ...]:
        """What each category is made of."""
        return tuple(self._facts(name) for name in self.categories)

    def _facts(self, name: str) -> CategoryFacts:
        flags = self.duplicate[self.is_in(name)]
        duplicates, others = int((flags == 1).sum()), int((flags == 0).sum())
        return CategoryFacts(
            name=name,
            n=len(flags),
            role=_role(name, duplicates, others),
            duplicates=duplicates,
            not_duplicates=others,
        )


def _role(name: str, duplicates: int, others: int) -> str:
    if name in (POSITIVE_CONTROL, NEGATIVE_CONTROL):
        return name
    if duplicates and others:
        return "mixed"
    return "duplicates" if duplicates else "adversarial" if others else "unlabelled"


def read_gold(pairs: Iterable[SuitePair], *, two_way: bool = False) -> Gold:
    """The gold of the pairs, which are read once and not kept."""
    places: dict[str, int] = {}
    # Arrays that grow, since how many pairs there are shows at the end only.
    category, codes, graded = array("i"), array("b"), array("f")
    for pair in pairs:
        category.append(places.setdefault(pair.category, len(places)))
        codes.append(_FLAG_CODES[pair.duplicate])
        codes.append(_NLI_CODES[pair.nli_forward])
        codes.append(_NLI_CODES[pair.nli_backward])
        graded.append(pair.score if isinstance(pair, GradedPair) and pair.score is not None else math.nan)
    duplicate, forward, backward = np.array(codes, dtype=np.int8).reshape(-1, 3).T
    return Gold(
        categories=tuple(places),
        category=np.array(category, dtype=np.int32),
        duplicate=duplicate,
        forward=forward,
        backward=backward,
        graded=np.array(graded, dtype=np.float32),
        two_way=two_way,
    )
