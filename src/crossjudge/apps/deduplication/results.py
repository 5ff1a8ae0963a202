"""What deduplication answers: clusters of texts that say the same, and an account of every pair."""

from __future__ import annotations

from dataclasses import dataclass

from crossjudge.apps.base import Result


@dataclass(frozen=True, slots=True)
class Cluster(Result):
    """Texts that say the same; a text that nothing repeats is a cluster of its own.

    `indices`: their places in the input, ascending. `representative`: the one of them that stands for all, the one to
    keep. `weakest_link`: the lowest score of a text with the representative; None where nothing had to be asked (a
    single text, or copies). `texts`: how many there are.
    """

    indices: list[int]
    representative: int
    weakest_link: float | None
    texts: int


@dataclass(frozen=True, slots=True)
class Tally(Result):
    """What became of the pairs of distinct texts that were looked at.

    `compared`: asked of the cross-encoder, each in both orders. `ruled_apart`: told apart by what they state, and not
    asked. `duplicates`: of those compared, judged to say the same. Beside it stands what similarity alone would have
    done from `similarity_threshold` on: `similar` pairs (of those compared or ruled apart) it would have merged, of
    which the cross-encoder refused `similar_refused` and the rule `similar_ruled_apart`; `dissimilar_duplicates` it
    would have missed.
    """

    similarity_threshold: float
    compared: int = 0
    ruled_apart: int = 0
    duplicates: int = 0
    similar: int = 0
    similar_refused: int = 0
    similar_ruled_apart: int = 0
    dissimilar_duplicates: int = 0


@dataclass(frozen=True, slots=True)
class DedupeReport(Result):
    """Clusters in the order of their first texts, and how they were found.

    `copies`: texts that repeat another but for case and spacing; they cost nothing. `pairs_possible`: of all texts.
    `candidates`: pairs of distinct texts near enough to be compared; `tally.compared` has a few more where a text had
    to be compared with its cluster's representative. `merged`: pairs of distinct texts that stand in one cluster.
    `at_limit`: texts with more near ones than a text may bring (0: every near pair was looked at, if `search` is
    "exact"). `fingerprint`: of the cross-encoder; `first_stage`: of the bi-encoder.
    """

    clusters: list[Cluster]
    texts: int
    copies: int
    pairs_possible: int
    candidates: int
    merged: int
    at_limit: int
    search: str
    tally: Tally
    fingerprint: str
    first_stage: str

    @property
    def kept(self) -> list[int]:
        """Each cluster's representative, ascending: the texts that are left without duplicates."""
        return sorted(cluster.representative for cluster in self.clusters)
