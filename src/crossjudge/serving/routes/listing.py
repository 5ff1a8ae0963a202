"""`GET /v1/models`: what this server serves."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.requests import Request

from crossjudge.serving.context import state_of

router = APIRouter()


class ListedModel(BaseModel):
    """One model. `state`: a cold one is loaded when it is first asked for. The default answers where none is named
    and no use has its own.
    """

    id: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str = "crossjudge"
    state: Literal["loaded", "loading", "cold", "failed"]
    default: bool


class ListedModels(BaseModel):
    """As OpenAI's clients read it."""

    object: Literal["list"] = "list"
    data: list[ListedModel]


@router.get("/v1/models")
async def models(request: Request) -> ListedModels:
    """The models' names, the default one first."""
    pool = state_of(request).pool
    names = pool.names()
    return ListedModels(data=[ListedModel(id=name, state=pool.state(name), default=name == names[0]) for name in names])
