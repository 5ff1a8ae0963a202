"""`POST /v1/judge`: verdicts on pairs of texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from crossjudge.serving.metering import MeteredJudge
from crossjudge.serving.routes.answering import Answers, Asked, Probability, answer
from crossjudge.serving.strict_json import StrictRoute
from crossjudge.types import Verdict

router = APIRouter(route_class=StrictRoute)

Pair = Annotated[list[str], Field(min_length=2, max_length=2)]


class JudgeRequest(Asked):
    """`text_a` and `text_b`, or many `pairs` of them."""

    ways = (("text_a", "text_b"), ("pairs",))

    text_a: str | None = None
    text_b: str | None = None
    pairs: Annotated[list[Pair], Field(min_length=1)] | None = None
    objective: Literal["nli", "similarity", "duplicate", "relevance"] = "nli"
    abstain_below: Probability | None = None


@router.post("/v1/judge", response_model=Answers[Verdict])
async def judge(asked: JudgeRequest, request: Request) -> Response:
    """Judge pairs: does text_a entail text_b, contradict it, or leave it open? Other objectives ask otherwise."""
    return await answer(request, asked, _verdicts, objective=asked.objective)


def _verdicts(judge: MeteredJudge, asked: JudgeRequest) -> Sequence[Verdict]:
    judge.abstain_below = asked.abstain_below
    return judge.batch(asked.pairs if asked.pairs is not None else [(asked.text_a, asked.text_b)])
