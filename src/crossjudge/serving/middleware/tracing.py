"""`Tracing`: a span for each request, in the trace that its client has begun, by OpenTelemetry."""

from __future__ import annotations

from typing import Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crossjudge.extras import require


class Tracing:
    """Names the route and the status, and nothing of the texts.

    `provider`: where spans go; None for what the SDK's own settings say.

    Raises `MissingExtraError` where `opentelemetry-api` is not installed.
    """

    def __init__(self, app: ASGIApp, provider: Any = None) -> None:
        self.app = app
        self._propagate = require("opentelemetry.propagate", to="trace requests")
        self._trace = require("opentelemetry.trace", to="trace requests")
        self._tracer = self._trace.get_tracer("crossjudge.serving", tracer_provider=provider)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        parent = self._propagate.extract(dict(Headers(scope=scope)))
        kind = self._trace.SpanKind.SERVER
        with self._tracer.start_as_current_span(f"HTTP {scope['method']}", context=parent, kind=kind) as span:

            async def send_noted(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                await send(message)

            await self.app(scope, receive, send_noted)
            route = getattr(scope.get("route"), "path", "other")
            span.update_name(f"{scope['method']} {route}")
            span.set_attribute("http.route", route)
