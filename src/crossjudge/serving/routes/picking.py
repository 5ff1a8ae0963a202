"""`POST /v1/answer`: which candidate answers a question, as the context has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from crossjudge.apps.picking import AnswerPicker, AnswerResult
from crossjudge.serving.metering import MeteredJudge
from crossjudge.serving.routes.answering import Answers, Asked, Texts, answer
from crossjudge.serving.strict_json import StrictRoute

router = APIRouter(route_class=StrictRoute)


class Question(BaseModel):
    """One question about one context, and its candidates."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    context: str
    question: str
    candidates: Texts


class AnswerRequest(Asked):
    """`context`, `question` and `candidates`, or many `inputs` of them."""

    ways = (("context", "question", "candidates"), ("inputs",))

    context: str | None = None
    question: str | None = None
    candidates: Texts | None = None
    inputs: Annotated[list[Question], Field(min_length=1)] | None = None
    template: str = "The answer is {}."


@router.post("/v1/answer", response_model=Answers[AnswerResult])
async def pick(asked: AnswerRequest, request: Request) -> Response:
    """Rank the candidates by how surely the context entails each as the answer; best first."""
    return await answer(request, asked, _picked, unnamed=AnswerPicker.unnamed_model)


def _picked(judge: MeteredJudge, asked: AnswerRequest) -> Sequence[AnswerResult]:
    inputs = [(one.context, one.question, one.candidates) for one in asked.inputs or ()]
    inputs = inputs or [(asked.context or "", asked.question or "", asked.candidates or [])]
    return AnswerPicker(template=asked.template, model=judge).batch(inputs)
