"""What a server says instead of an answer -> an error of ours, in its words; and whether it may be over by and by."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crossjudge.client.patience import asked_wait_s
from crossjudge.client.server import Server
from crossjudge.client.steps import Answer, Break, Broken
from crossjudge.errors import (
    BusyError,
    CrossjudgeError,
    ForeignServerError,
    InputError,
    ItemError,
    KeyRefusedError,
    LimitError,
    NonFiniteLogitsError,
    ObjectiveError,
    ServerError,
    ServerTimeoutError,
    UnknownModelError,
    UnreachableError,
)

PASSING = (429, 503)
"""A server that is full, and one that is loading, stopping or coming back."""

_OURS = {"status", "type", "message", "request_id"}
"""What an error of `crossjudge serve` has, and nobody else's all of."""

_BY_VERSION = ("invalid_request", "unknown_route", "unknown_method")

_START_ONE = "Start one there (crossjudge serve), or correct the address."


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why there is no answer. `seen`: in a few words, for the log.

    `passes`: it may be over by and by; `wait_s`: the server says when. `by_version`: a server of another version would
    answer so.
    """

    error: CrossjudgeError
    seen: str = ""
    passes: bool = False
    wait_s: float | None = None
    by_version: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """An error in the server's words. `details`: what else it told."""

    type: str
    message: str
    request_id: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def index(self) -> int | None:
        """Of the input that it is about."""
        found = self.details.get("index")
        return found if type(found) is int else None


def trouble_with(outcome: Answer | Broken, *, server: Server, path: str) -> Trouble | None:
    """What is wrong with an outcome; None for an answer. `path`: of the route that was asked."""
    place = f"{server.address}{path}"
    if isinstance(outcome, Broken):
        return _unanswered(outcome, server, place)
    if outcome.status == 200:
        return None
    said = said_in(outcome.body)
    request: dict[str, Any] = {"address": str(server.address), "status": outcome.status}
    if outcome.status in PASSING:
        return _busy(outcome, said, place, request)
    if said is None:
        return Trouble(_foreign(outcome, server, place), by_version=True)
    return Trouble(refusal(said, place=place, **request), by_version=said.type in _BY_VERSION)


def refusal(said: Said, *, place: str, address: str, status: int | None = None) -> CrossjudgeError:
    """The error that the server's words mean. What is wrong with the data is said as in Python, and no more."""
    told: dict[str, Any] = {"address": address, "status": status, "request_id": said.request_id}
    match said.type:
        case "invalid_input":
            return InputError(said.message) if said.index is None else ItemError(said.message, index=said.index)
        case "invalid_request":
            return InputError(said.message)
        case "not_scorable" if said.index is not None:
            return NonFiniteLogitsError(said.message, index=said.index)
        case "unknown_model":
            return UnknownModelError(said.message)
        case "wrong_model":
            return ObjectiveError(said.message)
        case "missing_key" | "wrong_key":
            return KeyRefusedError(
                f"Asking {place}: the server refused to answer (401 {said.type}: {said.message}) State one as api_key "
                "(--api-key), or in the variable CROSSJUDGE_API_KEY.",
                **told,
            )
        case "too_large":
            return _over_limit(said, place, told)
        case "deadline_exceeded" | "too_slow":
            return ServerTimeoutError(
                f"Asking {place}: the server ran out of time ({said.type}: {said.message}) Allow more (timeout_s), ask "
                "for less at once, or ask when it is less busy.",
                **told,
            )
    if said.type in ("unknown_route", "unknown_method"):
        return ForeignServerError(
            f"Asking {place}: the server has no such route ({said.message}) Ask one that has, or correct the address.",
            **told,
        )
    about = f", request {said.request_id}" if said.request_id else ""
    return ServerError(f"Asking {place}: the server failed ({said.type}{about}): {said.message}", **told)


def said_in(body: bytes) -> Said | None:
    """The error that an answer's body holds; None where it is not in the shape of ours."""
    try:
        told = json.loads(body)
    except ValueError:
        return None
    error = told.get("error") if isinstance(told, dict) else None
    if not isinstance(error, dict) or not error.keys() >= _OURS:
        return None
    details = {name: value for name, value in error.items() if name not in _OURS}
    return Said(
        type=str(error["type"]), message=str(error["message"]), request_id=str(error["request_id"]), details=details
    )


def _busy(outcome: Answer, said: Said | None, place: str, request: dict[str, Any]) -> Trouble:
    seen = f"{outcome.status} {said.type}" if said else str(outcome.status)
    words = f": {said.message}" if said else ", and not in the words of a crossjudge server"
    error = BusyError(
        f"Asking {place}: the server cannot answer now ({seen}{words}). Ask again later, or allow more time.",
        request_id=said.request_id if said else None,
        **request,
    )
    wait_s = asked_wait_s(outcome.headers.get("retry-after"), outcome.headers.get("date"))
    return Trouble(error, f"{place} cannot answer now ({seen}).", passes=True, wait_s=wait_s)


def _over_limit(said: Said, place: str, told: dict[str, Any]) -> LimitError:
    numbers = {name: said.details.get(name) for name in ("allowed", "seen")}
    return LimitError(
        f"Asking {place}: over a limit of the server (413 {said.details.get('limit')}: {said.message}) Where that is a "
        "single input, shorten it; or raise the limit where the server runs: crossjudge serve --limit NAME=NUMBER.",
        limit=said.details.get("limit"),
        **numbers,
        **told,
    )


def _unanswered(broken: Broken, server: Server, place: str) -> Trouble:
    seen = f"Asking {place}: {broken.kind.value} ({broken.words})"
    told: dict[str, Any] = {"address": str(server.address)}
    match broken.kind:
        case Break.UNREACHABLE:
            error = UnreachableError(f"{seen}; expected a crossjudge server. {_START_ONE}", **told)
            return Trouble(error, f"{place}: {broken.kind.value} ({broken.words}).", passes=server.was_reached)
        case Break.BROKEN:
            error = UnreachableError(f"{seen} before there was an answer. See whether the server still runs.", **told)
            return Trouble(error, f"{place}: {broken.kind.value} ({broken.words}).", passes=True)
        case Break.UNTRUSTED:
            advice = "Name the certificate that signed it in the variable SSL_CERT_FILE, or as ssl_context"
            return Trouble(UnreachableError(f"{seen}; expected one that this machine trusts. {advice}.", **told))
        case Break.FOREIGN:
            other = "http" if server.address.is_encrypted else "https"
            advice = f"Correct the address; it may be that the server is asked by {other}://"
            return Trouble(ForeignServerError(f"{seen}; expected a crossjudge server. {advice}.", **told))
    return Trouble(
        ServerTimeoutError(f"{seen}. Allow more (timeout_s), or see whether the server still answers /readyz.", **told)
    )


def _foreign(answer: Answer, server: Server, place: str) -> ForeignServerError:
    kind = answer.headers.get("content-type", "no type").partition(";")[0]
    moved = f" to {answer.headers['location']}" if "location" in answer.headers else ""
    return ForeignServerError(
        f"Asking {place}: got status {answer.status}{moved}, {kind}; expected an answer of a crossjudge server. "
        "Something else listens there, or stands before it. Correct the address.",
        address=str(server.address),
        status=answer.status,
    )
