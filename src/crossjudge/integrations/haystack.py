"""For Haystack: `CrossjudgeRanker` and `CrossjudgeFaithfulnessEvaluator`, components of a pipeline."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from crossjudge.apps.base import seen
from crossjudge.apps.checking.results import SUPPORTED
from crossjudge.apps.reranking import checked_count
from crossjudge.errors import InputError
from crossjudge.extras import require
from crossjudge.integrations.grounding import Grounding, groundings
from crossjudge.integrations.ranking import ranked, require_each
from crossjudge.integrations.uses import Checks, Given, Ranks, checks, ranks, saved_name

try:
    from haystack import Document, component, default_from_dict, default_to_dict
except ModuleNotFoundError:
    require("haystack", to="be a part of Haystack")
    raise


@component
class CrossjudgeRanker:
    """Puts documents in the order in which they answer the query.

    `model`: None for the embedded model, a folder or hub name, a `CrossEncoder`, a `Judge` of relevance, or a
    `Reranker`; only None and names can be saved with a pipeline. `top_k`: how many documents are kept, all if None.

    What comes back are copies. A score is a logit: it orders the documents of one query, and is no probability. Blank
    documents, and those without text, come last and have none. Of documents with the same id the first is ranked.
    """

    def __init__(self, model: Given[Ranks] = None, top_k: int | None = None) -> None:
        self.model = model
        self.top_k = _checked_top_k(top_k)
        self._ranks: Ranks | None = None

    def warm_up(self) -> None:
        """Open the model; `run` does so where it was not done before."""
        if self._ranks is None:
            self._ranks = ranks(self.model)

    @component.output_types(documents=list[Document])
    def run(self, query: str, documents: list[Document], top_k: int | None = None) -> dict[str, Any]:
        """The documents best first; `top_k` instead of the component's own."""
        require_each(documents, Document, doing="Ranking documents")
        self.warm_up()
        assert self._ranks is not None
        most = self.top_k if top_k is None else _checked_top_k(top_k)
        different = list({one.id: one for one in reversed(documents)}.values())[::-1]
        places = ranked(self._ranks, query, [one.content for one in different], most=most)
        return {"documents": [replace(different[place.index], score=place.score) for place in places]}

    @component.output_types(documents=list[Document])
    async def run_async(self, query: str, documents: list[Document], top_k: int | None = None) -> dict[str, Any]:
        """The same in a thread."""
        return await asyncio.to_thread(self.run, query=query, documents=documents, top_k=top_k)

    def to_dict(self) -> dict[str, Any]:
        """As Haystack saves it."""
        return default_to_dict(self, model=saved_name(self.model, of="CrossjudgeRanker"), top_k=self.top_k)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> CrossjudgeRanker:
        """As it was saved."""
        return default_from_dict(cls, data)


@component
class CrossjudgeFaithfulnessEvaluator:
    """Says how much of each predicted answer its contexts support, without a language model.

    `model`: None for its own, a folder or hub name, a `CrossEncoder`, a `Judge` or a `ClaimChecker`; only
    None and names can be saved with a pipeline. `threshold`: the probability from which a passage supports a claim, or
    contradicts it; a `ClaimChecker` has its own.
    """

    def __init__(self, model: Given[Checks] = None, threshold: float = 0.5) -> None:
        self.model, self.threshold = model, threshold
        self._checks: Checks | None = None

    def warm_up(self) -> None:
        """Open the model; `run` does so where it was not done before."""
        if self._checks is None:
            self._checks = checks(self.model, threshold=self.threshold)

    @component.output_types(score=float, individual_scores=list[float], results=list[dict[str, Any]])
    def run(
        self, contexts: list[list[str]], predicted_answers: list[str], questions: list[str] | None = None
    ) -> dict[str, Any]:
        """Evaluate answers, each beside the contexts in the same place; `questions` are not looked at.

        `individual_scores`: for each answer the share of its claims that are supported, 0 to 1; an answer that is
        blank, or has no contexts, scores 0. `score`: their mean. `results`: for each answer `statements`,
        `statement_scores` (1 or 0), `score`, as Haystack's own evaluator has them, and `outcomes`, `feedback` and the
        whole `report`.
        """
        self.warm_up()
        assert self._checks is not None
        found = groundings(self._checks, _inputs(contexts, predicted_answers))
        scores = [one.score for one in found]
        return {
            "score": sum(scores) / len(scores),
            "individual_scores": scores,
            "results": [_result(one) for one in found],
        }

    @component.output_types(score=float, individual_scores=list[float], results=list[dict[str, Any]])
    async def run_async(
        self, contexts: list[list[str]], predicted_answers: list[str], questions: list[str] | None = None
    ) -> dict[str, Any]:
        """The same in a thread."""
        return await asyncio.to_thread(
            self.run, contexts=contexts, predicted_answers=predicted_answers, questions=questions
        )

    def to_dict(self) -> dict[str, Any]:
        """As Haystack saves it."""
        model = saved_name(self.model, of="CrossjudgeFaithfulnessEvaluator")
        return default_to_dict(self, model=model, threshold=self.threshold)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> CrossjudgeFaithfulnessEvaluator:
        """As it was saved."""
        return default_from_dict(cls, data)


def _checked_top_k(top_k: Any) -> int | None:
    return None if top_k is None else checked_count(top_k, doing="Ranking documents", what="top_k")


def _inputs(contexts: Sequence[Sequence[str]], answers: Sequence[str]) -> list[tuple[Sequence[str], str]]:
    if not answers:
        raise InputError("Evaluating answers: got no answers; expected at least one. Pass predicted_answers=[...].")
    for index, one in enumerate(contexts):
        if isinstance(one, str):
            raise InputError(
                f"Evaluating answers: contexts[{index}] is {seen(one)}, a text; expected a list of texts for each "
                "answer. Put it in a list, [[...], ...]."
            )
    if len(contexts) != len(answers):
        raise InputError(
            f"Evaluating answers: got {len(contexts)} lists of contexts for {len(answers)} answers; expected one list "
            "for each answer. Pair them up."
        )
    return list(zip(contexts, answers, strict=True))


def _result(found: Grounding) -> dict[str, Any]:
    claims = () if found.report is None else found.report.claims
    return {
        "statements": [claim.claim for claim in claims],
        "statement_scores": [int(claim.outcome == SUPPORTED) for claim in claims],
        "score": found.score,
        "outcomes": [claim.outcome for claim in claims],
        "feedback": found.feedback,
        "report": None if found.report is None else found.report.to_dict(),
    }
