"""`crossjudge serve` as a process of its own, on a free port."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

PATIENCE_S = 600
"""How long a server may take to be ready on a busy machine before it counts as hung; 2 seconds on an idle one."""


@dataclass
class Live:
    """A server that is ready."""

    process: subprocess.Popen
    port: int
    ready_s: float

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def is_healthy(self) -> bool:
        return httpx.get(f"{self.url}/readyz", timeout=30).status_code == 200

    def logged(self) -> list[dict]:
        """What it logged; call it once it has ended."""
        return [json.loads(line) for line in self.process.stderr.read().splitlines() if line.startswith("{")]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextmanager
def live(*arguments: str, environment: dict[str, str] | None = None, key: str | None = None) -> Iterator[Live]:
    """`key`: one that opens the server, if it needs one."""
    port, started = free_port(), time.monotonic()
    command = [sys.executable, "-m", "crossjudge", "serve", "--port", str(port), *arguments]
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, encoding="utf-8", env={**os.environ, **(environment or {})}
    )
    try:
        yield Live(process, port, _ready_after(process, port, started, key))
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stderr.close()


def _ready_after(process: subprocess.Popen, port: int, started: float, key: str | None) -> float:
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    while time.monotonic() - started < PATIENCE_S:
        assert process.poll() is None, process.stderr.read()
        try:
            if httpx.get(f"http://127.0.0.1:{port}/readyz", headers=headers, timeout=30).status_code == 200:
                return time.monotonic() - started
        except httpx.TransportError:
            pass
        time.sleep(0.02)
    raise AssertionError("the server did not become ready")


def request_of(body: bytes, *headers: str, path: str = "/v1/judge") -> bytes:
    """A request as it goes over the wire."""
    head = [f"POST {path} HTTP/1.1", "Host: here", "Content-Type: application/json", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def status_of(answer: bytes) -> int:
    """Of the first answer on the wire; 0 where there is none."""
    found = re.match(rb"HTTP/1.1 (\d{3})", answer)
    return int(found[1]) if found else 0
