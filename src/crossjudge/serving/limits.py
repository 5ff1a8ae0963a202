"""`Limits`: how much one request, and all of them together, may ask of the server."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from crossjudge.errors import InputError
from crossjudge.serving.faults import Fault, Refused


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Sizes of one request, then what the server holds at once, then times in seconds.

    `body_bytes`: of a request, counted as it comes. `items`: inputs, labels, candidates or documents in one list.
    `text_chars`: characters of one text. `tokens`: of all texts of a request. `pairs`: pairs that a request asks the
    model for, as the product of its lists has it. `concurrent_requests`: requests worked on at once, each in a thread.
    `open_bodies_bytes`: all bodies that are being received. `queued_tokens`: tokens that wait for the model.
    `timeout_s`: from a request's last byte to its answer; a client may ask for less with `X-Request-Timeout`.
    `header_timeout_s`, `body_timeout_s`: for a client to send its headers and its body. `keep_alive_s`: how long a
    connection may stay without a request. `stream_timeout_s`: for a
    streamed answer to be checked. `loading_wait_s`: how long a request waits for the model to be loaded.
    `linger_s`: how long late comers are answered once the server is told to stop. `drain_s`: for accepted requests to
    end then.
    """

    body_bytes: int = 8 * 2**20
    items: int = 10_000
    text_chars: int = 400_000
    tokens: int = 1_000_000
    pairs: int = 20_000
    concurrent_requests: int = 128
    open_bodies_bytes: int = 256 * 2**20
    queued_tokens: int = 2_000_000
    timeout_s: float = 60.0
    header_timeout_s: float = 10.0
    body_timeout_s: float = 10.0
    keep_alive_s: float = 65.0
    stream_timeout_s: float = 600.0
    loading_wait_s: float = 5.0
    linger_s: float = 0.5
    drain_s: float = 30.0

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < float("inf"):
                raise InputError(f"Setting limits: {one.name} is {value!r}; expected a number above 0. State one.")

    def check(self, value: Any) -> None:
        """Refuse (413) parsed JSON that holds, anywhere in it, a list or a text that is too long."""
        if isinstance(value, str):
            self.at_most("text_chars", len(value))
        elif isinstance(value, (list, dict)):
            self.at_most("items", len(value))
            for one in value.values() if isinstance(value, dict) else value:
                self.check(one)

    def at_most(self, limit: str, seen: int) -> None:
        """Raise `Refused` (413) if `seen` is over the limit of that name."""
        allowed = getattr(self, limit)
        if seen > allowed:
            raise Refused(over(limit, seen=seen, allowed=allowed))


_UNITS = {
    "body_bytes": "bytes of body",
    "items": "items in a list",
    "text_chars": "characters in a text",
    "tokens": "tokens",
    "pairs": "pairs of texts to judge",
}


def over(limit: str, *, seen: int, allowed: int) -> Fault:
    """413, with which limit and by how much. `seen` may be the least it must be, where counting stopped."""
    return Fault(
        status=413,
        type="too_large",
        message=f"The request has {seen:,} {_UNITS[limit]}; at most {allowed:,} are allowed, {seen - allowed:,} fewer. "
        "Split it into several requests.",
        details={"limit": limit, "allowed": allowed, "seen": seen, "over_by": seen - allowed},
    )
