"""`Server`: where it is, who asks it, how long it is waited for, and what was learned of its limits."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from crossjudge.apps.base import seen
from crossjudge.client.addresses import Address
from crossjudge.client.patience import Patience
from crossjudge.client.steps import Request
from crossjudge.errors import InputError

BODY_BYTES = 2**20
"""Of one request's inputs, unless the server allows less: far below its own limit, so that others get their turn."""


GRACE_S = 2.0
"""A server that runs out of time is given this long to say so."""

_JSON, _LINES = "application/json", "application/x-ndjson"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """What is asked of a route. `streams`: the body goes on after these bytes, in lines."""

    path: str
    method: str = "POST"
    body: bytes = field(default=b"", repr=False)  # texts stay out of logs and tracebacks
    streams: bool = False


@dataclass(slots=True)
class Limits:
    """What one request may hold: what we choose, or less where the server has said so."""

    body_bytes: int = BODY_BYTES
    items: int = 10_000


@dataclass(slots=True)
class Server:
    """May be used by many threads: what it learns only ever gets smaller, or true.

    `timeout_s`: for one request, with everything that is tried and waited for. `retries`: how often it is tried again.
    `was_reached`: it has answered before, so that a connection that is refused means a restart, and no slip of the pen.
    """

    address: Address
    key: str | None = field(default=None, repr=False)
    timeout_s: float = 60.0
    retries: int = 8
    limits: Limits = field(default_factory=Limits)
    was_reached: bool = False

    def __post_init__(self) -> None:
        if not _is_number(self.timeout_s) or not 0 < self.timeout_s < math.inf:
            raise InputError(f"Making a client: timeout_s is {seen(self.timeout_s)}; expected seconds, above 0.")
        if not isinstance(self.retries, int) or isinstance(self.retries, bool) or self.retries < 0:
            raise InputError(f"Making a client: retries is {seen(self.retries)}; expected a whole number, 0 or more.")

    def patience(self) -> Patience:
        """For one request."""
        return Patience(self.timeout_s, self.retries)

    def request(self, ask: Ask, *, left_s: float) -> Request:
        """What is sent: with the key, and with the time that is left, so that nobody computes what comes too late."""
        kind = _LINES if ask.streams else _JSON
        headers = {
            "Host": self.address.host_header,
            "User-Agent": f"crossjudge/{own_version()}",
            "Accept": "text/event-stream" if ask.streams else _JSON,
            **({"Content-Type": kind} if ask.body else {}),
            **({} if ask.streams else {"X-Request-Timeout": f"{left_s:.3f}"}),
            **({} if self.key is None else {"Authorization": f"Bearer {self.key}"}),
        }
        return Request(
            method=ask.method,
            path=f"{self.address.prefix}{ask.path}",
            headers=tuple(headers.items()),
            body=ask.body,
            within_s=left_s + GRACE_S,
            streams=ask.streams,
        )


def own_version() -> str:
    """Of this package."""
    return str(import_module("crossjudge").__version__)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
