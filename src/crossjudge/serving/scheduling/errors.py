"""Why a request gets no answer from the scheduler although nothing is wrong with it.

CrossjudgeError
└── NotServed                   any of these
    ├── Overloaded              the queue, or the memory for models, is full; carries when to ask again
    ├── DeadlineExceeded        its time ran out before it was computed
    ├── Cancelled               whoever asked has gone away
    ├── Draining                the server is shutting down and takes nothing new
    └── WorkerDied              the thread that computed it ended unexpectedly; another has taken its place
"""

from __future__ import annotations

from crossjudge.errors import CrossjudgeError


class NotServed(CrossjudgeError):  # noqa: N818
    """The request was not served, for a reason that is not in it."""


class Overloaded(NotServed):
    """There is no room for the request now. `retry_after_s`: seconds after which there should be."""

    def __init__(self, message: str, *, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class DeadlineExceeded(NotServed):
    """The request's deadline passed before it was computed."""


class Cancelled(NotServed):
    """The request was cancelled before it was computed."""


class Draining(NotServed):
    """The server is shutting down: what was accepted is finished, and nothing new is taken."""


class WorkerDied(NotServed):
    """The worker thread ended while it computed the request."""
