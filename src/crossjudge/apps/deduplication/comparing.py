"""Comparing: decisions about pairs of distinct texts, and a count of what became of each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

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


class Comparing:
    """Decides about pairs of `texts`, by rule where `differ` tells them apart, else by the cross-encoder, in chunks.

    `vectors`: float32 `(n_texts, dim)` of length 1, for the account of what similarity alone would have done.
    """

    def __init__(
        self,
        texts: Sequence[str],
        vectors: FloatArray,
        *,
        decider: Decider,
        differ: Differences,
        threshold: float,
        similarity_threshold: float,
    ) -> None:
        self._texts, self._vectors = texts, vectors
        self._decider, self.differ, self._threshold = decider, differ, threshold
        self.tally = Tally(similarity_threshold)

    def __call__(self, pairs: IntArray, *, advance: Callable[[int], None] | None = None) -> Decided:
        """A decision for each of the pairs, places int64 `(n_pairs, 2)`; `advance` hears how many were made."""
        decided = Decided(np.zeros(len(pairs)), np.zeros(len(pairs), dtype=bool))
        for start in range(0, len(pairs), CHUNK_PAIRS):
            chunk = slice(start, start + CHUNK_PAIRS)
            decided.scores[chunk], decided.same[chunk] = self._chunk(pairs[chunk])
            if advance is not None:
                advance(min(start + CHUNK_PAIRS, len(pairs)))
        return decided

    def _chunk(self, pairs: IntArray) -> tuple[NDArray[np.float64], Mask]:
        asked: Mask = np.array([not self.differ(first, second) for first, second in pairs.tolist()], dtype=bool)
        texts = [(self._texts[first], self._texts[second]) for first, second in pairs[asked].tolist()]
        verdicts = self._decider(texts) if texts else []
        scores, same = np.zeros(len(pairs)), np.zeros(len(pairs), dtype=bool)
        scores[asked] = [verdict.score for verdict in verdicts]
        same[asked] = [says_the_same(verdict, self._threshold) for verdict in verdicts]
        self._count(pairs, asked, same)
        return scores, same

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
