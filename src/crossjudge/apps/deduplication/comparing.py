"""Comparing: decisions about pairs of distinct texts, and a count of what became of each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

import numpy as np

from crossjudge.apps.base import Question
from crossjudge.apps.deduplication.clustering import Decided, Mask
from crossjudge.apps.deduplication.copies import plain
from crossjudge.apps.deduplication.deciding import Decider
from crossjudge.apps.deduplication.differences import Differences
from crossjudge.apps.deduplication.results import Tally
from crossjudge.judge import CHUNK_PAIRS
from crossjudge.types import FloatArray, IntArray, Verdict


def says_the_same(verdict: Verdict, threshold: float) -> bool:
    """Whether a verdict is enough: its score reaches the threshold, all was read, and the judge stands by it."""
    return verdict.score >= threshold and not verdict.tokens_dropped and not verdict.abstained


def compared(
    verdict: Verdict, texts: Question, *, labels: tuple[str, str], threshold: float, apart_by: Collection[str]
) -> Verdict:
    """The cross-encoder's verdict on two texts, its label what is decided: they say the same, or they do not."""
    one, other = texts
    differ = Differences(texts, apart_by)
    same = plain(one) == plain(other) or (not differ(0, 1) and says_the_same(verdict, threshold))
    return replace(verdict, label=labels[0 if same else 1])


class Asking:
    """Decides about pairs of `texts`, by rule where `differ` tells them apart, else by the cross-encoder."""

    def __init__(self, texts: Sequence[str], *, decider: Decider, differ: Differences, threshold: float) -> None:
        self._texts, self._decider, self.differ, self._threshold = texts, decider, differ, threshold

    def __call__(self, pairs: IntArray) -> tuple[Decided, Mask]:
        """A decision for each of the pairs, places int64 `(n_pairs, 2)`; and which of them the cross-encoder made."""
        asked: Mask = np.array([not self.differ(first, second) for first, second in pairs.tolist()], dtype=bool)
        texts = [(self._texts[first], self._texts[second]) for first, second in pairs[asked].tolist()]
        verdicts = self._decider(texts) if texts else []
        decided = Decided(np.zeros(len(pairs)), np.zeros(len(pairs), dtype=bool))
        decided.scores[asked] = [verdict.score for verdict in verdicts]
        decided.same[asked] = [says_the_same(verdict, self._threshold) for verdict in verdicts]
        return decided, asked


class Comparing:
    """Decides about pairs in chunks, and keeps the account of them.

    `vectors`: float32 `(n_texts, dim)` of length 1, for the account of what similarity alone would have done.
    """

    def __init__(self, asking: Asking, vectors: FloatArray, *, similarity_threshold: float) -> None:
        self._asking, self._vectors = asking, vectors
        self.tally = Tally(similarity_threshold)

    @property
    def differ(self) -> Differences:
        """What tells pairs apart without asking."""
        return self._asking.differ

    def __call__(self, pairs: IntArray, *, advance: Callable[[int], None] | None = None) -> Decided:
        """A decision for each of the pairs, places int64 `(n_pairs, 2)`; `advance` hears how many were made."""
        decided = Decided(np.zeros(len(pairs)), np.zeros(len(pairs), dtype=bool))
        for start in range(0, len(pairs), CHUNK_PAIRS):
            chunk = slice(start, start + CHUNK_PAIRS)
            some, asked = self._asking(pairs[chunk])
            decided.scores[chunk], decided.same[chunk] = some.scores, some.same
            self._count(pairs[chunk], asked, some.same)
            if advance is not None:
                advance(min(start + CHUNK_PAIRS, len(pairs)))
        return decided

    def _count(self, pairs: IntArray, asked: Mask, same: Mask) -> None:
        cosines = np.einsum("ij,ij->i", self._vectors[pairs[:, 0]], self._vectors[pairs[:, 1]])
        similar = cosines >= self.tally.similarity_threshold
        counts = {
            "compared": asked,
            "ruled_apart": ~asked,
            "duplicates": same,
            "similar": similar,
            "similar_refused": similar & asked & ~same,
            "similar_ruled_apart": similar & ~asked,
            "dissimilar_duplicates": same & ~similar,
        }
        old = self.tally
        self.tally = replace(old, **{name: getattr(old, name) + int(mask.sum()) for name, mask in counts.items()})
