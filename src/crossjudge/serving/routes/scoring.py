"""`POST /v1/score-rubric`: responses to requests, scored on named criteria."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from crossjudge.apps.scoring import RubricResult, RubricScorer
from crossjudge.serving.metering import MeteredJudge
from crossjudge.serving.routes.answering import Answers, Asked, NamedTexts, answer
from crossjudge.serving.strict_json import StrictRoute

router = APIRouter(route_class=StrictRoute)


class Exchange(BaseModel):
    """What was asked for, and what came."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    request: str
    response: str


class ScoreRequest(Asked):
    """A `rubric` (name -> statement about the response), and `request` and `response`, or many `inputs` of them."""

    ways = (("request", "response"), ("inputs",))

    rubric: NamedTexts
    weights: dict[str, Annotated[float, Field(ge=0)]] | None = None
    request: str | None = None
    response: str | None = None
    inputs: Annotated[list[Exchange], Field(min_length=1)] | None = None


@router.post("/v1/score-rubric", response_model=Answers[RubricResult])
async def score_rubric(asked: ScoreRequest, request: Request) -> Response:
    """Score how far each response meets each criterion, 0 to 1, and say why."""
    return await answer(request, asked, _scores, unnamed=RubricScorer.unnamed_model)


def _scores(judge: MeteredJudge, asked: ScoreRequest) -> Sequence[RubricResult]:
    inputs = [(one.request, one.response) for one in asked.inputs or ()]
    inputs = inputs or [(asked.request or "", asked.response or "")]
    judge.limits.at_most("pairs", len(inputs) * len(asked.rubric))
    return RubricScorer(asked.rubric, weights=asked.weights, model=judge).batch(inputs)
