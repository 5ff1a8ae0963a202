"""`/livez`, `/readyz`, `/metrics`: what those who run the server ask."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from crossjudge.serving.context import state_of
from crossjudge.serving.faults import Refused, retry_later

router = APIRouter()


class Status(BaseModel):
    """`alive` or `ready`."""

    status: str


@router.get("/livez")
async def livez() -> Status:
    """Whether the process answers at all. Needs no key."""
    return Status(status="alive")


@router.get("/readyz", responses={503: {"description": "Loading, stopping, or the model does not answer."}})
async def readyz(request: Request) -> Status:
    """Whether requests are answered now: a real forward pass has just worked."""
    state = state_of(request)
    if state.draining:
        raise Refused(retry_later(503, "draining", "The server is stopping."))
    state.start()
    if not state.loading.is_loaded:
        raise Refused(retry_later(503, "loading", "The model is still being loaded, or cannot be. Try again."))
    if not await state.ready():
        raise Refused(retry_later(503, "not_ready", "The model does not answer. Try again."))
    return Status(status="ready")


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def metrics(request: Request) -> Response:
    """For Prometheus."""
    known = state_of(request).metrics
    return Response(known.exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")
