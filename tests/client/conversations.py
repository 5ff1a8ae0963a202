"""Conversations without a server: what came of each step is made up, and the steps are looked at."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from crossjudge.client.addresses import read_address
from crossjudge.client.server import Server
from crossjudge.client.steps import Answer, Break, Broken, Exchange, Outcome, Pause, Request

REFUSED = Broken(Break.UNREACHABLE, "connection refused", 0.01)
HUNG_UP = Broken(Break.BROKEN, "connection reset by peer", 0.01)
LATE = Broken(Break.LATE, "it took too long", 60.0)


@dataclass
class Held:
    """What a conversation came to, and what was done on its way."""

    result: Any = None
    error: Exception | None = None
    requests: list[Request] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)


def server(**settings: Any) -> Server:
    return Server(read_address("http://judge.example:8080"), **settings)


def held(exchange: Exchange[Any], outcomes: Iterable[Outcome] | Callable[[Request], Outcome]) -> Held:
    """The conversation, each request of which has one of these outcomes, or what a function makes of it."""
    told, coming = Held(), iter(()) if callable(outcomes) else iter(outcomes)
    outcome: Outcome = None
    try:
        while True:
            step = exchange.send(outcome)
            if isinstance(step, Pause):
                told.pauses.append(step.seconds)
                outcome = None
            else:
                told.requests.append(step)
                outcome = outcomes(step) if callable(outcomes) else next(coming)
    except StopIteration as end:
        told.result = end.value
    except Exception as error:
        told.error = error
    return told


def answer(value: Any, status: int = 200, took_s: float = 0.01, **headers: str) -> Answer:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Answer(status, {"content-type": "application/json", **named}, body, took_s)


def refusal(status: int, type: str, message: str = "Words of the server.", **details: Any) -> Answer:
    """An error in the shape of ours."""
    headers, took_s = details.pop("headers", {}), details.pop("took_s", 0.01)
    error = {"status": status, "type": type, "message": message, "request_id": "r-1", **details}
    return answer({"error": error}, status, took_s, **headers)


def results(*found: Any, fingerprint: str = "one") -> Answer:
    return answer({"model": "embedded", "fingerprint": fingerprint, "usage": {}, "results": list(found)})
