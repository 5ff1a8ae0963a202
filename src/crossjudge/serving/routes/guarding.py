"""`POST /v1/guard`: do texts keep a set of policies, to be allowed, blocked or looked at by a person?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from fastapi import APIRouter
from pydantic import model_validator
from starlette.requests import Request
from starlette.responses import Response

from crossjudge.apps.guarding.guardrail import Guardrail, GuardrailResult
from crossjudge.serving.metering import MeteredJudge
from crossjudge.serving.routes.answering import (
    Answers,
    Asked,
    NamedTexts,
    Probability,
    Texts,
    answer,
    require_one_way,
)
from crossjudge.serving.strict_json import StrictRoute

router = APIRouter(route_class=StrictRoute)


class GuardRequest(Asked):
    """A `text` or many `texts`, and `policies`: name -> what a text that keeps it is like."""

    text: str | None = None
    texts: Texts | None = None
    policies: NamedTexts
    thresholds: Probability | dict[str, Probability] | None = None
    recognizers: Literal["default"] | None = "default"

    @model_validator(mode="after")
    def _one_way(self) -> GuardRequest:
        require_one_way(self, ("text",), ("texts",))
        return self


@router.post("/v1/guard", response_model=Answers[GuardrailResult])
async def guard(asked: GuardRequest, request: Request) -> Response:
    """Check texts against policies; any policy that is failed means BLOCK."""
    return await answer(request, asked, _guarded)


def _guarded(judge: MeteredJudge, asked: GuardRequest) -> Sequence[GuardrailResult]:
    texts = asked.texts or [asked.text or ""]
    judge.limits.at_most("pairs", len(texts) * len(asked.policies))
    guardrail = Guardrail(asked.policies, thresholds=asked.thresholds, recognizers=asked.recognizers, model=judge)
    return guardrail.batch(texts)
