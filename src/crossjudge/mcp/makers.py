"""Who makes what a tool asks: models at hand, or a client of a server, which has the same methods."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Protocol

from crossjudge.apps.base import Model, as_judge
from crossjudge.apps.checking.checker import ClaimChecker
from crossjudge.apps.checking.results import CheckReport
from crossjudge.apps.grading import Grader, GradeResult
from crossjudge.apps.guarding.guardrail import Guardrail, GuardrailResult
from crossjudge.apps.reranking import Ranked, Reranker
from crossjudge.apps.tagging import Tagger, TagResult
from crossjudge.judge import Judge
from crossjudge.types import Verdict

Judges = Callable[[str, str], Verdict]
Checks = Callable[[list[str], str], CheckReport]
Tags = Callable[[str], TagResult]
Guards = Callable[[str], GuardrailResult]
Grades = Callable[[str], GradeResult]
Ranks = Callable[[str, list[str], int | None], list[Ranked]]


class Maker(Protocol):
    """Makes the uses; called for each call of a tool, from many threads."""

    def judge(self) -> Judges:
        """See `Judge`."""
        ...

    def claim_checker(self) -> Checks:
        """See `ClaimChecker`."""
        ...

    def tagger(self, labels: Sequence[str], /, *, multi_label: bool, threshold: float) -> Tags:
        """See `Tagger`."""
        ...

    def guardrail(self, policies: Mapping[str, str], /) -> Guards:
        """See `Guardrail`."""
        ...

    def grader(self, reference: Sequence[str], /, *, question: str | None) -> Grades:
        """See `Grader`."""
        ...

    def reranker(self) -> Ranks:
        """See `Reranker`."""
        ...


class AtHand:
    """Models in this process, each opened once.

    `model`: see `Model`; it answers every tool but re-ranking, and is opened here, so that a wrong name fails before
    the first call. `together`: what checks, guards and grades where that is another model, as it is of those in the
    box. `relevance`: opens the model that re-ranks, when it is first asked.
    """

    def __init__(
        self, model: Model = None, *, together: Model = None, relevance: Callable[[], Model] = lambda: None
    ) -> None:
        self._judge = as_judge(model)
        one_for_all = model is not None and together is None
        self._together = self._judge if one_for_all else as_judge(together, unnamed=ClaimChecker.unnamed_model)
        # Kept, because each opens a model or a head of its own.
        self._checker = ClaimChecker(model=self._together)
        self._reranker = cache(lambda: Reranker(relevance()))

    def judge(self) -> Judge:
        """See `Judge`."""
        return self._judge

    def claim_checker(self) -> ClaimChecker:
        """See `ClaimChecker`."""
        return self._checker

    def tagger(self, labels: Sequence[str], /, *, multi_label: bool, threshold: float) -> Tagger:
        """See `Tagger`."""
        return Tagger(labels, multi_label=multi_label, threshold=threshold, model=self._judge)

    def guardrail(self, policies: Mapping[str, str], /) -> Guardrail:
        """See `Guardrail`."""
        return Guardrail(policies, model=self._together)

    def grader(self, reference: Sequence[str], /, *, question: str | None) -> Grader:
        """See `Grader`."""
        return Grader(reference, question=question, model=self._together)

    def reranker(self) -> Reranker:
        """See `Reranker`."""
        return self._reranker()
