"""A body that is read as it comes: lines of JSON on the event loop, and their pieces for a request thread."""

from __future__ import annotations

import asyncio
import queue
import time
from typing import Any

from starlette.requests import ClientDisconnect, Request

from crossjudge.serving.faults import Fault, Refused
from crossjudge.serving.limits import Limits
from crossjudge.serving.middleware.body_limits import check_content_length, too_slow
from crossjudge.serving.scheduling import Cancelled, DeadlineExceeded, Ticket
from crossjudge.serving.strict_json import parsed

LOOK_S = 0.25
"""How often a waiting thread looks whether anybody still wants the answer."""


class Lines:
    """The lines of a request's body, parsed, within its limits: `body_bytes` in all, `timeout_s` between two chunks."""

    def __init__(self, request: Request, limits: Limits) -> None:
        check_content_length(request.scope, limits.body_bytes)
        self._chunks = aiter(request.stream())
        self._limits = limits
        self._waiting = b""
        self._size = 0
        self._ended = False

    async def next(self) -> Any:
        """The next line's value, or None after the last; raises `Refused`, and `ClientDisconnect`."""
        while True:
            line, found, rest = self._waiting.partition(b"\n")
            if not found and not self._ended:
                self._waiting += await self._chunk()
                continue
            self._waiting = rest
            if line.strip():
                value = parsed(line)
                self._limits.check(value)
                return value
            if not found:
                return None

    async def _chunk(self) -> bytes:
        try:
            async with asyncio.timeout(self._limits.timeout_s):
                chunk = await anext(self._chunks, None)
        except TimeoutError as error:
            raise Refused(too_slow(self._limits.timeout_s)) from error
        if chunk is None:
            self._ended = True
            return b""
        self._size += len(chunk)
        self._limits.at_most("body_bytes", self._size)
        return chunk


class Pieces:
    """Pieces of a text, put in on the event loop and iterated over in the thread that works for `ticket`."""

    def __init__(self, ticket: Ticket) -> None:
        self._ticket = ticket
        self._queue: queue.SimpleQueue[str | BaseException | None] = queue.SimpleQueue()

    async def fed_by(self, lines: Lines) -> None:
        """Put in every line to come, which must be a string; what goes wrong is raised in the thread."""
        try:
            while (value := await lines.next()) is not None:
                self._queue.put(_piece(value))
            self._queue.put(None)
        except ClientDisconnect:
            self._ticket.cancelled.set()
        except Exception as error:
            self._queue.put(error)

    def __iter__(self) -> Pieces:
        return self

    def __next__(self) -> str:
        """The next piece, waited for; raises `Cancelled` and `DeadlineExceeded`."""
        while True:
            if self._ticket.cancelled.is_set():
                raise Cancelled("Checking a stream: its client has gone away.")
            if self._ticket.deadline is not None and time.monotonic() > self._ticket.deadline:
                raise DeadlineExceeded("Checking a stream: its time is over. Send longer answers in several streams.")
            try:
                piece = self._queue.get(timeout=LOOK_S)
            except queue.Empty:
                continue
            if isinstance(piece, BaseException):
                raise piece
            if piece is None:
                raise StopIteration
            return piece


def _piece(value: Any) -> str:
    if isinstance(value, str):
        return value
    message = f"A line after the first is {type(value).__name__}; expected a JSON string, a piece of the answer."
    raise Refused(Fault(status=422, type="invalid_request", message=message))
