"""`POST /v1/tag`: which labels apply to texts."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter
from pydantic import model_validator
from starlette.requests import Request
from starlette.responses import Response

from crossjudge.apps.tagging import Tagger, TagResult
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


class TagRequest(Asked):
    """A `text` or many `texts`, and `labels`: names for the template, or name -> whole hypothesis."""

    text: str | None = None
    texts: Texts | None = None
    labels: Texts | NamedTexts
    descriptions: NamedTexts | None = None
    template: str = "This text is about {}."
    multi_label: bool = True
    threshold: Probability | dict[str, Probability] = 0.5

    @model_validator(mode="after")
    def _one_way(self) -> TagRequest:
        require_one_way(self, ("text",), ("texts",))
        return self


@router.post("/v1/tag", response_model=Answers[TagResult])
async def tag(asked: TagRequest, request: Request) -> Response:
    """Say which labels apply: each is asked as a statement that the text supports or does not."""
    return await answer(request, asked, _tags)


def _tags(judge: MeteredJudge, asked: TagRequest) -> Sequence[TagResult]:
    texts = asked.texts or [asked.text or ""]
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
