"""The one table from what went wrong to what the client is told: status, type, message."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from crossjudge import errors
from crossjudge.errors import CrossjudgeError
from crossjudge.serving.scheduling.errors import (
    Cancelled,
    DeadlineExceeded,
    Draining,
    NotServed,
    Overloaded,
    WorkerDied,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """An error as a client sees it. `type`: a word for programs. `details`: what else programs may want to know."""

    status: int
    type: str
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)

    def body(self, request_id: str) -> dict[str, Any]:
        """The error in the shape of the native routes."""
        told = {"status": self.status, "type": self.type, "message": self.message, "request_id": request_id}
        return {"error": told | dict(self.details)}


class Refused(CrossjudgeError):  # noqa: N818 - it says what was done, as HTTP's own words do
    """A request that is answered with `fault`."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


TABLE: tuple[tuple[type[Exception], int, str], ...] = (
    (errors.InputError, 422, "invalid_input"),
    (errors.NonFiniteLogitsError, 422, "not_scorable"),
    (errors.UnknownModelError, 404, "unknown_model"),
    (errors.ObjectiveError, 422, "wrong_model"),
    (errors.LabelError, 422, "wrong_model"),
    (errors.FingerprintError, 422, "wrong_model"),
    (errors.CheckpointError, 503, "model_unavailable"),
    (errors.MissingExtraError, 501, "not_installed"),
    (Overloaded, 429, "overloaded"),
    (DeadlineExceeded, 504, "deadline_exceeded"),
    (Cancelled, 499, "cancelled"),
    (Draining, 503, "draining"),
    (WorkerDied, 503, "worker_restarting"),
    (NotServed, 503, "not_served"),
)
"""Error -> status and type; the first line that fits holds. What is not in it is a fault of ours: 500."""

INTERNAL = Fault(
    status=500, type="internal", message="The server failed; the fault is not in the request. Report the request id."
)

_OURS_TO_KNOW = {"model_unavailable", "not_installed"}
"""Types whose message may hold paths of the server."""

_RETRY_AFTER_S = {"draining": 1, "worker_restarting": 1, "model_unavailable": 10, "loading": 1}


def fault_of(error: BaseException) -> Fault:
    """What a client is told of `error`."""
    if isinstance(error, Refused):
        return error.fault
    for kind, status, name in TABLE:
        if isinstance(error, kind):
            return _told(error, status, name)
    return INTERNAL


def retry_later(status: int, type: str, message: str, after_s: float | None = None) -> Fault:
    """A fault that passes, with `Retry-After` in whole seconds."""
    seconds = _RETRY_AFTER_S.get(type, 1) if after_s is None else after_s
    return Fault(status=status, type=type, message=message, headers={"Retry-After": str(max(1, math.ceil(seconds)))})


def _told(error: Exception, status: int, name: str) -> Fault:
    message = "This model cannot be used on this server." if name in _OURS_TO_KNOW else str(error)
    if status in (429, 503):
        return retry_later(status, name, message, getattr(error, "retry_after_s", None))
    fault = Fault(status=status, type=name, message=message)
    index = getattr(error, "index", None)
    return fault if index is None else replace(fault, details={"index": index})
