"""What the scheduler tells of itself, for metrics."""

from __future__ import annotations

from typing import Protocol


class SchedulerObserver(Protocol):
    """Is told what happens, quickly and from any thread; what it raises would end the worker, so it raises nothing."""

    def queued(self, tokens: int) -> None:
        """So many tokens are accepted and not answered yet."""
        ...

    def batch(self, pairs: int, tokens: int, seconds: float) -> None:
        """One forward pass over pairs of any number of requests took so long."""
        ...

    def expired(self, n: int) -> None:
        """So many requests were dropped since their deadline had passed or their client had gone."""
        ...

    def failed(self, kind: str) -> None:
        """A request failed: "pair" (the model could not read one of its pairs), or "worker" (the thread died)."""
        ...

    def waited(self, seconds: float) -> None:
        """A request's first pairs are computed now; it waited so long."""
        ...


class NobodyWatches:
    """An observer that forgets everything."""

    def queued(self, tokens: int) -> None:
        """See `SchedulerObserver`."""

    def batch(self, pairs: int, tokens: int, seconds: float) -> None:
        """See `SchedulerObserver`."""

    def expired(self, n: int) -> None:
        """See `SchedulerObserver`."""

    def failed(self, kind: str) -> None:
        """See `SchedulerObserver`."""

    def waited(self, seconds: float) -> None:
        """See `SchedulerObserver`."""
