"""`Observation`, the outermost layer: request ids, security headers, the log, metrics, and an answer to every error."""

from __future__ import annotations

import logging
import re
import time
import traceback
import uuid
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crossjudge.serving.context import ServerState
from crossjudge.serving.error_answers import error_response
from crossjudge.serving.faults import INTERNAL, fault_of

logger = logging.getLogger(__name__)

_GOOD_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
"""An id from outside goes into logs and headers as it is; any other is replaced."""

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
"""On every answer, unless its route says otherwise."""

CLIENT_GONE = 499


class Observation:
    """Sees every request begin and end. Nothing of a request's text goes into the log: not even an error's message."""

    def __init__(self, app: ASGIApp, state: ServerState) -> None:
        self.app, self.state = app, state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        known: dict[str, Any] = scope.setdefault("state", {})
        known["request_id"] = _request_id(Headers(scope=scope).get("x-request-id"))
        started, status = time.perf_counter(), CLIENT_GONE

        async def send_noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._add_headers(scope, MutableHeaders(raw=message["headers"]))
            await send(message)

        try:
            await self.app(scope, receive, send_noted)
        except Exception as error:
            self._log_fault(known, error)
            if status == CLIENT_GONE:
                await error_response(scope, self.state, fault_of(error))(scope, receive, send_noted)
        finally:
            self._note(scope, status, time.perf_counter() - started)

    def _add_headers(self, scope: Scope, headers: MutableHeaders) -> None:
        headers["X-Request-ID"] = scope["state"]["request_id"]
        for name, value in SECURITY_HEADERS.items():
            headers.setdefault(name, value)
        if scope["scheme"] == "https":
            headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        if self.state.draining:
            headers["Connection"] = "close"

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        known, route = scope["state"], getattr(scope.get("route"), "path", "other")
        if error_type := known.get("error_type"):
            self.state.metrics.errors.labels(error_type).inc()
        self.state.metrics.requests.labels(route, _method(scope), str(status)).inc()
        self.state.metrics.seconds.labels(route).observe(seconds)
        self.state.metrics.in_flight.set(self.state.in_flight)
        meter = known.get("meter")
        logger.info(
            "request",
            extra={
                "request_id": known["request_id"],
                "key": known.get("key"),
                "method": _method(scope),
                "route": route,
                "status": status,
                "seconds": round(seconds, 6),
                "error_type": error_type,
                **({} if meter is None else meter.to_dict()),
            },
        )

    def _log_fault(self, known: dict[str, Any], error: Exception) -> None:
        """A fault of ours: where it happened, and of which kind; its message may quote a text."""
        if fault_of(error) is not INTERNAL:
            return
        frames = [f"{one.filename}:{one.lineno} {one.name}" for one in traceback.extract_tb(error.__traceback__)]
        logger.error(
            "fault", extra={"request_id": known["request_id"], "error": type(error).__name__, "frames": frames[-12:]}
        )


def _request_id(stated: str | None) -> str:
    return stated if stated and _GOOD_ID.fullmatch(stated) else uuid.uuid4().hex


_METHODS = {"GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"}


def _method(scope: Scope) -> str:
    """Only known ones: a label of metrics must not be made up by clients."""
    return scope["method"] if scope["method"] in _METHODS else "other"
