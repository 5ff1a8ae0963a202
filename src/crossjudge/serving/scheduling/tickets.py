"""What the scheduler knows of the request that some work belongs to, carried along by the thread that serves it."""

from __future__ import annotations

import threading
import time
from contextvars import ContextVar, Token
from dataclasses import dataclass, field


@dataclass(eq=False)
class Ticket:
    """One request.

    `key`: whose tokens they are; keys share the machine fairly. `deadline`: by `time.monotonic()`, after which nobody
    wants the answer; None for never. `cancelled`: set it when the client has gone. `accepted_s`: when the request came,
    by `time.monotonic()`; a drain that begins later still lets its work in. `admitted`: set by the scheduler with the
    first work it takes; a request that has begun is not refused halfway.
    """

    key: str = ""
    deadline: float | None = None
    request_id: str = ""
    cancelled: threading.Event = field(default_factory=threading.Event)
    accepted_s: float = field(default_factory=time.monotonic)
    admitted: bool = False


_current: ContextVar[Ticket | None] = ContextVar("crossjudge_ticket", default=None)


def current_ticket() -> Ticket:
    """The ticket of the scope that this thread or task is in; a new one, without key or deadline, outside of any."""
    ticket = _current.get()
    return Ticket() if ticket is None else ticket


class ticket_scope:  # noqa: N801 - a context manager, which reads as a verb
    """`with ticket_scope(ticket):` what is asked of models in here belongs to that request."""

    def __init__(self, ticket: Ticket) -> None:
        self.ticket = ticket
        self._before: Token[Ticket | None] | None = None

    def __enter__(self) -> Ticket:
        self._before = _current.set(self.ticket)
        return self.ticket

    def __exit__(self, *_: object) -> None:
        assert self._before is not None
        _current.reset(self._before)
