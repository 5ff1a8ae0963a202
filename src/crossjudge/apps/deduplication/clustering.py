"""Clusters from decisions about pairs: a representative, and texts that say the same as it, no two of them different.

Connected components would put A and C together because both are like B; a component is therefore only where a cluster
is looked for. Its representative is the text with the most duplicates (then with the surest, then the first). Texts
join in the order of their scores with the representative, each that is its duplicate and differs from none that joined
before. Those left over are looked at again, as components of their own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from crossjudge.types import IntArray

ALL_PAIRS_UP_TO = 16
"""Texts of a component in which every pair is compared; in a larger one, each text with the representative."""

Edge: TypeAlias = tuple[int, int]
"""Two texts by their places, the smaller first."""

Mask: TypeAlias = NDArray[np.bool_]


class Decision(NamedTuple):
    """How much two texts are the same, 0 to 1, and whether that is enough."""

    score: float
    same: bool


@dataclass(frozen=True, slots=True)
class Decided:
    """Decisions about many pairs: scores float64 and `same` bool, `(n_pairs,)` each."""

    scores: NDArray[np.float64]
    same: Mask

    def __getitem__(self, kept: Mask) -> Decided:
        """Those of some of the pairs."""
        return Decided(self.scores[kept], self.same[kept])


Decide: TypeAlias = Callable[[IntArray], Decided]
"""Decides about pairs of places, int64 `(n_pairs, 2)`."""

Differ: TypeAlias = Callable[[int, int], bool]


@dataclass(frozen=True, slots=True)
class Star:
    """A cluster of distinct texts by their places: its centre, which represents it, and the others, ascending.

    `weakest_link`: the lowest score between the centre and another, None where there is no other.
    """

    centre: int
    others: tuple[int, ...]
    weakest_link: float | None


class Decisions:
    """What was decided so far; `differ` tells pairs apart about which nothing was."""

    def __init__(self, differ: Differ) -> None:
        self._known: dict[Edge, Decision] = {}
        self._same: defaultdict[int, list[int]] = defaultdict(list)
        self._differ = differ

    def add(self, pairs: IntArray, decided: Decided) -> None:
        """Take note of decisions about pairs, none of them known before."""
        for (first, second), score, same in zip(
            pairs.tolist(), decided.scores.tolist(), decided.same.tolist(), strict=True
        ):
            self._known[first, second] = Decision(score, same)
            if same:
                self._same[first].append(second)
                self._same[second].append(first)

    def unknown(self, edges: Iterable[Edge]) -> IntArray:
        """Those about which nothing was decided, in order, int64 `(n_pairs, 2)`."""
        return np.array(sorted(set(edges) - self._known.keys()), dtype=np.int64).reshape(-1, 2)

    def between(self, one: int, other: int) -> Decision | None:
        """What was decided about two texts."""
        return self._known.get(edge(one, other))

    def different(self, one: int, other: int) -> bool:
        """Whether the two must not stand together."""
        decided = self.between(one, other)
        return self._differ(*edge(one, other)) if decided is None else not decided.same

    def components(self, places: Iterable[int]) -> list[list[int]]:
        """Texts that duplicates connect, two or more at a time, each list ascending."""
        waiting, found = set(places), []
        for start in sorted(waiting):
            if start in waiting:
                reached = self._reached(start, waiting)
                waiting -= reached
                if len(reached) > 1:
                    found.append(sorted(reached))
        return found

    def centre(self, places: Sequence[int]) -> int:
        """The text with the most duplicates among them, then with the surest, then the first."""
        inside = set(places)

        def strength(place: int) -> tuple[int, float, int]:
            links = sorted(self._known[edge(place, one)].score for one in self._same[place] if one in inside)
            return len(links), sum(links), -place

        return max(places, key=strength)

    def _reached(self, start: int, among: set[int]) -> set[int]:
        reached, waiting = {start}, [start]
        while waiting:
            new = {one for one in self._same[waiting.pop()] if one in among} - reached
            reached |= new
            waiting += new
        return reached


def edge(one: int, other: int) -> Edge:
    """Two texts, the smaller place first."""
    return (one, other) if one < other else (other, one)


def stars(decisions: Decisions, places: Iterable[int], decide: Decide) -> list[Star]:
    """The clusters of two and more texts; `decide` is asked for what they need and nobody has decided yet."""
    found: list[Star] = []
    waiting = decisions.components(places)
    while waiting:
        centres = [decisions.centre(component) for component in waiting]
        missing = decisions.unknown(
            pair for component, centre in zip(waiting, centres, strict=True) for pair in _needed(component, centre)
        )
        decisions.add(missing, decide(missing))
        some = [_star(component, centre, decisions) for component, centre in zip(waiting, centres, strict=True)]
        found += some
        waiting = [
            part
            for component, star in zip(waiting, some, strict=True)
            for part in decisions.components({*component} - {star.centre, *star.others})
        ]
    return found


def _needed(component: Sequence[int], centre: int) -> Iterable[Edge]:
    if len(component) <= ALL_PAIRS_UP_TO:
        return combinations(component, 2)
    return (edge(centre, one) for one in component if one != centre)


def _star(component: Sequence[int], centre: int, decisions: Decisions) -> Star:
    links = {one: found for one in component if (found := decisions.between(centre, one)) and found.same}
    joined: list[int] = []
    for one in sorted(links, key=lambda place: (-links[place].score, place)):
        if not any(decisions.different(one, other) for other in joined):
            joined.append(one)
    return Star(centre, tuple(sorted(joined)), min(links[one].score for one in joined))
