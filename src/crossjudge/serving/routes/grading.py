"""`POST /v1/grade`: answers graded beside reference answers."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from crossjudge.apps.grading import Grader, GradeResult
from crossjudge.serving.metering import MeteredJudge
from crossjudge.serving.routes.answering import Answers, Asked, Texts, answer
from crossjudge.serving.strict_json import StrictRoute

router = APIRouter(route_class=StrictRoute)


class GradeRequest(Asked):
    """A `reference` answer, or a list of several that are right, and an `answer` or many `answers`."""

    ways = (("answer",), ("answers",))

    reference: str | Texts
    question: str | None = None
    answer: str | None = None
    answers: Texts | None = None


@router.post("/v1/grade", response_model=Answers[GradeResult])
async def grade(asked: GradeRequest, request: Request) -> Response:
    """Grade answers CORRECT, PARTIAL or INCORRECT, and say what is missing."""
    return await answer(request, asked, _grades, unnamed=Grader.unnamed_model)


def _grades(judge: MeteredJudge, asked: GradeRequest) -> Sequence[GradeResult]:
    answers = asked.answers if asked.answers is not None else [asked.answer or ""]
    references = 1 if isinstance(asked.reference, str) else len(asked.reference)
    judge.limits.at_most("pairs", len(answers) * references)
    return Grader(asked.reference, question=asked.question, model=judge).batch(answers)
