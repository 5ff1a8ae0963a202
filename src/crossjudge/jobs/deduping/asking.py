"""Asking the cross-encoder about pairs of texts, in chunks, and keeping the account of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from crossjudge.apps.deduplication.clustering import Decided
from crossjudge.apps.deduplication.comparing import Asking
from crossjudge.apps.deduplication.differences import Differences
from crossjudge.jobs.deduping.task import DedupeTask
from crossjudge.jobs.task import ITEMS
from crossjudge.types import IntArray


class CountedAsking:
    """Decides about pairs of `texts` by their places, and counts what became of them."""

    def __init__(self, task: DedupeTask, texts: Sequence[str]) -> None:
        settings = task.settings
        self.differ = Differences(texts, settings.apart_by)
        self._asking = Asking(texts, decider=settings.decider, differ=self.differ, threshold=settings.threshold)
        self.compared = self.ruled_apart = self.duplicates = 0

    def __call__(self, pairs: IntArray, told: Callable[[float], None] = lambda share: None) -> Decided:
        """Decisions about pairs, int64 `(n_pairs, 2)`; `told` hears which share of them is done."""
        decided = Decided(np.zeros(len(pairs)), np.zeros(len(pairs), dtype=bool))
        for start in range(0, len(pairs), ITEMS):
            chunk = slice(start, start + ITEMS)
            some, asked = self._asking(pairs[chunk])
            decided.scores[chunk], decided.same[chunk] = some.scores, some.same
            self.compared += int(asked.sum())
            self.ruled_apart += int((~asked).sum())
            self.duplicates += int(some.same.sum())
            told(min(1.0, (start + ITEMS) / len(pairs)))
        return decided

    def account(self) -> dict[str, int]:
        """What became of all pairs so far."""
        return {"compared": self.compared, "ruled_apart": self.ruled_apart, "duplicates": self.duplicates}
