"""Answers graded beside references, asked of `POST /v1/grade`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from crossjudge.apps.base import Progress
from crossjudge.apps.grading import GradeResult, checked_answer, checked_references
from crossjudge.client.errands import Errand, windows
from crossjudge.client.parcels import batch
from crossjudge.client.server import Server
from crossjudge.client.steps import Exchange

_PAIRS_OF_A_REFERENCE = 4
"""Right, complete, and a key point or two."""


class Grading:
    """Asks as `Grader` does."""

    def __init__(
        self, server: Server, reference: str | Sequence[str], *, question: str | None = None, model: str | None = None
    ) -> None:
        references, question = checked_references(reference, question)
        self._server = server
        self._errand: Errand[str, GradeResult] = Errand(
            doing="Grading",
            path="/v1/grade",
            many="answers",
            settings={"model": model, "reference": references, "question": question},
            plain=checked_answer,
            pairs=lambda answer: _PAIRS_OF_A_REFERENCE * len(references) * windows(answer),
            result=GradeResult,
        )

    def batch(self, answers: Iterable[str], progress: Progress | None = None) -> Exchange[list[GradeResult]]:
        """The grade of each answer."""
        return batch(self._server, self._errand, answers, progress)
