"""Who computes when: requests of all clients share batches, and several models share the memory."""

from __future__ import annotations

from crossjudge.serving.scheduling.engines import Engine
from crossjudge.serving.scheduling.errors import (
    Cancelled,
    DeadlineExceeded,
    Draining,
    NotServed,
    Overloaded,
    WorkerDied,
)
from crossjudge.serving.scheduling.model_pool import ModelPool
from crossjudge.serving.scheduling.observing import SchedulerObserver
from crossjudge.serving.scheduling.scheduler import Scheduler
from crossjudge.serving.scheduling.tickets import Ticket, current_ticket, ticket_scope

__all__ = [
    "Cancelled", "DeadlineExceeded", "Draining", "Engine", "ModelPool", "NotServed", "Overloaded", "Scheduler",
    "SchedulerObserver", "Ticket", "WorkerDied", "current_ticket", "ticket_scope",
]  # fmt: skip
