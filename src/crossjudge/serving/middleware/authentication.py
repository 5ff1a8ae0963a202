"""`Authentication`: once there are keys, every route but `/livez` needs one, before the body is read."""

from __future__ import annotations

from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from crossjudge.serving.context import ServerState
from crossjudge.serving.error_answers import error_response, refuse_unread
from crossjudge.serving.faults import Fault
from crossjudge.serving.keys import ApiKeys

OPEN_PATHS = frozenset({"/livez"})

_MISSING = Fault(
    status=401,
    type="missing_key",
    message="The request carries no key. Send the header `Authorization: Bearer KEY`.",
    headers={"WWW-Authenticate": "Bearer"},
)
_WRONG = Fault(
    status=401,
    type="wrong_key",
    message="The request's key is none of this server's. Send another.",
    headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
)


Door = Callable[[Scope, Response], Response]
"""A refusal -> how it is told: as it is, or to a browser as a form that asks for a key."""


class Authentication:
    """Denies by default: a path is open only if it stands in `OPEN_PATHS`, letter by letter.

    `door`: tells refusals; None for all as they are.
    """

    def __init__(self, app: ASGIApp, state: ServerState, keys: ApiKeys, door: Door | None = None) -> None:
        self.app, self.state, self.keys, self.door = app, state, keys, door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI. What is neither HTTP nor the server's own start and end has no way in."""
        if scope["type"] == "http" and (fault := self._fault(scope)):
            refusal = error_response(scope, self.state, fault)
            await refuse_unread(scope, receive, send, self.door(scope, refusal) if self.door else refusal)
        elif scope["type"] in ("http", "lifespan"):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})

    def _fault(self, scope: Scope) -> Fault | None:
        """Why the request goes no further; notes whose it is."""
        if scope["path"] in OPEN_PATHS or not self.keys.are_set:
            return None
        scheme, _, key = Headers(scope=scope).get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            return _MISSING
        name = self.keys.name_of(key.strip())
        if name is None:
            return _WRONG
        scope["state"]["key"] = name
        return None
