"""The uses of a client that is awaited: each takes what the class of that name takes, and gives the same results."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from crossjudge.apps.base import Progress
from crossjudge.apps.checking.checker import Answer, Source
from crossjudge.apps.checking.results import CheckReport, ClaimVerdict
from crossjudge.apps.deduplication.results import Cluster, DedupeReport
from crossjudge.apps.grading import GradeResult
from crossjudge.apps.guarding.guardrail import GuardrailResult
from crossjudge.apps.picking import AnswerResult
from crossjudge.apps.reranking import Ranked
from crossjudge.apps.scoring import RubricResult, best_place, with_each
from crossjudge.apps.tagging import Labels, TagResult
from crossjudge.client.uses.checking import Checking
from crossjudge.client.uses.deduplicating import SIMILARITY, Deduplicating
from crossjudge.client.uses.grading import Grading
from crossjudge.client.uses.guarding import Guarding
from crossjudge.client.uses.judging import Judging
from crossjudge.client.uses.picking import Picking
from crossjudge.client.uses.ranking import Ranking
from crossjudge.client.uses.scoring import RubricScoring
from crossjudge.client.uses.tagging import Tagging
from crossjudge.objectives.base import Objective
from crossjudge.types import Verdict

if TYPE_CHECKING:
    from crossjudge.client.streams import Streams

U = TypeVar("U")


class _Awaited(Generic[U]):
    """What is asked, and the connections that it is asked over."""

    def __init__(self, streams: Streams, use: U) -> None:
        self._streams, self._use = streams, use


class AsyncJudge(_Awaited[Judging]):
    """`Judge` with a server's model."""

    @property
    def objective(self) -> Objective:
        """What the verdicts are about."""
        return self._use.objective

    async def __call__(self, text_a: str, text_b: str) -> Verdict:
        """The verdict on one pair."""
        return (await self.batch([(text_a, text_b)]))[0]

    async def batch(self, pairs: Any, *, progress: Progress | None = None) -> list[Verdict]:
        """Verdicts in input order."""
        return await self._streams.run(self._use.batch(pairs, progress))


class AsyncTagger(_Awaited[Tagging]):
    """`Tagger` with a server's model."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Their names, in order."""
        return self._use.labels

    async def __call__(self, text: str, labels: Labels | None = None) -> TagResult:
        """The tags of one text; `labels` instead of the tagger's own."""
        return (await self.batch([text], None if labels is None else [labels]))[0]

    async def batch(
        self, texts: Sequence[str], labels: Sequence[Labels | None] | None = None, *, progress: Progress | None = None
    ) -> list[TagResult]:
        """One result for each text, in order. `labels`: a set for each text, None for the tagger's own."""
        return await self._streams.run(self._use.batch(texts, labels, progress))


class AsyncClaimChecker(_Awaited[Checking]):
    """`ClaimChecker` with a server's model."""

    async def __call__(self, source: Source, answer: Answer) -> CheckReport:
        """Check one answer. `answer`: a text, split into claims, or a list in which each item is a claim."""
        return (await self.batch([(source, answer)]))[0]

    async def batch(
        self, inputs: Iterable[tuple[Source, Answer]], *, progress: Progress | None = None
    ) -> list[CheckReport]:
        """Reports in input order."""
        return await self._streams.run(self._use.batch(inputs, progress))

    def stream(self, source: Source, pieces: Iterable[str] | AsyncIterable[str]) -> AsyncIterator[ClaimVerdict]:
        """Verdicts on an answer that is still being written, each as soon as it is there: `async for` gives them.

        What was sent is not sent again: a connection that breaks on the way ends the stream with `UnreachableError`.
        """
        return self._streams.converse(self._use.live(source), pieces)


class AsyncAnswerPicker(_Awaited[Picking]):
    """`AnswerPicker` with a server's model."""

    async def __call__(self, context: str, question: str, candidates: Sequence[str]) -> AnswerResult:
        """The ranking of one question's candidates."""
        return (await self.batch([(context, question, candidates)]))[0]

    async def batch(
        self, inputs: Iterable[tuple[str, str, Sequence[str]]], *, progress: Progress | None = None
    ) -> list[AnswerResult]:
        """One result for each (context, question, candidates), in order."""
        return await self._streams.run(self._use.batch(inputs, progress))


