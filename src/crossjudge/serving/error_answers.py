"""Errors as responses: every one JSON, in the shape of the route's dialect, with the request's id."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Message, Receive, Scope, Send

from crossjudge.serving.context import ServerState, state_of
from crossjudge.serving.faults import Fault

MOST_PROBLEMS = 20
"""Problems of one body that are listed."""

DISCARD_S = 2.0
"""How long the rest of a refused body is received, so that its sender reads the answer."""

_HTTP = {
    400: ("bad_request", "The request cannot be read. Correct it."),
    404: ("unknown_route", "There is no such route. GET /openapi.json lists them."),
    405: ("unknown_method", "The route does not take this method. The header Allow says which."),
}
"""What the framework itself refuses."""


def error_response(scope: Scope, state: ServerState, fault: Fault) -> Response:
    """`fault` in the shape of the dialect that the path belongs to."""
    known = scope.setdefault("state", {})
    known["error_type"] = fault.type
    shape = state.error_bodies.get(scope["path"], Fault.body)
    return JSONResponse(shape(fault, known.get("request_id", "")), fault.status, dict(fault.headers))


async def refuse_unread(scope: Scope, receive: Receive, send: Send, response: Response) -> None:
    """Send `response` at once, then throw away what still comes of the body.

    Were the connection closed on a client that is still sending, it would see a reset and not the answer.
    """
    headers = Headers(scope=scope)
    if "transfer-encoding" not in headers and headers.get("content-length", "0") == "0":
        await response(scope, receive, send)
        return

    async def send_unended(message: Message) -> None:
        await send({**message, "more_body": True} if message["type"] == "http.response.body" else message)

    await response(scope, receive, send_unended)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DISCARD_S):
            await _discarded(receive)
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _discarded(receive: Receive) -> None:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            return


def answer_errors(app: FastAPI) -> None:
    """Let the framework's own errors look like ours. What else is raised goes on to `Observation`."""
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(RequestValidationError, _answer_invalid)


def not_valid(problems: list[dict[str, Any]]) -> Fault:
    """422 for a body, query or header that is not what the route takes; `problems` as pydantic lists them."""
    told = [
        {"loc": [*map(str, one["loc"])], "message": one["msg"].removeprefix("Value error, ")}
        for one in problems[:MOST_PROBLEMS]
    ]
    first = f"{'.'.join(told[0]['loc'])}: {told[0]['message']}"
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return Fault(
        status=422,
        type="invalid_request",
        message=f"The request is not what the route takes: {first}{more}. Correct it.",
        details={"problems": told},
    )


async def _answer_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    name, message = _HTTP.get(error.status_code, ("refused", str(error.detail)))
    fault = Fault(status=error.status_code, type=name, message=message, headers=error.headers or {})
    return error_response(request.scope, state_of(request), fault)


async def _answer_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return error_response(request.scope, state_of(request), not_valid(list(error.errors())))
