"""`GET /`: the playground, and how a browser is refused that asks for it without a key."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, Response
from starlette.types import Scope

from crossjudge.serving.page.documents import documents

PATH = "/"

router = APIRouter()


@router.get(PATH, response_class=HTMLResponse)
async def playground() -> HTMLResponse:
    """A page to try every use by hand, in a browser."""
    return HTMLResponse(documents().page, headers=_headers())


def door(scope: Scope, refusal: Response) -> Response:
    """`refusal`, or for a browser that was to show the page: the same refusal as a form that asks for a key."""
    if (scope["method"], scope["path"]) != ("GET", PATH) or not _takes_html(scope):
        return refusal
    challenge = {"WWW-Authenticate": refusal.headers["WWW-Authenticate"]}
    return HTMLResponse(documents().door, refusal.status_code, _headers() | challenge)


def _takes_html(scope: Scope) -> bool:
    return "text/html" in Headers(scope=scope).get("accept", "")


def _headers() -> dict[str, str]:
    return {
        "Content-Security-Policy": documents().policy,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
