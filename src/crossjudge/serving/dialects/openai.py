"""OpenAI's /v1/moderations, answered by our guardrails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from crossjudge.apps.guarding import Guardrail
from crossjudge.serving.context import request_id_of, state_of
from crossjudge.serving.dialects import error_bodies
from crossjudge.serving.dialects.model_names import served_name
from crossjudge.serving.dialects.moderation import UNBROKEN, Moderated, moderated, policies
from crossjudge.serving.strict_json import StrictRoute

router = APIRouter(tags=["OpenAI"], route_class=StrictRoute)

ERROR_BODIES = {"/v1/moderations": error_bodies.openai}


class TextPart(BaseModel):
    """A text in OpenAI's form for texts and pictures; pictures are refused."""

    type: Literal["text"]
    text: str


class ModerationRequest(BaseModel):
    """`input`: a text, several, or the parts of one."""

    input: str | Annotated[list[str], Field(min_length=1)] | Annotated[list[TextPart], Field(min_length=1)]
    model: str | None = None


class Moderation(BaseModel):
    """One text. Each mapping has every category of OpenAI's."""

    flagged: bool
    categories: dict[str, bool]
    category_scores: dict[str, float]
    category_applied_input_types: dict[str, list[Literal["text"]]]


class ModerationResponse(BaseModel):
    """A result for each text."""

    id: str
    model: str
    results: list[Moderation]


def texts_of(asked: ModerationRequest) -> list[str]:
    """The texts that each get a result; the parts of one input are one text."""
    if isinstance(asked.input, str):
        return [asked.input]
    parts = [one.text for one in asked.input if isinstance(one, TextPart)]
    return ["\n".join(parts)] if parts else [one for one in asked.input if isinstance(one, str)]


def response(results: Sequence[Moderated], *, model: str, request_id: str) -> ModerationResponse:
    """The answer, in the order of the texts."""
    return ModerationResponse(id=f"modr-{request_id}", model=model, results=[_moderation(one) for one in results])


def moderate(request: Request, texts: list[str], model: str | None) -> tuple[list[Moderated], str]:
    """Each text's categories, and the name of the model that judged. Blocking."""
    state = state_of(request)
    judge = state.judge(request, state.pool.chosen(served_name(model, state.pool.names()), Guardrail.unnamed_model))
    # A blank text breaks nothing, and a guardrail is never asked about one.
    said = [text for text in texts if text.strip()]
    answers = iter(Guardrail(policies(), model=judge, recognizers=None).batch(said))
    return [moderated(next(answers).checks) if text.strip() else UNBROKEN for text in texts], judge.model.name


@router.post("/v1/moderations")
async def post_moderations(request: Request, asked: ModerationRequest) -> ModerationResponse:
    """Which of OpenAI's categories each text falls under."""
    results, model = await state_of(request).run(request, moderate, request, texts_of(asked), asked.model)
    return response(results, model=model, request_id=request_id_of(request))


def _moderation(result: Moderated) -> Moderation:
    return Moderation(
        flagged=result.flagged,
        categories=result.applies,
        category_scores=result.scores,
        category_applied_input_types={category: ["text"] for category in result.applies},
    )
