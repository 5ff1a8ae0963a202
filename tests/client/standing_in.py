"""A real server of ours on loopback with the fake backend; and a stand-in that says what it is told to."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import uvicorn

from crossjudge import AsyncClient, Client
from crossjudge.serving import Limits, create_app
from crossjudge.serving.addresses import listening_socket
from crossjudge.serving.running import Server

Reply = tuple[int, dict[str, str], bytes]
HANG_UP = (0, {}, b"")
"""In place of an answer: the connection is closed."""


@contextmanager
def running(*, limits: Limits | None = None, tls: dict[str, str] | None = None, **settings: Any) -> Iterator[str]:
    """The address of a server of ours that is ready."""
    app = create_app(backend="fake", limits=limits or Limits(linger_s=0.01), **settings)
    listening = listening_socket("127.0.0.1", 0, has_keys=False)
    config = uvicorn.Config(
        app, http="h11", ws="none", log_config=None, access_log=False, server_header=False, **(tls or {})
    )
    server = Server(config, app.state.server)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


@dataclass
class StandIn:
    """What it was asked, and what it says: its replies in order, the last one over and over."""

    url: str
    replies: list[Reply]
    asked: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    connections: int = 0

    def bodies(self) -> list[Any]:
        return [json.loads(body) for _, _, body in self.asked]


@contextmanager
def stand_in(*replies: Reply | Callable[[Any], Reply]) -> Iterator[StandIn]:
    """A stand-in that gives these replies; a function is called with what was asked."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            told.connections += 1

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            told.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            reply: Any = told.replies.pop(0) if len(told.replies) > 1 else told.replies[0]
            status, headers, content = reply(json.loads(body or b"null")) if callable(reply) else reply
            if status == 0:
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # of clients that hang up, as some tests have them do
    told = StandIn(f"http://127.0.0.1:{server.server_port}", list(replies))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def as_json(value: Any, status: int = 200, **headers: str) -> Reply:
    return status, {"Content-Type": "application/json", **headers}, json.dumps(value).encode()


def refused(status: int, type: str, message: str = "Words of the server.", **details: Any) -> Reply:
    """An error in the shape of ours."""
    headers = details.pop("headers", {})
    error = {"status": status, "type": type, "message": message, "request_id": "r-1", **details}
    return as_json({"error": error}, status, **headers)


def by_client(url: str, do: Callable[[Any], Any], **settings: Any) -> Any:
    """What a client that blocks makes of `do`."""
    with Client(url, **settings) as client:
        return do(client)


def by_async_client(url: str, do: Callable[[Any], Any], **settings: Any) -> Any:
    """What a client that is awaited makes of it."""

    async def done() -> Any:
        async with AsyncClient(url, **settings) as client:
            return await do(client)

    return asyncio.run(done())


CLIENTS = [by_client, by_async_client]
