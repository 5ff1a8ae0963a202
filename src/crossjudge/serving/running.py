"""The server's process: connections that are watched, and an end that loses nothing it has accepted."""

from __future__ import annotations

import asyncio
import math
import signal
import socket
import time
from dataclasses import dataclass
from types import FrameType
from typing import Any
from weakref import WeakKeyDictionary

import uvicorn

from crossjudge.serving.context import ServerState


@dataclass(frozen=True, kw_only=True, slots=True)
class TLS:
    """Files for HTTPS, in PEM; None for plain HTTP."""

    certificate: str | None = None
    key: str | None = None


class Server(uvicorn.Server):
    """uvicorn, with three habits of its own.

    A connection that sends nothing, or headers that never end, is closed. Told to stop, it answers late comers for a
    moment (503, and the connection ends), so that nobody's request meets a closing connection. Then accepted requests
    are finished, for `drain_s` at most; idle connections are closed at once and delay nothing.
    """

    def __init__(self, config: uvicorn.Config, state: ServerState) -> None:
        super().__init__(config)
        self.state = state
        self._quiet_since: WeakKeyDictionary[Any, float] = WeakKeyDictionary()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop on a signal; a second interrupt stops at once."""
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True

    async def on_tick(self, counter: int) -> bool:
        """Called ten times a second."""
        if counter % 10 == 0:
            self._close_silent()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer late comers, finish what was accepted, end."""
        self.state.begin_drain()
        await asyncio.sleep(self.state.limits.linger_s)
        await super().shutdown(sockets)

    def _close_silent(self) -> None:
        """Close connections on which no request has come in whole for too long."""
        now, limits = time.monotonic(), self.state.limits
        for connection in list(self.server_state.connections):
            cycle: Any = getattr(connection, "cycle", None)
            if cycle is not None and not cycle.response_complete:
                self._quiet_since.pop(connection, None)
                continue
            since = self._quiet_since.setdefault(connection, now)
            allowed = limits.header_timeout_s + (0.0 if cycle is None else limits.keep_alive_s)
            if now - since > allowed and connection.transport is not None:
                connection.transport.close()


def serve(app: Any, listening: socket.socket, *, tls: TLS) -> bool:
    """Run `app` until a signal; whether every accepted request was finished."""
    state: ServerState = app.state.server
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=math.ceil(state.limits.keep_alive_s),
        timeout_graceful_shutdown=math.ceil(state.limits.drain_s),
        ssl_certfile=tls.certificate,
        ssl_keyfile=tls.key,
    )
    Server(config, state).run(sockets=[listening])
    return state.in_flight == 0
