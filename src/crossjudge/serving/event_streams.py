"""`EventResponse`: what a request thread yields, as server-sent events, each sent when it is there."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any, TypeAlias

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from crossjudge.serving.context import Admission, request_id_of
from crossjudge.serving.faults import fault_of
from crossjudge.serving.routes.answering import as_json

Event: TypeAlias = tuple[str, dict[str, Any]]
"""Its name and its data."""

HEARTBEAT_S = 15.0
"""A comment is sent after this long without an event, or proxies would take the connection for dead."""


class EventResponse(StreamingResponse):
    """`events` runs in the admitted request's thread; an error it raises becomes the event `error`, the last one.

    `feeding`: what runs beside it on the event loop, such as receiving the rest of the body.
    """

    def __init__(
        self,
        admission: Admission,
        events: Callable[[], Iterator[Event]],
        *,
        feeding: Coroutine[Any, Any, None] | None = None,
    ) -> None:
        super().__init__(self._sent(events), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
        self.admission, self.feeding = admission, feeding

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI. The request's place is free again whatever happens."""
        feeding = None if self.feeding is None else asyncio.ensure_future(self.feeding)
        try:
            # A route that reads its body as it comes sees by itself that the client went away.
            await (self.stream_response(send) if feeding else super().__call__(scope, receive, send))
        finally:
            if feeding is not None:
                feeding.cancel()
            self.admission.close()

    async def _sent(self, events: Callable[[], Iterator[Event]]) -> AsyncIterator[str]:
        loop, queue = asyncio.get_running_loop(), asyncio.Queue[Event | None]()

        def work() -> None:
            for event in events():
                loop.call_soon_threadsafe(queue.put_nowait, event)

        working = asyncio.ensure_future(self.admission.run(work))
        working.add_done_callback(lambda _: queue.put_nowait(None))
        while (event := await _next(queue)) is not None:
            yield _written(*event)
        if (error := working.exception()) is not None:
            yield self._error(error)

    def _error(self, error: BaseException) -> str:
        fault, request = fault_of(error), self.admission.request
        request.scope["state"]["error_type"] = fault.type
        return _written("error", fault.body(request_id_of(request)))


async def _next(queue: asyncio.Queue[Event | None]) -> Event | None:
    with contextlib.suppress(TimeoutError):
        return await asyncio.wait_for(queue.get(), HEARTBEAT_S)
    return "", {}


def _written(name: str, data: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {as_json(data)}\n\n" if name else ": waiting\n\n"