class AsyncRubricScorer(_Awaited[RubricScoring]):
    """`RubricScorer` with a server's model."""

    @property
    def rubric(self) -> dict[str, str]:
        """Name -> criterion."""
        return self._use.rubric

    async def __call__(self, request: str, response: str) -> RubricResult:
        """The scores of one response."""
        return (await self.batch([(request, response)]))[0]

    async def batch(self, inputs: Sequence[tuple[str, str]], *, progress: Progress | None = None) -> list[RubricResult]:
        """The scores of many (request, response), in input order."""
        return await self._streams.run(self._use.batch(inputs, progress))

    async def best_of(
        self, request: str, responses: Sequence[str], *, progress: Progress | None = None
    ) -> tuple[int, list[RubricResult]]:
        """The place of the response with the best overall score (of equal ones the first), and all results."""
        results = await self.batch(with_each(request, responses), progress=progress)
        return best_place(results), results


class AsyncGuardrail(_Awaited[Guarding]):
    """`Guardrail` with a server's model."""

    @property
    def policies(self) -> dict[str, str]:
        """Name -> statement."""
        return self._use.policies

    async def __call__(self, text: str) -> GuardrailResult:
        """How one text stands to every policy."""
        return (await self.batch([text]))[0]

    async def batch(self, texts: Iterable[str], *, progress: Progress | None = None) -> list[GuardrailResult]:
        """The same for many, in their order."""
        return await self._streams.run(self._use.batch(texts, progress))


class AsyncGrader(_Awaited[Grading]):
    """`Grader` with a server's model."""

    async def __call__(self, answer: str) -> GradeResult:
        """The grade of one answer."""
        return (await self.batch([answer]))[0]

    async def batch(self, answers: Iterable[str], *, progress: Progress | None = None) -> list[GradeResult]:
        """The grades of many answers, in input order."""
        return await self._streams.run(self._use.batch(answers, progress))


class AsyncReranker(_Awaited[Ranking]):
    """`Reranker` with a server's model."""

    async def __call__(self, query: str, documents: Sequence[str], top_k: int | None = None) -> list[Ranked]:
        """The documents, best first, the first `top_k` of them; none for no documents."""
        return (await self.batch([(query, documents)], top_k))[0]

    async def batch(
        self,
        inputs: Sequence[tuple[str, Sequence[str]]],
        top_k: int | None = None,
        *,
        progress: Progress | None = None,
    ) -> list[list[Ranked]]:
        """One ranking for each (query, documents), in order."""
        return await self._streams.run(self._use.batch(inputs, top_k, progress))


class AsyncDeduplicator(_Awaited[Deduplicating]):
    """`Deduplicator` with a server's models; a list of texts is one request, which the server's limits bound."""

    async def __call__(self, texts: Sequence[str]) -> list[Cluster]:
        """Every text in exactly one cluster, in the order of their first texts."""
        return await self._streams.run(self._use.clusters(texts))

    async def batch(self, inputs: Sequence[Sequence[str]], *, progress: Progress | None = None) -> list[list[Cluster]]:
        """The clusters of several lists of texts, each by itself; `progress` hears of lists."""
        found = []
        for texts in inputs:
            found.append(await self(texts))
            if progress is not None:
                progress(len(found), len(inputs))
        return found

    async def report(
        self, texts: Sequence[str], *, similarity_threshold: float = SIMILARITY, progress: Progress | None = None
    ) -> DedupeReport:
        """The clusters, with an account of the pairs; `progress` hears of the end."""
        found = await self._streams.run(self._use.report(texts, similarity_threshold=similarity_threshold))
        if progress is not None:
            progress(1, 1)
        return found

    async def compare(self, a: str, b: str) -> Verdict:
        """The verdict of the model's head for duplicates on two texts, the same in both orders."""
        return await self._streams.run(self._use.compare(a, b))
