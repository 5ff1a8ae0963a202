"""The uses of a client that blocks: each takes what the class of that name takes, and gives the same results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from crossjudge.apps.base import Progress
from crossjudge.apps.checking.checker import Answer, Source
from crossjudge.apps.checking.results import CheckReport, ClaimVerdict
from crossjudge.apps.deduplication.results import Cluster, DedupeReport
from crossjudge.apps.grading import GradeResult
from crossjudge.apps.guarding.guardrail import GuardrailResult
from crossjudge.apps.picking import AnswerResult
from crossjudge.apps.reranking import Ranked
from crossjudge.apps.scoring import RubricResult, Scoring
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
    from crossjudge.client.sockets import Sockets

U = TypeVar("U")


class _Remote(Generic[U]):
    """What is asked, and the connections that it is asked over."""

    def __init__(self, sockets: Sockets, use: U) -> None:
        self._sockets, self._use = sockets, use


class RemoteJudge(_Remote[Judging]):
    """`Judge` with a server's model."""

    @property
    def objective(self) -> Objective:
        """What the verdicts are about."""
        return self._use.objective

    def __call__(self, text_a: str, text_b: str) -> Verdict:
        """The verdict on one pair."""
        return self.batch([(text_a, text_b)])[0]

    def batch(self, pairs: Any, *, progress: Progress | None = None) -> list[Verdict]:
        """Verdicts in input order."""
        return self._sockets.run(self._use.batch(pairs, progress))


class RemoteTagger(_Remote[Tagging]):
    """`Tagger` with a server's model."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Their names, in order."""
        return self._use.labels

    def __call__(self, text: str, labels: Labels | None = None) -> TagResult:
        """The tags of one text; `labels` instead of the tagger's own."""
        return self.batch([text], None if labels is None else [labels])[0]

    def batch(
        self, texts: Sequence[str], labels: Sequence[Labels | None] | None = None, *, progress: Progress | None = None
    ) -> list[TagResult]:
        """One result for each text, in order. `labels`: a set for each text, None for the tagger's own."""
        return self._sockets.run(self._use.batch(texts, labels, progress))


class RemoteClaimChecker(_Remote[Checking]):
    """`ClaimChecker` with a server's model."""

    def __call__(self, source: Source, answer: Answer) -> CheckReport:
        """Check one answer. `answer`: a text, split into claims, or a list in which each item is a claim."""
        return self.batch([(source, answer)])[0]

    def batch(self, inputs: Iterable[tuple[Source, Answer]], *, progress: Progress | None = None) -> list[CheckReport]:
        """Reports in input order."""
        return self._sockets.run(self._use.batch(inputs, progress))

    def stream(self, source: Source, pieces: Iterable[str]) -> Iterator[ClaimVerdict]:
        """Verdicts on an answer that is still being written, each as soon as it is there.

        A piece is taken when the one before it has been sent, and verdicts are given in between. What was sent is not
        sent again: a connection that breaks on the way ends the stream with `UnreachableError`.
        """
        return self._sockets.converse(self._use.live(source), pieces)


class RemoteAnswerPicker(_Remote[Picking]):
    """`AnswerPicker` with a server's model."""

    def __call__(self, context: str, question: str, candidates: Sequence[str]) -> AnswerResult:
        """The ranking of one question's candidates."""
        return self.batch([(context, question, candidates)])[0]

    def batch(
        self, inputs: Iterable[tuple[str, str, Sequence[str]]], *, progress: Progress | None = None
    ) -> list[AnswerResult]:
        """One result for each (context, question, candidates), in order."""
        return self._sockets.run(self._use.batch(inputs, progress))


class RemoteRubricScorer(_Remote[RubricScoring], Scoring):
    """`RubricScorer` with a server's model."""

    @property
    def rubric(self) -> dict[str, str]:
        """Name -> criterion."""
        return self._use.rubric

    def __call__(self, request: str, response: str) -> RubricResult:
        """The scores of one response."""
        return self.batch([(request, response)])[0]

    def batch(self, inputs: Sequence[tuple[str, str]], *, progress: Progress | None = None) -> list[RubricResult]:
        """The scores of many (request, response), in input order."""
        return self._sockets.run(self._use.batch(inputs, progress))


class RemoteGuardrail(_Remote[Guarding]):
    """`Guardrail` with a server's model."""

    @property
    def policies(self) -> dict[str, str]:
        """Name -> statement."""
        return self._use.policies

    def __call__(self, text: str) -> GuardrailResult:
        """How one text stands to every policy."""
        return self.batch([text])[0]

    def batch(self, texts: Iterable[str], *, progress: Progress | None = None) -> list[GuardrailResult]:
        """The same for many, in their order."""
        return self._sockets.run(self._use.batch(texts, progress))


class RemoteGrader(_Remote[Grading]):
    """`Grader` with a server's model."""

    def __call__(self, answer: str) -> GradeResult:
        """The grade of one answer."""
        return self.batch([answer])[0]

    def batch(self, answers: Iterable[str], *, progress: Progress | None = None) -> list[GradeResult]:
        """The grades of many answers, in input order."""
        return self._sockets.run(self._use.batch(answers, progress))


class RemoteReranker(_Remote[Ranking]):
    """`Reranker` with a server's model."""

    def __call__(self, query: str, documents: Sequence[str], top_k: int | None = None) -> list[Ranked]:
        """The documents, best first, the first `top_k` of them; none for no documents."""
        return self.batch([(query, documents)], top_k)[0]

    def batch(
        self,
        inputs: Sequence[tuple[str, Sequence[str]]],
        top_k: int | None = None,
        *,
        progress: Progress | None = None,
    ) -> list[list[Ranked]]:
        """One ranking for each (query, documents), in order."""
        return self._sockets.run(self._use.batch(inputs, top_k, progress))


class RemoteDeduplicator(_Remote[Deduplicating]):
    """`Deduplicator` with a server's models; a list of texts is one request, which the server's limits bound."""

    def __call__(self, texts: Sequence[str]) -> list[Cluster]:
        """Every text in exactly one cluster, in the order of their first texts."""
        return self._sockets.run(self._use.clusters(texts))

    def batch(self, inputs: Sequence[Sequence[str]], *, progress: Progress | None = None) -> list[list[Cluster]]:
        """The clusters of several lists of texts, each by itself; `progress` hears of lists."""
        found = []
        for texts in inputs:
            found.append(self(texts))
            if progress is not None:
                progress(len(found), len(inputs))
        return found

    def report(
        self, texts: Sequence[str], *, similarity_threshold: float = SIMILARITY, progress: Progress | None = None
    ) -> DedupeReport:
        """The clusters, with an account of the pairs; `progress` hears of the end."""
        found = self._sockets.run(self._use.report(texts, similarity_threshold=similarity_threshold))
        if progress is not None:
            progress(1, 1)
        return found

    def compare(self, a: str, b: str) -> Verdict:
        """The verdict of the model's head for duplicates on two texts, the same in both orders."""
        return self._sockets.run(self._use.compare(a, b))
