"""`POST /v1/guard`: do texts keep a set of policies, to be allowed, blocked or looked at by a person?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from crossjudge.apps.guarding.guardrail import Guardrail, GuardrailResult
from crossjudge.serving.metering import MeteredJudge
from crossjudge.serving.routes.answering import (
    Answers,
    AskedOfTexts,
    NamedTexts,
    Probability,
    answer,
)
from crossjudge.serving.strict_json import StrictRoute

router = APIRouter(route_class=StrictRoute)


class GuardRequest(AskedOfTexts):
    """A `text` or many `texts`, and `policies`: name -> what a text that keeps it is like."""

    policies: NamedTexts
    thresholds: Probability | dict[str, Probability] | None = None
    recognizers: Literal["default"] | None = "default"


@router.post("/v1/guard", response_model=Answers[GuardrailResult])
async def guard(asked: GuardRequest, request: Request) -> Response:
    """Check texts against policies; any policy that is failed means BLOCK."""
    return await answer(request, asked, _guarded, unnamed=Guardrail.unnamed_model)


def _guarded(judge: MeteredJudge, asked: GuardRequest) -> Sequence[GuardrailResult]:
    texts = asked.each()
    judge.limits.at_most("pairs", len(texts) * len(asked.policies))
    guardrail = Guardrail(asked.policies, thresholds=asked.thresholds, recognizers=asked.recognizers, model=judge)
    return guardrail.batch(texts)
