"""`StrictRoute`: a route whose JSON body is JSON: stated as such, well formed, finite, and within the limits."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.routing import APIRoute
from pydantic_core import from_json
from starlette.requests import Request
from starlette.responses import Response

from crossjudge.serving.context import state_of
from crossjudge.serving.faults import Fault, Refused

_ERROR = {
    "description": "An error: JSON, in the shape that the clients of this route read.",
    "content": {"application/json": {"schema": {"type": "object"}}},
}
ERRORS: dict[int | str, dict[str, Any]] = {"4XX": _ERROR, "5XX": _ERROR}
"""How the OpenAPI document describes errors; the framework's own words for 422 would be wrong."""


class StrictRoute(APIRoute):
    """Use it as `APIRouter(route_class=StrictRoute)`."""

    def __init__(self, *args: Any, responses: dict[int | str, dict[str, Any]] | None = None, **settings: Any) -> None:
        super().__init__(*args, responses=ERRORS | (responses or {}), **settings)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, behind the checks; a route without a JSON body has none."""
        handle = super().get_route_handler()
        if self.body_field is None:
            return handle

        async def checked(request: Request) -> Response:
            check_content_type(request)
            value = parsed(await request.body())
            state_of(request).limits.check(value)
            request._json = value  # what `await request.json()` will give: it is parsed once
            return await handle(request)

        return checked


def check_content_type(request: Request, *, wanted: str = "application/json") -> None:
    """Refuse (415) any other; also because a page from elsewhere may send a form or plain text without being asked."""
    stated = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if stated == wanted:
        return
    raise Refused(
        Fault(
            status=415,
            type="unsupported_media_type",
            message=f"The request's Content-Type is {stated[:60]!r}; expected {wanted!r}. State it.",
        )
    )


def parsed(body: bytes) -> Any:
    """JSON as the standard has it; `NaN`, `Infinity`, half surrogates and endless nesting are refused (400)."""
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise Refused(
            Fault(status=400, type="bad_json", message=f"The body is not JSON: {error}. Correct it.")
        ) from error
