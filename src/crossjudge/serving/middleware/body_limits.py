"""`BodyLimits`: a body is received whole, within its bytes and its time, before anything reads it."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crossjudge.serving.context import ServerState
from crossjudge.serving.error_answers import error_response, refuse_unread
from crossjudge.serving.faults import Fault, Refused, retry_later
from crossjudge.serving.limits import over


class BodyLimits:
    """Refuses a body that is too large (413), comes too slowly (408), or when too many are coming at once (429).

    `streamed`: paths whose routes read their bodies themselves, as they come.
    """

    def __init__(self, app: ASGIApp, state: ServerState, streamed: Collection[str]) -> None:
        self.app, self.state, self.streamed = app, state, streamed
        self._open_bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http" or scope["path"] in self.streamed:
            await self.app(scope, receive, send)
            return
        try:
            body = await self._received(scope, receive)
        except Refused as refused:
            await refuse_unread(scope, receive, send, error_response(scope, self.state, refused.fault))
            return
        if body is not None:
            await self.app(scope, _replayed(body, receive), send)

    async def _received(self, scope: Scope, receive: Receive) -> bytes | None:
        """The body; None where the client went away."""
        check_content_length(scope, self.state.limits.body_bytes)
        chunks: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self.state.limits.body_timeout_s):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return None
                    chunk = message.get("body", b"")
                    size += len(chunk)
                    self._open_bytes += len(chunk)
                    self._check(size)
                    chunks.append(chunk)
                    if not message.get("more_body", False):
                        return b"".join(chunks)
        except TimeoutError as error:
            raise Refused(too_slow(self.state.limits.body_timeout_s)) from error
        finally:
            self._open_bytes -= size

    def _check(self, size: int) -> None:
        self.state.limits.at_most("body_bytes", size)
        if self._open_bytes > self.state.limits.open_bodies_bytes:
            raise Refused(retry_later(429, "overloaded", "Too many bodies are being received. Try again."))


def check_content_length(scope: Scope, most: int) -> None:
    """Refuse (413) a body that says itself that it is too large; it need not be sent first."""
    stated = Headers(scope=scope).get("content-length", "")
    if stated.isascii() and stated.isdigit() and int(stated[:20]) > most:
        raise Refused(over("body_bytes", seen=int(stated[:20]), allowed=most))


def too_slow(seconds: float) -> Fault:
    """408 for a body that does not end, or a streamed one that pauses."""
    return Fault(
        status=408, type="too_slow", message=f"The body did not come within {seconds:g} seconds. Send it faster."
    )


def _replayed(body: bytes, receive: Receive) -> Receive:
    """`receive` that gives the whole body once, and then what else comes: that the client went away."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
