"""`Judges`: the models behind the tools, each opened once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from crossjudge.apps.base import Model, as_judge
from crossjudge.apps.checking.checker import ClaimChecker
from crossjudge.apps.reranking import Reranker


class Judges:
    """What the tools ask.

    `model`: see `Model`; it answers every tool but re-ranking, and is opened here, so that a wrong name fails before
    the first call. `relevance`: opens the model that re-ranks, when it is first asked.
    """

    def __init__(self, model: Model = None, *, relevance: Callable[[], Model] = lambda: None) -> None:
        self.nli = as_judge(model)
        self._relevance = relevance

    @cached_property
    def checker(self) -> ClaimChecker:
        """Kept, because it opens a head of its own."""
        return ClaimChecker(model=self.nli)

    @cached_property
    def reranker(self) -> Reranker:
        """Kept, because it opens a model or a head of its own."""
        return Reranker(self._relevance())
