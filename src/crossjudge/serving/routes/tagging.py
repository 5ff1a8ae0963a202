"""`POST /v1/tag`: which labels apply to texts."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from crossjudge.apps.tagging import Tagger, TagResult
from crossjudge.serving.metering import MeteredJudge
from crossjudge.serving.routes.answering import (
    Answers,
    AskedOfTexts,
    NamedTexts,
    Probability,
    Texts,
    answer,
)
from crossjudge.serving.strict_json import StrictRoute

router = APIRouter(route_class=StrictRoute)


class TagRequest(AskedOfTexts):
    """A `text` or many `texts`, and `labels`: names for the template, or name -> whole hypothesis."""

    labels: Texts | NamedTexts
    descriptions: NamedTexts | None = None
    template: str = "This text is about {}."
    multi_label: bool = True
    threshold: Probability | dict[str, Probability] = 0.5


@router.post("/v1/tag", response_model=Answers[TagResult])
async def tag(asked: TagRequest, request: Request) -> Response:
    """Say which labels apply: each is asked as a statement that the text supports or does not."""
    return await answer(request, asked, _tags)


def _tags(judge: MeteredJudge, asked: TagRequest) -> Sequence[TagResult]:
    texts = asked.each()
    judge.limits.at_most("pairs", len(texts) * len(asked.labels))
    tagger = Tagger(
        asked.labels,
        template=asked.template,
        multi_label=asked.multi_label,
        threshold=asked.threshold,
        descriptions=asked.descriptions,
        model=judge,
    )
    return tagger.batch(texts)
