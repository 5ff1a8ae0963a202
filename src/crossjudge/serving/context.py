"""`ServerState`: what every route of one server shares, and the one way in which a route does blocking work."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, Protocol, TypeVar, cast

from starlette.requests import Request

from crossjudge.serving.faults import Fault, Refused, retry_later
from crossjudge.serving.limits import Limits
from crossjudge.serving.loading import Loading
from crossjudge.serving.metering import Meter, MeteredJudge
from crossjudge.serving.metrics import Metrics
from crossjudge.serving.scheduling import ModelPool, Scheduler, Ticket, ticket_scope

P = ParamSpec("P")
T = TypeVar("T")

PROBE_TIMEOUT_S = 5.0
"""A forward pass that takes longer, its wait in the queue included, is no sign of readiness."""


class ErrorBody(Protocol):
    """A dialect's shape of an error: `fault` and the request's id -> the JSON body."""

    def __call__(self, fault: Fault, request_id: str) -> dict[str, Any]:
        """The body; status and headers are the fault's."""
        ...


class ServerState:
    """One server's models, limits, counters and threads; `state_of(request)` finds it.

    A route reads its request, and calls `await state.run(request, work, ...)`, where `work` is an ordinary blocking
    function of ours, which gets its judges from `state.judge`.
    """

    def __init__(self, scheduler: Scheduler, pool: ModelPool, *, limits: Limits, metrics: Metrics) -> None:
        self.scheduler, self.pool, self.limits, self.metrics = scheduler, pool, limits, metrics
        self.loading = Loading(pool)
        self.draining = False
        self._drained_by_s = math.inf
        self.error_bodies: dict[str, ErrorBody] = {}
        self._threads = ThreadPoolExecutor(limits.concurrent_requests, thread_name_prefix="request")
        self._tickets: set[Ticket] = set()

    @property
    def in_flight(self) -> int:
        """Requests that are being worked on."""
        return len(self._tickets)

    async def run(self, request: Request, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `work` returns, done in a request thread under a ticket; errors are those that it raises.

        Raises `Refused` at once where all threads are taken (429), while the model is being loaded, or while the
        server is stopping (503). A client that goes away takes its work out of the queue.
        """
        with contextlib.closing(await self.admitted(request)) as admitted:
            return await admitted.run(work, *args, **kwargs)

    async def admitted(self, request: Request, *, timeout_s: float | None = None, watch: bool = True) -> Admission:
        """A place among the requests that are being worked on; close it when the request has ended.

        `watch`: cancel the work if the client goes away; False for a route that still reads the body and sees that.
        Raises `Overloaded` for a request that would wait too long for its time, before anything is done for it.
        """
        if self.draining:
            raise Refused(retry_later(503, "draining", "The server is stopping. Ask another, or try again."))
        await self._until_loaded()
        ticket = self._ticket(request, timeout_s)
        if self.in_flight >= self.limits.concurrent_requests:
            one_ends_s = self.scheduler.wait_s / self.in_flight
            raise Refused(
                retry_later(429, "overloaded", "The server works on as many requests as it may. Try again.", one_ends_s)
            )
        self.scheduler.check_room(ticket)
        return Admission(self, request, ticket, watch=watch)

    def judge(self, request: Request, model: str | None = None, objective: str = "nli") -> MeteredJudge:
        """The judge of a model of this server, whose reading counts as this request's. Blocking: for use in `work`.

        Raises `UnknownModelError`.
        """
        return MeteredJudge(self.pool.judge(model, objective), meter_of(request), self.limits)

    def begin_drain(self) -> None:
        """Take nothing new from now on; what was accepted has `drain_s` to end. A second call gives no more time."""
        self.draining = True
        self._drained_by_s = min(self._drained_by_s, time.monotonic() + self.limits.drain_s)

    def drained(self) -> bool:
        """Whether all that was accepted has ended, waited for in what is left of `drain_s`. Blocking."""
        return self.scheduler.drain(max(0.0, self._drained_by_s - time.monotonic()))

    def cancel_all(self) -> None:
        """Give up on everything that is being worked on."""
        for ticket in list(self._tickets):
            ticket.cancelled.set()

    def close(self) -> None:
        """Stop the scheduler and let the threads go, without waiting for them."""
        self.cancel_all()
        self.scheduler.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def start(self) -> None:
        """Start the scheduler and begin to load the default model; again is fine."""
        self.scheduler.start()
        self.loading.start()

    async def ready(self) -> bool:
        """Whether requests are answered now: a real forward pass has just worked."""
        self.start()
        return not self.draining and self.loading.is_loaded and await self.loading.probe(PROBE_TIMEOUT_S)

    async def _until_loaded(self) -> None:
        self.start()
        if not await self.loading.wait(self.limits.loading_wait_s):
            raise Refused(retry_later(503, "loading", "The model is still being loaded. Try again."))

    def _ticket(self, request: Request, timeout_s: float | None) -> Ticket:
        allowed = asked_timeout(request, self.limits.timeout_s) if timeout_s is None else timeout_s
        scope = request.scope.get("state", {})
        return Ticket(
            key=scope.get("key", "anonymous"),
            deadline=time.monotonic() + allowed,
            request_id=scope.get("request_id", ""),
        )


class Admission:
    """A request that is being worked on: its ticket, and a thread when it needs one."""

    def __init__(self, state: ServerState, request: Request, ticket: Ticket, *, watch: bool) -> None:
        self.state, self.request, self.ticket = state, request, ticket
        state._tickets.add(ticket)
        self._work: asyncio.Future[Any] | None = None
        self._watch = asyncio.ensure_future(self._cancel_on_disconnect()) if watch else None

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """See `ServerState.run`."""

        def under_ticket() -> T:
            with ticket_scope(self.ticket):
                return work(*args, **kwargs)

        self._work = asyncio.get_running_loop().run_in_executor(self.state._threads, under_ticket)
        return cast(T, await asyncio.shield(self._work))

    def close(self) -> None:
        """The request has ended; its place is free once its thread is."""
        if self._watch is not None:
            self._watch.cancel()
        if self._work is None or self._work.done():
            self._release()
        else:
            self.ticket.cancelled.set()
            self._work.add_done_callback(self._ended)

    def _ended(self, work: asyncio.Future[Any]) -> None:
        """Nobody waits for this work any more, so its error is looked at here, and its place is free."""
        if not work.cancelled():
            work.exception()
        self._release()

    def _release(self) -> None:
        self.state._tickets.discard(self.ticket)

    async def _cancel_on_disconnect(self) -> None:
        while (await self.request.receive())["type"] != "http.disconnect":
            pass
        self.ticket.cancelled.set()


def state_of(request: Request) -> ServerState:
    """The server that a request came to."""
    return cast(ServerState, request.app.state.server)


def meter_of(request: Request) -> Meter:
    """What a request has read so far: `.tokens`, `.pairs`."""
    return cast(Meter, request.scope["state"].setdefault("meter", Meter()))


def request_id_of(request: Request) -> str:
    """The id that the answer, its errors and the log carry."""
    return str(request.scope["state"].get("request_id", ""))


def asked_timeout(request: Request, most_s: float) -> float:
    """Seconds the client gives us (`X-Request-Timeout`), at most `most_s`."""
    stated = request.headers.get("x-request-timeout")
    if stated is None:
        return most_s
    try:
        seconds = float(stated)
    except ValueError:
        seconds = math.nan
    if not seconds > 0:
        raise Refused(
            Fault(
                status=400, type="bad_header", message="X-Request-Timeout is no number of seconds above 0. State one."
            )
        )
    return min(seconds, most_s)
