"""`POST /v1/dedupe`: which of many texts say the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from crossjudge.apps.deduplication.deduplicator import Deduplicator
from crossjudge.apps.deduplication.results import DedupeReport
from crossjudge.models.boxed import EMBEDDED_NAME
from crossjudge.serving.context import state_of
from crossjudge.serving.metering import MeteredJudge, check_tokens
from crossjudge.serving.routes.answering import Answers, Asked, Probability, answer
from crossjudge.serving.strict_json import StrictRoute

router = APIRouter(route_class=StrictRoute)

OBJECTIVES = ("duplicate", "nli")
"""What a model is asked: its head for duplicates, or entailment both ways where it has none."""


class DedupeRequest(Asked):
    """`texts`: one list, within which those that say the same are found."""

    texts: Annotated[list[str], Field(min_length=2)]
    threshold: Probability = 0.5


@router.post("/v1/dedupe", response_model=Answers[DedupeReport])
async def dedupe(asked: DedupeRequest, request: Request) -> Response:
    """Gather texts that say the same into clusters, each with the text to keep."""
    first_stage = state_of(request).pool.bi_encoder

    def clusters(judge: MeteredJudge, asked: DedupeRequest) -> Sequence[DedupeReport]:
        near = first_stage(EMBEDDED_NAME)
        check_tokens(near.tokenizer, asked.texts, judge.limits)
        return [Deduplicator(threshold=asked.threshold, model=judge, first_stage_model=near).report(asked.texts)]

    return await answer(request, asked, clusters, objective=OBJECTIVES)
